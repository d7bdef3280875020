"""Wall time of `earmark run --diarizer none` over that of bare faster-whisper on the same file, model, threads and beam.

    python -m benchmarks.speed [--model DIR] [--source FILE.mp3] [--minutes 10] [--rounds 5] [--threads N]

Both are processes of their own, started in turns: A B A B. earmark's data folder is empty each time. Bare faster-whisper
decodes the file, filters it by voice activity, and transcribes it in one call with word times, without prompting itself. The
figure is the median of the ratios of the rounds. Exits with 1 over the goal.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.children import Cost, run_python, warm_up
from benchmarks.recordings import EXAMPLE, EXAMPLE_MODEL, repeat_mp3
from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.engines.devices import usable_cores

GOAL = 1.10


@dataclass(frozen=True)
class Pair:
    """One round: both processes, one after the other."""

    earmark: Cost
    bare: Cost

    @property
    def wall_ratio(self) -> float:
        """Wall time of earmark over that of bare faster-whisper."""
        return self.earmark.wall / self.bare.wall

    @property
    def cpu_ratio(self) -> float:
        """Processor time of earmark over that of bare faster-whisper; steadier than wall time on a busy machine."""
        return self.earmark.cpu / self.bare.cpu


def measure(audio: Path, model: Path, *, threads: int, rounds: int) -> list[Pair]:
    """Run both in turns; which of them goes first changes from round to round."""
    warm_up("service.cli", "faster_whisper", "benchmarks.bare")
    pairs = []
    for number in range(rounds):
        if number % 2:
            bare = run_bare(audio, model, threads=threads)
            pairs.append(Pair(run_earmark(audio, model, threads=threads), bare))
        else:
            earmark = run_earmark(audio, model, threads=threads)
            pairs.append(Pair(earmark, run_bare(audio, model, threads=threads)))
    return pairs


def run_earmark(audio: Path, model: Path, *, threads: int) -> Cost:
    """Run the command as a person would, for the first time; its standard output is one JSON event a line."""
    with tempfile.TemporaryDirectory() as folder:
        return run_earmark_in(Path(folder), audio, model, threads=threads)


def run_earmark_in(folder: Path, audio: Path, model: Path, *, threads: int, options: Sequence[str] = ()) -> Cost:
    """Do the same, perhaps with more options, with a folder in which the transcript is left, below `out`."""
    speech = ["--engine", "whisper", "--model", str(model), "--device", "cpu", "--compute-type", "int8"]
    speech += ["--threads", str(threads)]
    return run_python(
        ["-m", "service.cli", "run", str(audio), "--diarizer", "none", *speech, *options, "-o", f"{folder}/out", "--json"],
        environment={"EARMARK_DATA_DIR": f"{folder}/data"},
    )


def run_bare(audio: Path, model: Path, *, threads: int) -> Cost:
    """Run bare faster-whisper."""
    return run_python(["-m", "benchmarks.bare", str(model), str(audio), "--threads", str(threads)])


def _words_of_earmark(cost: Cost) -> int:
    return int(json.loads(cost.output.splitlines()[-1])["episodes"][0]["words"])


def _words_of_bare(cost: Cost) -> int:
    return int(json.loads(cost.output)["words"])


def _steps(cost: Cost) -> str:
    """Return how long each step took, summed over parts (which run beside each other)."""
    spent: dict[str, float] = {}
    for line in cost.output.splitlines():
        event = json.loads(line)
        if event["event"] == "step_ended":
            spent[event["step"]] = spent.get(event["step"], 0.0) + event["seconds"]
    return ", ".join(f"{step} {seconds:.1f}" for step, seconds in spent.items() if seconds >= 0.05)


def report(pairs: list[Pair], *, minutes: float, settings: dict[str, object]) -> Report:
    """Put the rounds into a table."""
    rows: list[Row] = []
    for number, pair in enumerate(pairs, start=1):
        for name, cost in (("earmark run", pair.earmark), ("bare faster-whisper", pair.bare)):
            ours = cost is pair.earmark
            rows.append(
                {
                    "round": number,
                    "what": name,
                    "wall s": cost.wall,
                    "cpu s": cost.cpu,
                    "peak MiB": cost.peak,
                    "words": _words_of_earmark(cost) if ours else _words_of_bare(cost),
                    "wall ratio": pair.wall_ratio if ours else None,
                    "cpu ratio": pair.cpu_ratio if ours else None,
                    "steps, s": _steps(cost) if ours else "",
                }
            )
    middle = median(pair.wall_ratio for pair in pairs)
    return Report(
        f"earmark run over bare faster-whisper, {minutes:g} minutes of audio",
        rows,
        [Goal("median ratio of wall time", middle, GOAL)],
        [f"median ratio of processor time: {median(pair.cpu_ratio for pair in pairs):.2f}"],
        settings,
    )


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--model", type=Path, default=EXAMPLE_MODEL)
    parser.add_argument("--source", type=Path, default=EXAMPLE / "episode.mp3")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=usable_cores())
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        audio = repeat_mp3(given.source, Path(folder) / "recording.mp3", given.minutes * 60)
        pairs = measure(audio, given.model.resolve(), threads=given.threads, rounds=given.rounds)
    settings = {"model": given.model.name, "source": given.source.name, "threads": given.threads, "rounds": given.rounds}
    return show(report(pairs, minutes=given.minutes, settings=settings), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
