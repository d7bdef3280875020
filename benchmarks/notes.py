"""Chapters read from show notes: precision and recall over the labelled ones, and the time that 100 kB take.

    python -m benchmarks.notes [--rounds 5]
    python -m benchmarks.notes --fuzz MINUTES [--keep FOLDER]      # random texts instead
    python -m benchmarks.notes --again FOLDER                      # those that were kept

The texts are prose, lists, and what is made to be slow. Exits with 1 if precision or recall is under its goal, or the median of
the slowest text over its own. Processor time of one thread, so that a busy machine counts less.
"""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from time import thread_time

from benchmarks.notes_fuzz import fuzz, read_again
from benchmarks.notes_labelled import measure_labelled
from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.chapters.show_notes import read_notes_text

GOAL = 50.0
"""Milliseconds for 100 kB."""

SIZE = 100_000
"""Characters that are read of each."""

HOSTILE = {
    "brackets": "<" * 100_000,
    "open comments": "<!-- " * 20_000,
    "unclosed tags": "<p " * 33_000,
    "nested": "<div><b>" * 12_000,
    "nested hidden": "<div hidden>" * 8_000,
    "quotes": '<a href="' * 11_000,
    "entities": "&#58;" * 20_000,
    "ampersands": "&" * 100_000,
    "digits": "1" * 100_000,
    "digits and colons": "1:" * 50_000,
    "times": "0:00 " * 20_000,
    "times in lines": "0:00 a\n" * 14_000,
    "rising times": "\n".join(f"{n // 60}:{n % 60:02d} a" for n in range(12_000)),
    "brackets of times": "(0:00) " * 14_000,
    "spaces": " " * 100_000,
    "spaces before a time": "0:00" + " " * 99_000 + "1:00",
    "dashes": "- " * 50_000 + "0:00 a",
    "stars": "*" * 50_000 + "0:00" + "*" * 50_000,
    "dots": "0:00 a" + "." * 100_000 + "…",
    "closers": "0:00 a" + ")" * 100_000,
    "openers": "(" * 100_000 + "0:00 a",
    "href spaces": "<a " + "href " * 20_000 + ">",
    "headings": "chapters " * 11_000 + "0:00 a",
    "numbers": "1 h " * 25_000,
    "words glued to times": "a0:00" * 20_000,
    "prose": "The quick brown fox jumps over the lazy dog at 10:30. " * 1_850,
    "list items": "<li><p>00:00:00 Introduction</p></li>" * 2_700,
    "wide digits": "０：００　あ\n" * 14_000,
    "emoji": "👩‍👩‍👧 0:00 👋\n" * 7_000,
    "times between long dashes": "—12:3475:1012:34—" * 6_000,
    "a chain of numbers": "00:00:" * 16_500 + "—",
    "units in a row": "1h02m03s" * 12_500,
    "primes": "12′30″—" * 14_000,
    "rising ranges in one line": " ".join(f"{n // 60}:{n % 60:02d}–{n // 60 + 1}:{n % 60:02d} a" for n in range(7_000)),
    "linked run-on rows and more links": "".join(
        f"• {n // 60}:{n % 60:02d} <a href='https://x.example/{n}'>T</a> " for n in range(480)
    )
    + "<a href='https://x.example/'>a</a> " * 2_300,
    "linked times": "<a href=x>0:00</a> a<br>" * 4_400,
    "table rows": "<table>" + "<tr><td>0:00</td><td>Title</td></tr>" * 2_700,
    "one table row": "<table><tr>" + "<td>0:00</td><td>Title</td>" * 3_700,
    "different references": "".join(f"&#{n};" for n in range(200, 14_000)),
    "references to tags": "&lt;p&gt;0:00 a&lt;/p&gt;" * 4_400,
    "preformatted": "<pre>0:00 a\n</pre>" * 5_500,
    "attributes that hide nothing": "".join(f"<b title='hidden {n}'>a" for n in range(4_200)),
    "deep links": "<a href=x><b><i>" * 5_500 + "0:00 a",
}


def measure(*, rounds: int) -> Report:
    """Read every text again and again."""
    rows: list[Row] = []
    for name, text in HOSTILE.items():
        cut = text[:SIZE]
        milliseconds = []
        for _ in range(rounds):
            begin = thread_time()
            source, _ = read_notes_text(cut, "file")
            milliseconds.append(1000 * (thread_time() - begin) * SIZE / len(cut))
        rows.append(
            {"text": name, "median ms": median(milliseconds), "fastest ms": min(milliseconds), "chapters": len(source.marks)}
        )
    slowest = max(float(row["median ms"] or 0) for row in rows)
    return Report("Show notes, per 100 kB", rows, [Goal("slowest text", slowest, GOAL, " ms")], (), {"rounds": rounds})


def main() -> int:
    """Print the tables."""
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fuzz", type=float, metavar="MINUTES", help="read random texts for so long")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the slowest random texts are written")
    parser.add_argument("--again", type=Path, metavar="FOLDER", help="read the texts that were kept there")
    given = parser.parse_args()
    if given.again:
        return show(read_again(given.again, goal=GOAL), as_json=given.json)
    if given.fuzz:
        return show(fuzz(given.fuzz, goal=GOAL, seed=given.seed, keep=given.keep), as_json=given.json)
    reports = (measure_labelled(), measure(rounds=given.rounds))
    return max(show(report, as_json=given.json) for report in reports)


if __name__ == "__main__":
    sys.exit(main())
