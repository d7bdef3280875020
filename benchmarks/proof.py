"""The tables by which a newcomer can believe earmark: which benchmarks they are, and what each is asked, in short and in full.

All measure earmark beside something else, on the same cases in the same run; see `python -m benchmarks`.
"""

from __future__ import annotations

import json
import math
import os
import platform
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.table import Goal, Report, Row, print_report, shown


@dataclass(frozen=True)
class Asked:
    """One benchmark, and the options that it is given."""

    name: str
    options: tuple[str, ...] = ()


FULL = (
    Asked("speech", ("--minutes", "10")),
    Asked("speech", ("--minutes", "60", "240", "--rounds", "1")),
    Asked("speech", ("--like", "base", "--minutes", "10", "60", "--rounds", "1", "--without", "whisperX")),
    Asked("nothing_lost"),
    Asked("turn_edges"),
    Asked("chapter_readers"),
    Asked("chapters"),
    Asked("scale"),
    Asked("throughput"),
    Asked("growth"),
)
"""In the order of an episode: heard, nothing lost, speakers, chapters; then many workers, many episodes, long ones.

Hours of audio are heard once by each tool: three rounds would take as long as all the rest together.
"""

QUICK = (
    Asked("speech", ("--minutes", "10", "--rounds", "1", "--without", "service", "whisperX")),
    Asked("nothing_lost", ("--minutes", "2", "--parts", "20", "--without", "whisperX")),
    Asked("turn_edges", ("--words", "10000")),
    Asked("chapter_readers", ("--notes", "200", "--feeds", "20", "--files", "5", "--rounds", "1")),
    Asked("chapters", ("--episodes", "3")),
    Asked("scale", ("--workers", "1", "8", "--hours", "1", "--part-seconds", "148")),
    Asked("throughput", ("--episodes", "150")),
    Asked("growth", ("--of", "length", "--minutes", "60", "240")),
)
"""The same tables from fewer cases, without what needs torch: their figures are coarse, and some goals are missed by chance."""


@dataclass(frozen=True)
class Done:
    """What became of one benchmark."""

    asked: Asked
    status: int
    seconds: float
    """By the clock."""
    reports: tuple[Report, ...]

    @property
    def verdict(self) -> str:
        """Whether the goals were met, or that there is nothing to tell."""
        if not self.reports or self.status not in {0, 1}:
            return f"FAILED with status {self.status}"
        return "met" if self.status == 0 else "NOT MET"

    def document(self) -> dict[str, Any]:
        """Return everything for a file."""
        return {
            "name": self.asked.name,
            "options": list(self.asked.options),
            "status": self.status,
            "seconds": round(self.seconds, 1),
            "reports": [report.document() for report in self.reports],
        }


def run_all(every: Iterable[Asked], *, seed: int | None) -> Iterator[Done]:
    """Run each in a process of its own, so that none stands in another's way; print its tables as soon as it ends."""
    for asked in every:
        options = asked.options if seed is None else (*asked.options, "--seed", str(seed))
        print(f"\n=== {shlex.join(['python', '-m', f'benchmarks.{asked.name}', *options])}", flush=True)
        begin = time.perf_counter()
        command = [sys.executable, "-m", f"benchmarks.{asked.name}", "--json", *options]
        ended = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
        done = Done(Asked(asked.name, options), ended.returncode, time.perf_counter() - begin, reports_in(ended.stdout))
        for report in done.reports:
            print_report(report)
        print(f"{asked.name}: {done.verdict}, after {done.seconds:.0f} s", flush=True)
        yield done


def reports_in(text: str) -> tuple[Report, ...]:
    """Return the reports that a benchmark wrote, one JSON document or list behind the other; text that is none ends them."""
    decoder, at, found = json.JSONDecoder(), 0, []
    while at < len(text):
        try:
            document, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError:
            break
        found += [Report.of(one) for one in (document if isinstance(document, list) else [document])]
        at += len(text[at:]) - len(text[at:].lstrip())
    return tuple(found)


def summary(every: Sequence[Done]) -> Report:
    """Return one table of all goals, what failed, and what could not be had."""
    rows: list[Row] = []
    for done in every:
        rows += [_line(done.asked.name, goal) for report in done.reports for goal in report.goals]
        if done.verdict.startswith("FAILED"):
            rows.append({"benchmark": done.asked.name, "goal": "to run at all", "verdict": done.verdict})
    left_out = [f"{done.asked.name}: {what}" for done in every for report in done.reports for what in report.left_out]
    minutes = sum(done.seconds for done in every) / 60
    return Report("All goals", rows, notes=[f"{minutes:.0f} minutes in all"], left_out=left_out)


def _line(name: str, goal: Goal) -> Row:
    bound = f"{'≤' if goal.sense == 'most' else '≥'} {shown(goal.bound)}{goal.unit}"
    verdict = "met" if goal.met else "NOT MET"
    return {"benchmark": name, "goal": goal.what, "figure": f"{shown(goal.value)}{goal.unit}", "bound": bound, "verdict": verdict}


def write_documents(path: Path, every: Sequence[Done]) -> None:
    """Write what all of them told into one file, with the machine that it was measured on."""
    machine = {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()}
    document = {"command": shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]), "machine": machine}
    told = _without_nan(document | {"benchmarks": [done.document() for done in every]})
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False, default=str) + "\n", "utf-8")


def _without_nan(value: Any) -> Any:
    """Return the same with null where a figure could not be measured, as JSON knows no other."""
    if isinstance(value, dict):
        return {name: _without_nan(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
