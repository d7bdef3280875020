"""Words lost, doubled and invented where transcribers lose, double and invent: earmark beside its peers.

    python -m benchmarks.nothing_lost [--model DIR] [--minutes 10] [--parts 30 …] [--seed N] [--without whisperX …]

Made of the example's sentences, whose every word is known: speech without any pause, so that it lies across every seam and every
window; silences of 30 to 120 s; music between and under what is said; every other sentence whispered (noise with the spectrum of
the voice); and two voices at once. The first row of each is the whole-file pass of bare faster-whisper, the others are
beside it: earmark with parts of its own choice, of five minutes, and with short ones, so that there are many seams; the table
says how many, and through how many of them speech goes because there was no pause to cut in. Lost and other words come from an
alignment by least edits; a word too many is doubled if an equal one is among the eight on either side, else invented. Where two
talk at once there is no order: words are counted there, whatever comes first, and who was left out is lost.

Of earmark also: seconds of the file that its `coverage` leaves out. Exits with 1 if there are any, if over all cases it loses,
doubles and invents more words than the whole-file pass, in parts of any length, or if a seam of the first case
has no words beside it.
"""

from __future__ import annotations

import sys
import tempfile
from bisect import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from benchmarks.hard_speech import Case, cases
from benchmarks.recordings import EXAMPLE_MODEL, SaidWord, write_wav
from benchmarks.table import Goal, Report, Row, arguments, show
from benchmarks.tools import BATCH, BEAM, Settings, Took, Tool, earmark, peers
from benchmarks.wording import compare, spoken
from jobs.engines.devices import usable_cores
from jobs.prepare import PrepareOptions, prepare

NEIGHBOURS = 8
CLOSE = 0.5
"""A word this near to a seam, in seconds, is beside it."""


@dataclass(frozen=True)
class Faults:
    """Words that are wrong in number."""

    lost: int
    doubled: int
    invented: int

    @property
    def all(self) -> int:
        """All of them."""
        return self.lost + self.doubled + self.invented


def faults(case: Case, heard: Sequence[str]) -> Faults:
    """Compare what was heard with what is said."""
    said, found = (spoken([SaidWord(text, 0.0, 0.0) for text in words]) for words in (case.words, heard))
    if case.at_once:
        missing, more = Counter(said) - Counter(found), Counter(found) - Counter(said)
        return Faults(missing.total(), 0, more.total())
    against = compare(said, found)
    doubled = sum(
        found[index] in (*found[max(0, index - NEIGHBOURS) : index], *found[index + 1 : index + 1 + NEIGHBOURS])
        for index in against.added
    )
    return Faults(len(against.missed), doubled, len(against.added) - doubled)


@dataclass(frozen=True)
class Seams:
    """The places where earmark cuts a case into parts."""

    count: int
    through_speech: int
    """Those for which no pause was near, so that a word can lie across them."""
    between_words: int | None
    """Those with a word close on either side; none where it is not known when words are said."""


def seams(case: Case, audio: Path, part_seconds: float) -> Seams:
    """Cut a case into parts as earmark does before it hears them."""
    with tempfile.TemporaryDirectory() as folder:
        parts = prepare(audio, Path(folder) / "decoded.wav", options=PrepareOptions(part_seconds=part_seconds)).parts[1:]
    close = sum(_between_words(case.times, part.start) for part in parts) if case.times else None
    return Seams(len(parts), sum(part.forced for part in parts), close)


def _between_words(words: Sequence[SaidWord], time: float) -> bool:
    following = bisect(words, time, key=attrgetter("start"))
    if not 0 < following < len(words):
        return False
    return time - words[following - 1].end <= CLOSE and words[following].start - time <= CLOSE


@dataclass(frozen=True)
class Outcome:
    """What one tool made of one case."""

    case: Case
    tool: str
    took: Took
    faults: Faults
    seams: Seams | None = None
    """Of earmark's parts."""

    def row(self) -> Row:
        """Return its line of the table."""
        told: Row = {"case": self.case.name, "tool": self.tool, "words said": len(self.case.words)}
        told |= {"lost": self.faults.lost, "doubled": self.faults.doubled, "invented": self.faults.invented}
        told |= {"unaccounted s": self.took.unaccounted}
        if self.seams is None:
            return told
        return told | {"seams": self.seams.count, "through speech": self.seams.through_speech}


def measure(case: Case, tools: Sequence[Tool], parts: Mapping[str, float], folder: Path) -> list[Outcome]:
    """Let every tool hear a case; `parts` says how long those of earmark are, by its name."""
    audio = write_wav(case.samples, folder / "case.wav")
    found = []
    for tool in tools:
        took = tool.hear(audio)
        cut = seams(case, audio, parts[tool.name]) if tool.name in parts else None
        found.append(Outcome(case, tool.name, took, faults(case, took.words), cut))
        print(f"{case.name}: {tool.name}: {found[-1].faults}", file=sys.stderr, flush=True)
    return found


def report(found: Sequence[Outcome], whole_file: str | None, left_out: Sequence[str], settings: dict[str, object]) -> Report:
    """Put the outcomes into a table, with the sums of each tool below; `whole_file` is the tool that others are held to."""
    ours = list(dict.fromkeys(one.tool for one in found if one.seams is not None))
    sums = {tool: _sum(tool, [one for one in found if one.tool == tool]) for tool in dict.fromkeys(one.tool for one in found)}
    unaccounted = sum(one.took.unaccounted or 0.0 for one in found if one.tool in ours)
    goals = [Goal("seconds of audio that earmark leaves out of its account", unaccounted, 0.0)]
    for tool in ours if whole_file else ():
        ratio = _faults(sums[tool]) / max(_faults(sums[str(whole_file)]), 1)
        goals.append(Goal(f"{tool}: words lost, doubled or invented, over the whole-file pass", ratio, 1.0))
    across = [one.seams for one in found if one.seams and one.seams.between_words is not None]
    if count := sum(cut.count for cut in across):
        share = sum(cut.between_words or 0 for cut in across) / count
        goals.append(
            Goal(f"seams in speech without pauses ({count}) with words close on both sides, share", share, 1.0, "", "least")
        )
    rows = [*(one.row() for one in found), *sums.values()]
    notes = ["Where two talk at once, a doubled word counts as invented."]
    return Report("Nothing lost", rows, goals, notes, settings, left_out=left_out)


def _sum(tool: str, outcomes: Sequence[Outcome]) -> Row:
    rows = [one.row() for one in outcomes]
    names = list(rows[0])[2:]
    known = {name: [float(row[name] or 0) for row in rows if row[name] is not None] for name in names}
    sums: Row = {
        name: (sum(values) if name == "unaccounted s" else round(sum(values))) if values else None
        for name, values in known.items()
    }
    return {"case": "all", "tool": tool} | sums


def _faults(row: Row) -> float:
    return sum(float(row[name] or 0) for name in ("lost", "doubled", "invented"))


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--model", type=Path, default=EXAMPLE_MODEL)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--parts", type=float, nargs="*", default=[30.0], help="further lengths of earmark's parts, seconds")
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--without", nargs="*", default=[], help="peers to leave out")
    given = parser.parse_args()
    settings = Settings(given.model.resolve(), given.threads)
    beside, left_out = peers(settings, given.without)
    ours = {None: PrepareOptions().part_seconds} | {seconds: seconds for seconds in given.parts}
    mine = {earmark(settings, asked): seconds for asked, seconds in ours.items()}
    tools = [*beside[:1], *mine, *beside[1:]]
    found: list[Outcome] = []
    with tempfile.TemporaryDirectory() as name:
        for case in cases(60 * given.minutes, given.seed):
            found += measure(case, tools, {tool.name: seconds for tool, seconds in mine.items()}, Path(name))
    asked = {"model": given.model.name, "minutes": given.minutes, "seed": given.seed, "batch": BATCH, "beam": BEAM}
    whole_file = beside[0].name if beside and beside[0].name.startswith("faster-whisper") else None
    return show(report(found, whole_file, left_out, asked), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
