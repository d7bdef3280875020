"""Jobs as pages show them: how far each has come, in numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.api.progress import share_done
from service.job_views import label_of, progress_of, waits_for
from storage.records import JobRecord, JobState, StepRecord

STATES: Mapping[JobState, str] = {
    "queued": "waiting",
    "running": "at work",
    "done": "done",
    "failed": "failed",
    "cancelled": "cancelled",
}
"""What people call the states of jobs."""


@dataclass(frozen=True)
class JobRow:
    """A job in a list."""

    id: str
    episode_id: str
    title: str
    show: str | None
    state: str
    state_in_words: str
    reason: str
    """Why it failed or was cancelled."""
    share: float
    """How much of it is done, 0 … 1."""
    words: str
    """What is being done."""
    created_at: float
    has_transcript: bool

    @property
    def is_open(self) -> bool:
        """Whether it will go on by itself."""
        return self.state in {"queued", "running"}

    @property
    def percent(self) -> int:
        """The share in whole per cent."""
        return int(self.share * 100)


@dataclass(frozen=True)
class StepRow:
    """All parts of one step of a job."""

    label: str
    state: str
    parts: int
    done: int
    """Parts that are done."""
    share: float
    note: str
    """What it waits for, or what went wrong."""

    @property
    def percent(self) -> int:
        """The share in whole per cent."""
        return int(self.share * 100)


def job_row(job: JobRecord, steps: Sequence[StepRecord]) -> JobRow:
    """Return a job as a list shows it; `steps` are only asked for while it is open."""
    return JobRow(
        id=job.id,
        episode_id=job.episode_id,
        title=job.title,
        show=job.show,
        state=job.state,
        state_in_words=STATES[job.state],
        reason=job.reason,
        share=share_done(job, steps),
        words=progress_of(job, steps),
        created_at=job.created_at,
        has_transcript=job.output is not None,
    )


def step_rows(steps: Sequence[StepRecord]) -> tuple[StepRow, ...]:
    """Return the steps of a job in the order in which they were begun, all parts of one as a row."""
    by_name: dict[str, list[StepRecord]] = {}
    for step in sorted(steps, key=lambda step: (step.started_at is None, step.started_at or 0.0)):
        by_name.setdefault(step.name, []).append(step)
    return tuple(_row(name, parts) for name, parts in by_name.items())


def _row(name: str, parts: Sequence[StepRecord]) -> StepRow:
    states = [part.state for part in parts]
    done = states.count("done")
    whole = max(len(parts), parts[0].parts if name == "transcribe" else 1)
    state = _state(states, is_whole=done == whole)
    stuck = [part for part in parts if part.error] or (parts if state == STATES["queued"] else [])
    notes = [note for part in stuck if (note := waits_for(part))]
    return StepRow(
        label=label_of(name),
        state=state,
        parts=whole,
        done=done,
        share=sum(map(_share, parts)) / whole,
        note=notes[0] if notes else "",
    )


def _state(states: Sequence[str], *, is_whole: bool) -> str:
    if "running" in states:
        return STATES["running"]
    if is_whole:
        return STATES["done"]
    return STATES["failed"] if "failed" in states else STATES["queued"]


def _share(step: StepRecord) -> float:
    if step.state == "done":
        return 1.0
    return min(1.0, step.done / step.total) if step.state == "running" and step.done is not None and step.total else 0.0
