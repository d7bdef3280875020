"""The tables by which a newcomer can believe earmark, or any of its benchmarks.

    python -m benchmarks                 # beside its peers: an hour and a half on two quiet cores
    python -m benchmarks --quick         # the same tables from fewer cases: about a quarter of an hour
    python -m benchmarks NAME…           # some; `python -m benchmarks.NAME --help` says what each can be asked
    python -m benchmarks --all           # every benchmark there is

Without names: speech, nothing_lost, turn_edges, chapter_readers, chapters, scale, throughput, growth, each printed as it ends,
and at the end one table of all goals. Peers are installed by name from the package registry into virtual environments of their
own, the first time only (`benchmarks/peers.py`); what cannot be had is left out, and the last lines say so.

Exits with 1 if a goal was not met or a benchmark failed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.proof import FULL, QUICK, Asked, run_all, summary, write_documents
from benchmarks.table import print_report

NAMES = (
    "speed", "seams", "prepare", "word_speakers", "turn_edges", "diarization", "voice_memory", "renaming", "listing", "notes",
    "chapter_readers", "chapters", "topics", "real_speech", "overhead", "scale", "throughput", "api_memory", "search", "pages",
    "soak", "growth", "nothing_lost", "speech",
)  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for, one after the other."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true", help="fewer cases; no peer that needs torch")
    which.add_argument("--all", action="store_true", help="every benchmark")
    parser.add_argument("--seed", type=int, help="seed of everything that is drawn, for all of them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what all of them told into a file, too")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in NAMES]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    every = list(run_all(chosen(given.names, quick=given.quick, every=given.all), seed=given.seed))
    print()
    print_report(summary(every))
    if given.json:
        write_documents(given.json, every)
    return int(any(done.verdict != "met" for done in every))


def chosen(names: Sequence[str], *, quick: bool, every: bool) -> Sequence[Asked]:
    """Return what to run: the names with the options of the quick or the full table, if it is in there."""
    preset = QUICK if quick else FULL
    if not names and not every:
        return preset
    of_name = {name: [asked for asked in preset if asked.name == name] for name in names or NAMES}
    return [asked for name, known in of_name.items() for asked in known or [Asked(name)]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
