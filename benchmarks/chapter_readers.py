"""earmark's readers of chapters beside those of others, kind by kind, on published chapters whose truth is known.

    python -m benchmarks.chapter_readers [--notes 600] [--feeds 60] [--files 25] [--rounds 3] [--seed N] [--wrong 10]

Show notes: the labelled ones of `tests/data/notes`, and made ones (`benchmarks.made_notes`). Feeds: Simple Chapters and
`podcast:chapters` files, well written and with the quirks of live feeds. Files: every container. All but the labelled notes are
drawn from the seed. Seeds 1 to 8 were looked at: they showed a mistake of earmark's reader, since mended; to judge it, take
another.

Beside earmark, each in a virtual environment of its own (`benchmarks/peers.py`): yt-dlp's reader of descriptions, podcastparser,
feedparser, mutagen, and libavformat by PyAV. What one cannot read at all is a dash. A chapter is right if its start is off by a
second at most and its title has the same words; a list is whole if all of it is right and nothing else was read. Where the
length of an episode is not told, yt-dlp, which asks for one, is given six hours. podcastparser 0.6.11 knows `podcast:chapters` by
the namespace's old address alone, or undeclared. Time is that of one thread's processor for one text or file, the least of some
rounds. Exits with 1 if in any kind another has a larger share of whole lists, or a larger harmonic mean of precision and recall.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import thread_time

from benchmarks.chapter_cases import ChapterCase
from benchmarks.chapter_scores import Reading, Score, scored
from benchmarks.made_chapter_files import KINDS, made_files
from benchmarks.made_feeds import LINKED, LINKED_QUIRKS, PSC, PSC_QUIRKS, made_feeds
from benchmarks.made_notes import KIND as MADE
from benchmarks.made_notes import made_notes
from benchmarks.notes_labelled import SETS, labelled
from benchmarks.peers import FEEDPARSER, MUTAGEN, PODCASTPARSER, PYAV, YT_DLP, Peer, PeerMissing, installed
from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.chapters.embedded import read_embedded
from jobs.chapters.show_notes import read_show_notes
from jobs.fetch import Fetcher
from jobs.intake import read_chapter_links
from jobs.sources import read_feed_at
from storage.documents import ChapterSource, Note

LABELLED = "show notes, labelled"
OURS = "earmark"
LONGEST = 6 * 3600.0

_NOTES, _FEEDS = (LABELLED, MADE), (PSC, PSC_QUIRKS, LINKED, LINKED_QUIRKS)
_TAGS = tuple(kind for kind in KINDS if kind not in {"MP4, chapter track", "Matroska"})
PEERS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "yt-dlp": (YT_DLP, _NOTES),
    "podcastparser": (PODCASTPARSER, _FEEDS),
    "feedparser": (FEEDPARSER, _FEEDS),
    "mutagen": (MUTAGEN, _TAGS),
    "av": (PYAV, tuple(KINDS)),
}
"""What is installed for each, and the kinds that it can read at all."""


def labelled_notes() -> list[ChapterCase]:
    """Return the labelled show notes as cases."""
    names = [name for names in SETS.values() for name in names]
    return [
        ChapterCase(
            LABELLED,
            note["id"],
            tuple((float(row["start"]), row["title"]) for row in note["expected"]),
            note["html"],
            duration=note.get("duration"),
            field=note["field"],
        )
        for note in labelled(*names)
    ]


def by_earmark(cases: Sequence[ChapterCase], rounds: int) -> list[Reading]:
    """Read every case as the pipeline does."""
    fetcher = Fetcher()

    def read(case: ChapterCase) -> ChapterSource | None:
        if case.path is None:
            return read_show_notes([Note.model_validate({"field": case.field, "html": case.text})], duration=case.duration)[0][0]
        if case.path.suffix != ".xml":
            return read_embedded(case.path, duration=None)[0]
        (publication,) = read_feed_at(str(case.path), fetcher).publications
        found = [*read_chapter_links(publication.chapter_links, fetcher).sources, *publication.chapters]
        return found[0] if found else None

    if cases:
        read(cases[0])
    return [_timed(read, case, rounds) for case in cases]


def _timed(read: Callable[[ChapterCase], ChapterSource | None], case: ChapterCase, rounds: int) -> Reading:
    seconds, error = [], ""
    source: ChapterSource | None = None
    for _ in range(rounds):
        begin = thread_time()
        try:
            source = read(case)
        except Exception as raised:  # noqa: BLE001  a crash is counted, ours as anybody's
            error = f"{type(raised).__name__}: {raised}"
        seconds.append(thread_time() - begin)
    marks = source.marks if source is not None else ()
    return Reading(tuple((mark.start, mark.title) for mark in marks), min(seconds), error)


def by_peer(peer: Peer, name: str, cases: Sequence[ChapterCase], rounds: int) -> list[Reading]:
    """Let another program's reader read every case in its own Python; raises `RuntimeError` if it does not run."""
    asked = [{"text": case.text, "path": str(case.path or ""), "duration": case.duration or LONGEST} for case in cases]
    command = peer.command("chapter_readers_peer.py", name)
    given = json.dumps({"cases": asked, "rounds": rounds})
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{name} does not run in {peer.python}: {(done.stderr.strip() or 'no reason given').splitlines()[-1]}")
    return [
        Reading(tuple((start, title) for start, title in one["chapters"]), one["seconds"], one["error"])
        for one in json.loads(done.stdout)["outcomes"]
    ]


def scores(cases: Sequence[ChapterCase], rounds: int, without: Sequence[str]) -> tuple[dict[str, dict[str, Score]], list[str]]:
    """Return the score of every reader by kind of case, and why some readers are missing."""
    kinds = {kind: [case for case in cases if case.kind == kind] for kind in dict.fromkeys(case.kind for case in cases)}
    found = {kind: {OURS: scored(of_kind, by_earmark(of_kind, rounds))} for kind, of_kind in kinds.items()}
    left_out = []
    for name, (requirements, able) in PEERS.items():
        if name in without:
            left_out.append(f"{name}, as asked.")
            continue
        try:
            peer = installed(requirements)
        except PeerMissing as missing:
            left_out.append(str(missing))
            continue
        for kind in (kind for kind in kinds if kind in able):
            found[kind][f"{name} {peer.version}"] = scored(kinds[kind], by_peer(peer, name, kinds[kind], rounds))
        print(f"{name} {peer.version}: done", file=sys.stderr, flush=True)
    return found, left_out


def goals(found: Mapping[str, Mapping[str, Score]]) -> list[Goal]:
    """Return what earmark is held to: no other reads any kind better."""
    more_whole, better_mean = [], []
    for kind, by_reader in found.items():
        ours, others = by_reader[OURS], [score for name, score in by_reader.items() if name != OURS]
        more_whole += [kind] * any(score.whole > ours.whole for score in others)
        better_mean += [kind] * any(score.f1 > ours.f1 for score in others)
    return [
        Goal(_named("kinds of which another reads more lists whole", more_whole), len(more_whole), 0),
        Goal(_named("kinds of which another has a better mean of precision and recall", better_mean), len(better_mean), 0),
        Goal("crashes of earmark", sum(by_reader[OURS].crashes for by_reader in found.values()), 0),
    ]


def _named(what: str, kinds: Sequence[str]) -> str:
    return f"{what} ({', '.join(kinds)})" if kinds else what


def report(found: Mapping[str, Mapping[str, Score]], left_out: Sequence[str], settings: dict[str, object]) -> Report:
    """Put the kinds into a table, and every reader of each below it."""
    names = list(dict.fromkeys(name for by_reader in found.values() for name in by_reader))
    rows = []
    for kind, by_reader in found.items():
        row: Row = {"whole lists, %": kind, "cases": by_reader[OURS].cases}
        shares = {name: 100 * score.whole / score.cases for name, score in by_reader.items()}
        rows.append(row | {name: shares.get(name) for name in names})
    details: list[Row] = [
        {"kind": kind, "reader": name, "cases": score.cases, "chapters": score.expected, "precision": score.precision,
         "recall": score.recall, "whole %": 100 * score.whole / score.cases, "crashes": score.crashes,
         "ms each": 1000 * score.seconds}
        for kind, by_reader in found.items()
        for name, score in by_reader.items()
    ]  # fmt: skip
    notes = ["Of podcast:chapters the others give an address; the file is read as anybody would, and crashes there are of that."]
    return Report("Readers of chapters: whole lists right", rows, goals(found), notes, settings, details, left_out)


def wrong_ones(cases: Sequence[ChapterCase], most: int) -> None:
    """Print what earmark reads wrongly."""
    for case, reading in zip(cases, by_earmark(cases, 1), strict=True):
        if most and scored([case], [reading]).whole == 0:
            most -= 1
            print(f"{case.kind}: {case.name}: {case.path or case.text}\n  read: {reading}\n  right: {case.chapters}")


def main() -> int:
    """Print the tables."""
    parser = arguments(__doc__)
    parser.add_argument("--notes", type=int, default=600, help="made show notes")
    parser.add_argument("--feeds", type=int, default=60, help="of each kind")
    parser.add_argument("--files", type=int, default=25, help="of each kind")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without", nargs="*", default=[], help="readers to leave out")
    parser.add_argument("--wrong", type=int, metavar="N", help="print so many cases that earmark reads wrongly instead")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases = [
            *labelled_notes(),
            *made_notes(given.notes, given.seed),
            *made_feeds(folder / "feeds", given.feeds, given.seed),
            *made_files(folder / "files", given.files, given.seed),
        ]
        if given.wrong:
            wrong_ones(cases, given.wrong)
            return 0
        found, left_out = scores(cases, given.rounds, given.without)
    settings: dict[str, object] = {"seed": given.seed, "rounds": given.rounds}
    return show(report(found, left_out, settings), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
