"""What the ledger tells of its rows: frozen values, one for each kind of row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from sqlalchemy import Row

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
StepState = Literal["queued", "running", "done", "failed"]
Queue = Literal["fetch", "cpu", "asr", "diarize"]
"""What a step needs: the network, a processor, the model that hears, or the model that tells voices apart."""

QUEUES: tuple[Queue, ...] = ("fetch", "cpu", "asr", "diarize")

LEASE_SECONDS = 60.0
"""How long a step stays with a process that gives no sign of life."""

MAX_ATTEMPTS = 3
"""Attempts in which a step brought its process down, after which it is taken for poison."""

MAX_CLAIMS = 12
"""Claims after which a step that never came to an end is given up, whosever fault it was: its worker may die of it each time."""

OPEN_STATES = ("queued", "running")
ENDED_STATES = ("done", "failed", "cancelled")


@dataclass(frozen=True)
class JobRecord:
    """One request to process one episode with given options."""

    id: str
    episode_id: str
    title: str
    state: JobState
    reason: str
    output: str | None
    """Digest of the transcript, once there is one."""
    show: str | None = None
    priority: int = 0
    created_at: float = 0.0
    """Seconds since 1970."""
    updated_at: float = 0.0

    @property
    def ended(self) -> bool:
        """Tell whether the job reached its one terminal state."""
        return self.state in ENDED_STATES


@dataclass(frozen=True)
class StepRecord:
    """One unit of work of a job."""

    job_id: str
    name: str
    part: int
    key: str
    state: StepState
    attempts: int
    output: str | None
    error: str
    parts: int = 1
    queue: str | None = None
    failures: int = 0
    """Times it failed for a reason that may pass."""
    not_before: float = 0.0
    """When it may be tried again, seconds since 1970."""
    owner: str | None = None
    started_at: float | None = None
    finished_at: float | None = None
    done: float | None = None
    """How much of it is done, in `unit`."""
    total: float | None = None
    unit: str | None = None
    needs_bytes: int = 0

    @property
    def label(self) -> str:
        """The step's name, with the number of the part where there are parts."""
        return step_label(self.name, self.part)


class StepStanding(NamedTuple):
    """What a plan goes by of a step: small, since all steps of a job are read at each one."""

    name: str
    part: int
    key: str
    state: StepState
    queue: str | None
    output: str | None
    token: int

    @property
    def awaited(self) -> bool:
        """Whether it is being done, or is in a queue to be done."""
        return self.state == "running" or (self.state == "queued" and self.queue is not None)


@dataclass(frozen=True)
class Standing:
    """How a job stands: what was asked for, and its steps."""

    request: str | None
    """As JSON; none for a job that was run by hand."""
    steps: tuple[StepStanding, ...]
    twin: str | None = None
    """What a finished step of whatever job made under the key of the step that was asked about."""

    def goes_on_beside(self, lease: Lease) -> bool:
        """Tell whether somebody is at work on another step of the job."""
        return any(step.state == "running" and step[:2] != (lease.name, lease.part) for step in self.steps)

    def with_done(self, lease: Lease, output: str) -> Standing:
        """Return how the job stands once the step of this lease is done."""
        here = (lease.name, lease.part)
        known = (step._replace(state="done", output=output) if step[:2] == here else step for step in self.steps)
        return Standing(self.request, tuple(known))


@dataclass(frozen=True)
class Lease:
    """The right to work on a step, until `expires_at`."""

    job_id: str
    name: str
    part: int
    owner: str
    token: int
    expires_at: float


@dataclass(frozen=True)
class ReadyStep:
    """A step whose inputs are there, to be queued."""

    name: str
    part: int
    key: str
    queue: Queue
    parts: int = 1
    total: float | None = None
    unit: str = "seconds"
    needs_bytes: int = 0
    """Memory without which it must not start; 0 if it is modest."""


@dataclass(frozen=True)
class Hint:
    """What a message to the workers carries: ids, never data."""

    queue: str
    job_id: str
    name: str
    part: int


IN_PARTS = frozenset({"transcribe", "bridge"})
"""The steps that are done for parts."""


def step_label(name: str, part: int) -> str:
    """Return the name of a step as people read it: `prepare`, `transcribe[3]`."""
    return f"{name}[{part}]" if name in IN_PARTS else name


def job_of(row: Row[Any]) -> JobRecord:
    """Return a row of `jobs` as a value."""
    return JobRecord(
        id=row.id,
        episode_id=row.episode_id,
        title=row.title,
        state=row.state,
        reason=row.reason,
        output=row.output,
        show=row.show,
        priority=row.priority,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def step_of(row: Row[Any]) -> StepRecord:
    """Return a row of `steps` as a value."""
    return StepRecord(
        job_id=row.job_id,
        name=row.name,
        part=row.part,
        key=row.key,
        state=row.state,
        attempts=row.attempts,
        output=row.output,
        error=row.error,
        parts=row.parts,
        queue=row.queue,
        failures=row.failures,
        not_before=row.not_before,
        owner=row.owner,
        started_at=row.started_at,
        finished_at=row.finished_at,
        done=row.done,
        total=row.total,
        unit=row.unit,
        needs_bytes=row.needs_bytes,
    )
