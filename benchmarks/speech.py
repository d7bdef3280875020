"""Audio heard a second, and memory, of earmark and of its peers: the same file, model, threads and beam.

    python -m benchmarks.speech [--model DIR | --like NAME] [--minutes 10 60 240] [--rounds 3] [--threads N] [--without NAME …]

Beside `earmark run` and the service with one and two workers: bare faster-whisper, one segment after the other and batched, and
whisperX, each in a virtual environment of its own (`benchmarks/peers.py`). All write words with times but whisperX, whose
alignment needs a model that is not to be had here; nobody tells speakers apart. All are started in turns in each round, and what
goes first changes. Processes begin cold, as a person would start them; the service is up, has loaded its model, and its time
is that from the submission to the end of the job. Memory is the peak of one process, and for the service the largest sum over
its processes (pages that they share are counted once).

The example's model is a twentieth of the smallest real one, so what is measured with it is overheads rather than hearing.
`--like tiny|base|small` makes a model that costs what the Whisper of that name costs and says the words of the example's
(`benchmarks/widened.py`).
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psutil

from benchmarks.children import run_python, warm_up
from benchmarks.overhead import by_service, numbered
from benchmarks.recordings import EXAMPLE, EXAMPLE_MODEL, length_of, repeat_mp3
from benchmarks.table import Goal, Report, Row, arguments, show
from benchmarks.tools import BATCH, BEAM, OURS, Settings, Took, Tool, earmark, peers
from benchmarks.widened import SIZES
from jobs.engines.devices import usable_cores
from tests.yard import Yard, open_yard

SHORT, SHORT_GOAL = 10.0, 1.0
LONG, LONG_GOAL = 50.0, 1.2
"""Minutes (files hold whole repetitions of their source), and how many times as fast as the fastest peer `earmark run` shall be
from there on."""


def served(yard: Yard, workers: int, settings: Settings) -> Tool:
    """Return the service with so many workers, which are up."""
    numbers = itertools.count()

    def hear(audio: Path) -> Took:
        copy = numbered(audio, next(numbers))
        with largest_sum(yard) as peak:
            wall = by_service(yard, copy, settings.model, threads=max(1, settings.threads // workers), workers=0)
        copy.unlink()
        return Took(wall, peak(), ())

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


def report(found: dict[float, dict[str, Took]], left_out: Sequence[str], settings: dict[str, object]) -> Report:
    """Put the tools into a table, length by length."""
    rows: list[Row] = []
    goals: list[Goal] = []
    of = f"like {settings['like']}, " if settings["like"] else ""
    for minutes, by_tool in found.items():
        ours = by_tool[OURS]
        others = {name: took for name, took in by_tool.items() if name != OURS and not name.startswith("service")}
        for name, took in by_tool.items():
            rows.append(
                {
                    "minutes": round(minutes, 1), "tool": name, "wall s": took.wall, "audio s per s": 60 * minutes / took.wall,
                    "earmark run is × as fast": took.wall / ours.wall, "peak MiB": took.peak, "words": len(took.words) or None,
                }
            )  # fmt: skip
        if others:
            ratio, least = min(took.wall for took in others.values()) / ours.wall, LONG_GOAL if minutes >= LONG else SHORT_GOAL
            goals.append(Goal(f"{of}{minutes:.0f} min: times as fast as the fastest peer", ratio, least, sense="least"))
        if others and minutes >= LONG:
            lowest = min(took.peak for took in others.values())
            goals.append(Goal(f"{of}{minutes:.0f} min: memory over the least of the peers", ours.peak / lowest, 1.0))
    return Report("Speech: earmark beside its peers", rows, goals, [f"Model: {settings['model']}."], settings, left_out=left_out)


def model_for(given: Path, like: str | None, folder: Path) -> tuple[Path, str]:
    """Return the model's folder, made in `folder` if it shall be like a real one, and what the table calls it."""
    if like is None:
        return given.resolve(), given.name
    made = folder / f"like-{like}"
    run_python(["-m", "benchmarks.widened", str(made), "--like", like])  # a process of its own, which takes its torch away
    return made, f"COST OF WHISPER {like.upper()}, WORDS OF THE EXAMPLE'S MODEL (benchmarks/widened.py)"


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    model = parser.add_mutually_exclusive_group()
    model.add_argument("--model", type=Path, default=EXAMPLE_MODEL)
    model.add_argument("--like", choices=SIZES, help="a model that costs what this Whisper costs and knows the example's words")
    parser.add_argument("--source", type=Path, default=EXAMPLE / "episode.mp3")
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0, 60.0, 240.0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=usable_cores())
    parser.add_argument("--without", nargs="*", default=[], help="tools to leave out: whisperX, service, …")
    given = parser.parse_args()
    found: dict[float, dict[str, Took]] = {}
    warm_up("service.cli")
    with tempfile.TemporaryDirectory() as name:
        folder, called = model_for(given.model, given.like, Path(name))
        settings = Settings(folder, given.threads)
        tools, left_out = peers(settings, given.without)
        tools.insert(0, earmark(settings))
        for asked_for in given.minutes:
            audio = repeat_mp3(given.source, Path(name) / f"{asked_for:g} min.mp3", asked_for * 60)
            minutes = length_of(audio) / 60  # whole repetitions
            found[minutes] = measure(tools, audio, given.rounds)
            for workers in () if "service" in given.without else (1, 2):
                with open_yard(Path(name) / f"yard {minutes:g} {workers}") as yard:
                    for _ in range(workers):
                        yard.worker()
                    yard.all_ready()
                    tool = served(yard, workers, settings)
                    tool.hear(repeat_mp3(given.source, yard.folder / "warm.mp3", 600.0))  # a part for each of them at least
                    found[minutes] |= measure([tool], audio, given.rounds)
    asked = {"model": called, "like": given.like, "threads": given.threads, "rounds": given.rounds, "batch": BATCH, "beam": BEAM}
    return show(report(found, left_out, asked), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
