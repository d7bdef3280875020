"""What time and memory an episode takes by its length, from ten minutes to eight hours: all but the speech models.

`earmark run` on the example's packets repeated, with a chapter every five minutes in the show notes; words and speakers come
from the script (no hearing, but everything around it: decoding, speech regions, parts, seams, speakers on words, chapters,
assembling, writing all exports). A step that is short beside the whole is not held to the largest exponent.

What breaks first is what passes its limit at the shortest episode: a quarter of an hour of processor time beside the hearing, for
the whole or for one step, or four GiB of memory.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.children import run_python, warm_up
from benchmarks.growth_fit import Series, breaks_first, shown
from benchmarks.recordings import EXAMPLE, length_of, repeat_mp3, story_for
from benchmarks.table import Goal, Report, Row
from storage.export.clock import clock

MOST = 1.2
"""Largest exponent that still counts as growing with the length, for the noise of a machine."""

SECONDS, MEMORY = 900.0, 4096.0
"""What an episode may take beside hearing: seconds of a processor, MiB."""

ALLOWED = 24 * 60.0
"""Minutes of the longest episode that earmark takes unless it is told otherwise."""

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


def report(runs: Sequence[Run], settings: dict[str, object]) -> Report:
    """Put the runs into a table, and the growth of each step into another."""
    minutes = [one.minutes for one in runs]
    costs = [
        Series("the processor time of a run", minutes, [one.cpu for one in runs], SECONDS, "s"),
        Series("the memory of a run", minutes, [one.peak for one in runs], MEMORY, "MiB"),
    ]
    names = list(dict.fromkeys(name for one in runs for name in one.steps))
    steps = [
        Series(f"the step {name}", minutes, [one.steps.get(name, 0.0) for one in runs], SECONDS, "s by the clock")
        for name in names
    ]
    rows: list[Row] = [
        {"minutes": f"{one.minutes:.0f}", "wall s": one.wall, "cpu s": one.cpu, "peak MiB": one.peak} for one in runs
    ]
    rows.append(
        {"minutes": "exponent", **dict(zip(("cpu s", "peak MiB"), (shown(c.growth.exponent) for c in costs), strict=True))}
    )
    held = [one for one in (costs[0], *steps) if one.values[-1] > SHARE * runs[-1].wall and not math.isnan(one.growth.exponent)]
    goals = [Goal(f"exponent of {one.what}", one.growth.exponent, MOST) for one in held]
    notes = [breaks_first([*costs, *steps], "minutes", most=ALLOWED)]
    return Report("Growth of an episode, without the speech models", rows, goals, notes, settings, [_step(one) for one in steps])


def _step(one: Series) -> Row:
    times = {f"{size:.0f} min": value for size, value in zip(one.sizes, one.values, strict=True)}
    return {"step": one.what.removeprefix("the step "), **times, "exponent": shown(one.growth.exponent)}


def measure(minutes: Sequence[float], diarizer: str) -> Report:
    """Run an episode of each length."""
    warm_up("service.cli")
    runs = []
    with tempfile.TemporaryDirectory() as name:
        for length in minutes:
            runs.append(run(Path(name), length, diarizer))
            print(f"{length:g} min: {runs[-1].wall:.1f} s", file=sys.stderr, flush=True)
    return report(runs, {"minutes": list(minutes), "diarizer": diarizer})
