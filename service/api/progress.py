"""How much of a job is done, as one number."""

from __future__ import annotations

from collections.abc import Sequence

from storage.records import JobRecord, StepRecord

_WEIGHTS = {"fetch": 8.0, "prepare": 6.0, "language": 1.0, "transcribe": 65.0, "diarize": 18.0, "assemble": 2.0}
"""About how long the steps take, of a hundred; choosing engines, chapter files and a reference take next to nothing."""

_NEARLY = 0.99
"""A job that is not done never says that it is."""


def share_done(job: JobRecord, steps: Sequence[StepRecord]) -> float:
    """Return the share of a job that is done, 0 … 1; steps that cannot begin yet count as not begun."""
    if job.state == "done":
        return 1.0
    by_name: dict[str, list[StepRecord]] = {}
    for step in steps:
        by_name.setdefault(step.name, []).append(step)
    weights = dict(_WEIGHTS)
    for name in ("language", "diarize"):  # not every job has these
        if "assemble" in by_name and name not in by_name:
            del weights[name]
    done = sum(weight * _share(by_name.get(name, ())) for name, weight in weights.items())
    return round(min(_NEARLY, done / sum(weights.values())), 4)


def _share(parts: Sequence[StepRecord]) -> float:
    """Return how much of the parts of one step is done, each as long as it is."""
    sizes = [part.total or 1.0 for part in parts]
    done = [size * _of_one(part) for size, part in zip(sizes, parts, strict=True)]
    return sum(done) / sum(sizes) if parts else 0.0


def _of_one(step: StepRecord) -> float:
    if step.state == "done":
        return 1.0
    if step.state != "running" or not step.total or step.done is None:
        return 0.0
    return min(1.0, max(0.0, step.done / step.total))
