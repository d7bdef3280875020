"""How time and memory grow with the length of an episode: from ten minutes to eight hours, all but the speech models.

    python -m benchmarks.growth [--minutes 10 30 60 120 240 480] [--diarizer scripted|resemblyzer]

`earmark run` on the example's packets repeated, with a chapter every five minutes in the show notes; words and speakers come
from the script (no hearing, but everything around it: decoding, speech regions, parts, seams, speakers on words, chapters,
assembling, writing all exports). For each step, the exponent of its time from one hour on, fitted by least squares on
logarithms: 1 is growing with the length, more is worse than that. A step that is short beside the whole is not held to it.
Exits with 1 if the whole, or a step that takes more than a tenth of the longest run, grows by more than an exponent of 1.2.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.children import run_python, warm_up
from benchmarks.recordings import EXAMPLE, length_of, repeat_mp3, story_for
from benchmarks.table import Goal, Report, Row, arguments, show
from storage.export.clock import clock

MOST = 1.2
"""Largest exponent that still counts as growing with the length, for the noise of a machine."""

FROM = 60.0
"""Minutes from which on growth is fitted: below, what every start costs hides it."""

SHARE = 0.1
CHAPTER = 300.0
ALL_FORMATS = "json,vtt,srt,podcast-json,chapters-json,psc,markdown,txt"


@dataclass(frozen=True)
class Run:
    """One episode."""

    minutes: float
    wall: float
    cpu: float
    peak: float
    steps: Mapping[str, float]
    """Seconds by step."""


def run(folder: Path, minutes: float, diarizer: str) -> Run:
    """Transcribe an episode of this length."""
    audio = repeat_mp3(EXAMPLE / "episode.mp3", folder / "long.mp3", 60 * minutes)
    seconds = length_of(audio)
    script = folder / "script.json"
    script.write_text(json.dumps({"sentences": story_for(seconds)}), "utf-8")
    notes = folder / "notes.txt"
    starts = np.arange(0.0, seconds, CHAPTER)
    notes.write_text("\n".join(f"{clock(float(start))} Part {number}" for number, start in enumerate(starts, 1)), "utf-8")
    engines = ["--engine", "scripted", "--model", str(script), "--diarizer", diarizer]
    with tempfile.TemporaryDirectory() as data:
        wanted = ["--notes", str(notes), "--format", ALL_FORMATS, "-o", f"{data}/out", "--json"]
        command = ["-m", "service.cli", "run", str(audio), *engines, *wanted]
        cost = run_python(command, environment={"EARMARK_DATA_DIR": f"{data}/data"})
    spent: dict[str, float] = {}
    for line in cost.output.splitlines():
        event = json.loads(line)
        if event["event"] == "step_ended":
            spent[event["step"]] = spent.get(event["step"], 0.0) + event["seconds"]
    return Run(seconds / 60, cost.wall, cost.cpu, cost.peak, spent)


def exponent(minutes: Sequence[float], values: Sequence[float]) -> float:
    """Return the exponent by which values grow with the length; not a number if there are less than two to fit."""
    pairs = [(m, value) for m, value in zip(minutes, values, strict=True) if m >= 0.9 * FROM and value > 0]
    if len(pairs) < 2:
        return float("nan")
    logarithms = np.log(np.array(pairs))
    return float(np.polyfit(logarithms[:, 0], logarithms[:, 1], 1)[0])


def report(runs: Sequence[Run], settings: dict[str, object]) -> Report:
    """Put the runs into a table, and the growth of each step below it."""
    minutes = [one.minutes for one in runs]
    names = list(dict.fromkeys(name for one in runs for name in one.steps))
    costs = {"wall s": [one.wall for one in runs], "cpu s": [one.cpu for one in runs], "peak MiB": [one.peak for one in runs]}
    rows: list[Row] = [
        {"minutes": f"{length:.0f}"} | {name: values[number] for name, values in costs.items()}
        for number, length in enumerate(minutes)
    ]
    grown_by = {name: exponent(minutes, values) for name, values in costs.items()}
    rows.append({"minutes": "exponent", **grown_by})
    steps: list[Row] = []
    goals = [Goal("exponent of the processor time of a run", grown_by["cpu s"], MOST)]
    for name in names:
        spent = [one.steps.get(name, 0.0) for one in runs]
        grown = exponent(minutes, spent)
        steps.append({"step": name, **{f"{m:.0f} min": s for m, s in zip(minutes, spent, strict=True)}, "exponent": grown})
        if spent[-1] > SHARE * runs[-1].wall:
            goals.append(Goal(f"exponent of the step {name}", grown, MOST))
    worst = max(steps, key=lambda step: float(step[f"{minutes[-1]:.0f} min"] or 0))
    notes = [
        f"Exponents are fitted from {FROM:.0f} minutes on.",
        f"What takes longest in the longest run: the step {worst['step']}.",
    ]
    return Report("Cost of length, without the speech models", rows, goals, notes, settings, steps)


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--minutes", type=float, nargs="+", default=[10.0, 30.0, 60.0, 120.0, 240.0, 480.0])
    parser.add_argument("--diarizer", choices=("scripted", "resemblyzer"), default="scripted")
    given = parser.parse_args()
    warm_up("service.cli")
    runs = []
    with tempfile.TemporaryDirectory() as name:
        for minutes in given.minutes:
            runs.append(run(Path(name), minutes, given.diarizer))
            print(f"{minutes:g} min: {runs[-1].wall:.1f} s", file=sys.stderr, flush=True)
    return show(report(runs, {"diarizer": given.diarizer}), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
