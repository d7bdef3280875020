"""Audio heard a second, and memory, of earmark and of its peers: the same file, model, threads and beam.

    python -m benchmarks.speech [--model DIR] [--minutes 10 60 240] [--rounds 3] [--threads N] [--without NAME …]

Beside `earmark run` and the service with one and two workers: bare faster-whisper, one segment after the other and batched, and
whisperX, each in a virtual environment of its own (`benchmarks/peers.py`). All write words with times but whisperX, whose
alignment needs a model that is not to be had here; nobody tells speakers apart. All are started in turns in each round, and what
goes first changes. Processes begin cold, as a person would start them; the service is up, has loaded its model, and its time
is that from the submission to the end of the job. Memory is the peak of one process, and for the service the largest sum over
its processes (pages that they share are counted once).
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from benchmarks.children import run_command, warm_up
from benchmarks.overhead import by_service, numbered
from benchmarks.peers import FASTER_WHISPER, WHISPERX, PeerMissing, installed
from benchmarks.recordings import EXAMPLE, EXAMPLE_MODEL, repeat_mp3
from benchmarks.speed import run_earmark
from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.engines.devices import usable_cores
from tests.yard import Yard, open_yard

BATCH, BEAM = 8, 5
OURS = "earmark run"
SHORT, SHORT_GOAL = 10.0, 1.0
LONG, LONG_GOAL = 60.0, 1.2
"""Minutes, and how many times as fast as the fastest peer `earmark run` shall be from there on."""


@dataclass(frozen=True)
class Took:
    """What one tool took for one file."""

    wall: float
    peak: float
    """MiB."""
    words: int


@dataclass(frozen=True)
class Tool:
    """One way to have a file transcribed."""

    name: str
    hear: Callable[[Path], Took]


@dataclass(frozen=True)
class Settings:
    """What all tools are asked for."""

    model: Path
    threads: int


def earmark(settings: Settings) -> Tool:
    """Return the command of a person."""

    def hear(audio: Path) -> Took:
        cost = run_earmark(audio, settings.model, threads=settings.threads)
        return Took(cost.wall, cost.peak, int(json.loads(cost.output.splitlines()[-1])["episodes"][0]["words"]))

    return Tool(OURS, hear)


def peer(name: str, requirements: Sequence[str], script: str, batch: int, settings: Settings) -> Tool:
    """Return a peer, which is installed first; raises `PeerMissing`."""
    found = installed(requirements)

    def hear(audio: Path) -> Took:
        asked = [str(settings.model), str(audio), str(settings.threads), str(batch), str(BEAM)]
        cost = run_command(found.command(script, *asked))
        return Took(cost.wall, cost.peak, len(json.loads(cost.output.splitlines()[-1])["words"]))

    return Tool(f"{name} {found.version}", hear)


def served(yard: Yard, workers: int, settings: Settings) -> Tool:
    """Return the service with so many workers, which are up."""
    numbers = itertools.count(1)  # 0 is the episode that warms it up

    def hear(audio: Path) -> Took:
        copy = numbered(audio, next(numbers))
        with largest_sum(yard) as peak:
            wall = by_service(yard, copy, settings.model)
        copy.unlink()
        return Took(wall, peak(), 0)

    return Tool(f"service, {workers} worker{'s' if workers > 1 else ''}", hear)


@contextmanager
def largest_sum(yard: Yard) -> Iterator[Callable[[], float]]:
    """Watch the memory of all workers' processes; what is given returns the largest sum so far, MiB."""
    largest, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal largest
        while not done.wait(0.5):
            largest = max(largest, sum(map(_memory, [p for worker in yard.workers for p in _family(worker.process.pid)])))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield lambda: largest
    finally:
        done.set()
        watcher.join()


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _memory(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss) / (1 << 20)
    except psutil.Error:
        return 0.0


def measure(tools: Sequence[Tool], audio: Path, rounds: int) -> dict[str, Took]:
    """Let every tool hear the file in each round; return the median of times, and the largest memory."""
    took: dict[str, list[Took]] = {tool.name: [] for tool in tools}
    for number in range(rounds):
        turn = number % len(tools)
        for tool in (*tools[turn:], *tools[:turn]):
            took[tool.name].append(tool.hear(audio))
            print(f"{audio.name}: {tool.name}: {took[tool.name][-1].wall:.1f} s", file=sys.stderr, flush=True)
    return {
        name: Took(median(one.wall for one in all_of), max(one.peak for one in all_of), all_of[-1].words)
        for name, all_of in took.items()
    }


def report(found: dict[float, dict[str, Took]], notes: Sequence[str], settings: dict[str, object]) -> Report:
    """Put the tools into a table, length by length."""
    rows: list[Row] = []
    goals: list[Goal] = []
    for minutes, by_tool in found.items():
        ours = by_tool[OURS]
        peers = {name: took for name, took in by_tool.items() if name != OURS and not name.startswith("service")}
        for name, took in by_tool.items():
            rows.append(
                {
                    "minutes": minutes, "tool": name, "wall s": took.wall, "audio s per s": 60 * minutes / took.wall,
                    "earmark run is × as fast": took.wall / ours.wall, "peak MiB": took.peak, "words": took.words or None,
                }
            )  # fmt: skip
        if peers:
            ratio, least = min(took.wall for took in peers.values()) / ours.wall, LONG_GOAL if minutes >= LONG else SHORT_GOAL
            goals.append(Goal(f"{minutes:g} min: times as fast as the fastest peer", ratio, least, sense="least"))
        if peers and minutes >= LONG:
            lowest = min(took.peak for took in peers.values())
            goals.append(Goal(f"{minutes:g} min: memory over the least of the peers", ours.peak / lowest, 1.0))
    return Report("Speech: earmark beside its peers", rows, goals, notes, settings)


def peers(settings: Settings, without: Sequence[str]) -> tuple[list[Tool], list[str]]:
    """Return the peers that can be had, and why others cannot."""
    tools, notes = [], list[str]()
    for name, requirements, script, batch in (
        ("faster-whisper", FASTER_WHISPER, "faster_whisper_peer.py", 1),
        ("batched faster-whisper", FASTER_WHISPER, "faster_whisper_peer.py", BATCH),
        ("whisperX", WHISPERX, "whisperx_speech_peer.py", BATCH),
    ):
        if name in without:
            notes.append(f"{name} was left out, as asked.")
            continue
        try:
            tools.append(peer(name, requirements, script, batch, settings))
        except PeerMissing as missing:
            notes.append(str(missing))
    return tools, notes


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--model", type=Path, default=EXAMPLE_MODEL)
    parser.add_argument("--source", type=Path, default=EXAMPLE / "episode.mp3")
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0, 60.0, 240.0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--without", nargs="*", default=[], help="tools to leave out: whisperX, service, …")
    given = parser.parse_args()
    settings = Settings(given.model.resolve(), given.threads)
    tools, notes = peers(settings, given.without)
    tools.insert(0, earmark(settings))
    found: dict[float, dict[str, Took]] = {}
    warm_up("service.cli")
    with tempfile.TemporaryDirectory() as name:
        for minutes in given.minutes:
            audio = repeat_mp3(given.source, Path(name) / f"{minutes:g} min.mp3", minutes * 60)
            found[minutes] = measure(tools, audio, given.rounds)
            for workers in () if "service" in given.without else (1, 2):
                with open_yard(Path(name) / f"yard {minutes:g} {workers}") as yard:
                    for _ in range(workers):
                        yard.worker()
                    yard.all_ready()
                    warm = repeat_mp3(given.source, yard.folder / "warm.mp3", 60.0 * workers)
                    by_service(yard, numbered(warm, 0), settings.model)
                    tool = served(yard, workers, settings)
                    found[minutes] |= measure([tool], audio, given.rounds)
    asked = {"model": given.model.name, "threads": given.threads, "rounds": given.rounds, "batch": BATCH, "beam": BEAM}
    return show(report(found, notes, asked), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
