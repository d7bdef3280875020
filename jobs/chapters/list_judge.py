"""Whether rows of times and titles are chapters, or a schedule, a transcript, results, verses, song lengths and the like.

Decisions (each refuses with its reason; a heading such as "Chapters" or the episode's length can outweigh some):

- **Where it begins.** Chapters begin near 0:00. A list that begins late must still begin early *in itself* (its first third);
  days, timetables, race results and verses do not. A list like 9:00, 9:30, 10:45 (all ending in 0 or 5) must begin in its
  first quarter.
- **How much is said.** People say two to three words a second. Where the text between two times is as long as what could be
  spoken there, the text is what was spoken: a transcript. A list of titles is far thinner. This needs no knowledge of
  languages.
- **Against the length.** If most times lie past the end, they are no places in this episode. If four or more all lie in its
  first tenth, they time something else (a recipe, a workout).
- **Times at line ends** are also lengths, results and verses, so such a list must begin at 0:00, or have a heading, or fit the
  length.
- **Order.** Chapters rise; lengths and scores do not.
- **Few rows.** Two rows must begin near 0:00 or have a heading; one row must have a heading.
- **Times of day** (`Uhr`, `pm`) on a third of the rows are times of day.

Where the evidence is even, refuse: a wrong index is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from jobs.chapters.list_repair import misplaced
from jobs.chapters.note_rows import Row
from jobs.chapters.note_text import NoteLine

SPOKEN_WORDS_PER_SECOND = 1.0
"""A text this dense between its times is a transcript; speech has 2 to 3, a title every few minutes far less."""

_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_WORDS_PER_IDEOGRAPH = 0.4
_MAX_MEDIAN_TITLE = 250


def refusal(rows: list[Row], lines: Sequence[NoteLine], *, headed: bool, duration: float | None) -> str:
    """Return why the rows (in the order of the text) are no list of chapters; an empty text if they are one."""
    first, last = min(row.start for row in rows), max(row.start for row in rows)
    return (
        _out_of_order(rows, headed=headed)
        or ("they are times of day" if sum(row.clock for row in rows) > len(rows) / 3 else "")
        or _too_few(rows, first, last, headed=headed)
        or _running_text(rows, lines)
        or _against_length(rows, last, headed=headed, duration=duration)
        or (_trailing if rows[0].form == "trail" else _late)(rows, first, last, headed=headed, duration=duration)
    )


def _out_of_order(rows: list[Row], *, headed: bool) -> str:
    few = max(1, len(rows) // 10)
    return "the times do not rise" if not headed and misplaced(rows) > few else ""


def _running_text(rows: list[Row], lines: Sequence[NoteLine]) -> str:
    if _is_spoken(rows, lines):
        return "the text between the times is as long as what is spoken: a transcript"
    if median(len(row.title) for row in rows) > _MAX_MEDIAN_TITLE:
        return "the times stand in running text"
    return ""


def _too_few(rows: list[Row], first: float, last: float, *, headed: bool) -> str:
    if len(rows) == 1:
        return "" if headed and rows[0].form != "trail" else "a single time"
    if first == last:
        return "the times are all the same"
    if len(rows) == 2 and first > 60 and not headed:
        return "only two times, not from the beginning"
    if len(rows) == 2 and rows[0].form == "alone" and not headed:
        return "only two times, on lines of their own"
    return ""


def _is_spoken(rows: list[Row], lines: Sequence[NoteLine]) -> bool:
    if len(rows) < 3:
        return False
    rates = []
    for row, following in pairwise(rows):
        gap = following.start - row.start
        if gap <= 0:
            continue
        if row.line == following.line:
            words = _words(row.title)
        else:
            words = sum(_words(line.text[:2_000]) for line in lines[row.line : min(following.line, row.line + 40)])
        rates.append(words / gap)
    return bool(rates) and median(rates) >= SPOKEN_WORDS_PER_SECOND


def _words(text: str) -> float:
    return text.count(" ") + 1 + (0 if text.isascii() else _WORDS_PER_IDEOGRAPH * len(_IDEOGRAPH.findall(text)))


def _against_length(rows: list[Row], last: float, *, headed: bool, duration: float | None) -> str:
    if duration is None:
        if all(row.start % 60 == 0 for row in rows) and rows[-1].time.end == 86_400:
            return "the ranges cover a day"
        return ""
    if headed:
        return ""
    if sum(row.start > duration for row in rows) > len(rows) / 2:
        return "most times lie past the end of the episode"
    if len(rows) >= 4 and last < duration / 10:
        return "all times lie in the first tenth of the episode"
    return ""


def _late(rows: list[Row], first: float, last: float, *, headed: bool, duration: float | None) -> str:
    """Judge a list with leading times by where it begins."""
    if first <= max(60, last / 20):
        return ""
    round_times = len(rows) >= 3 and all(row.time.parts == 2 and row.start % 5 == 0 for row in rows)
    fits = duration is not None and duration / 4 <= last <= duration
    if headed and (fits or not round_times):
        return ""
    if first <= last / (4 if round_times else 2 if fits else 3):
        return ""
    return "the times begin too late for chapters"


def _trailing(rows: list[Row], first: float, last: float, *, headed: bool, duration: float | None) -> str:
    """Judge a list whose times end the lines."""
    separated = sum(row.separated for row in rows) >= 0.8 * len(rows)
    if first <= 5:
        return "" if separated or len(rows) >= 3 else "two times at the ends of lines"
    if not separated:
        return "times at the ends of lines, not from the beginning"
    if headed and first <= last / 3 and last >= 600:
        return ""
    if duration is not None and len(rows) >= 3 and 0.4 * duration <= last <= duration and first <= last / 2:
        return ""
    return "times at the ends of lines, not from the beginning: lengths or results"
