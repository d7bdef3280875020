"""`/v1/jobs/{id}/events`: what happens to a job, while it happens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Header, Response

from service.api.context import Context, Here
from service.api.lists import JobPath
from service.api.models import moment
from service.api.problems import ProblemError, busy, documented
from service.api.progress import share_done
from service.api.stream import HEARTBEAT, EventStream, event
from storage.errors import EarmarkError, NotFound
from storage.events import EventRecord
from storage.records import JobRecord, StepRecord

router = APIRouter(prefix="/jobs", tags=["jobs"])

LONGEST_STREAM = 3600.0
"""Seconds after which a stream ends; clients come back by themselves, and go on where they were."""

LOOK_EVERY = 0.5
PROGRESS_EVERY = 1.0
HEARTBEAT_EVERY = 15.0

_BATCH = 500
_GREATEST_ID = 2**31 - 1

_TEXT = {"type": "string"}
_SCHEMA = {"type": "object", "properties": {"id": _TEXT, "event": _TEXT, "data": _TEXT}, "required": ["event", "data"]}
"""Of each event."""

_EXAMPLE = """id: 17
event: step.started
data: {"at": "2026-01-31T12:00:00Z", "step": "fetch", "part": 0, "attempt": 1}

event: progress
data: {"progress": 0.41, "steps": [{"name": "transcribe", "part": 3, "done": 120.0, "total": 300.0, "unit": "seconds"}]}

"""

LastEventId = Annotated[
    int | None,
    Header(
        alias="Last-Event-ID", ge=0, le=_GREATEST_ID, description="The last event that was seen; the stream goes on after it."
    ),
]


@router.get(
    "/{job_id}/events",
    summary="Follow a job",
    response_class=Response,
    responses={
        200: {
            "description": "The events of the job from its beginning, or after `Last-Event-ID`, and then as they happen.",
            "content": {"text/event-stream": {"schema": _SCHEMA, "example": _EXAMPLE}},
        },
        204: {"description": "The job has ended, and everything was seen: there is nothing to come back for."},
        **documented(404),
    },
)
async def follow(job_id: JobPath, here: Here, last_event_id: LastEventId = None) -> Response:
    """Send what happens to a job as server-sent events, until it has ended.

    Events of the ledger (`job.queued`, `step.started`, `step.done`, `job.done`, …) have ids: a client that comes back with
    `Last-Event-ID` misses none and gets none twice. `progress` has none; it comes at most once a second.
    """
    after = last_event_id or 0
    seen = await _look(here, job_id, after)
    if seen.ended and not seen.events:
        return Response(status_code=204)
    if not here.streams.acquire():
        raise ProblemError(busy("As many jobs are being followed as this server allows."))
    return EventStream(_told(here, job_id, after), on_end=here.streams.release)


@dataclass(frozen=True)
class _Look:
    """What the ledger told of a job."""

    job: JobRecord
    steps: tuple[StepRecord, ...]
    events: tuple[EventRecord, ...]

    @property
    def ended(self) -> bool:
        """Whether the job has ended, and nothing of it is left to be seen after these events."""
        return self.job.ended and len(self.events) < _BATCH


async def _look(here: Context, job_id: str, after: int) -> _Look:
    return await to_thread.run_sync(lambda: _ask(here, job_id, after), limiter=here.threads.streams)


def _ask(here: Context, job_id: str, after: int) -> _Look:
    """Ask for the job before its events: if it has ended by then, its last event is among them."""
    job = here.requests.get(job_id)
    steps = here.ledger.steps(job_id) if not job.ended else ()
    return _Look(job, steps, here.events.of_job(job_id, after=after, limit=_BATCH))


async def _told(here: Context, job_id: str, after: int) -> AsyncGenerator[str]:
    """Yield what is to be sent."""
    yield HEARTBEAT  # the client sees that it is connected
    began = said = time.monotonic()
    shown, shown_at = "", 0.0
    while not here.stopping.is_set() and time.monotonic() - began < LONGEST_STREAM:
        try:
            look = await _look(here, job_id, after)
        except NotFound:
            return  # purged meanwhile
        except EarmarkError:
            await asyncio.sleep(LOOK_EVERY)  # the ledger is away; what happens is seen once it is back
            continue
        for record in look.events:
            after = record.id
            yield _event(record)
        now = time.monotonic()
        progress = _progress(look)
        if progress != shown and now - shown_at >= PROGRESS_EVERY and not look.job.ended:
            yield progress
            shown, shown_at, said = progress, now, now
        if look.ended:
            return
        said = now if look.events else said
        if now - said >= HEARTBEAT_EVERY:
            yield HEARTBEAT
            said = now
        await asyncio.sleep(LOOK_EVERY)


def _event(record: EventRecord) -> str:
    return event(record.kind, {"at": moment(record.at).isoformat(), **record.data}, number=record.id)


def _progress(look: _Look) -> str:
    """Return how far the job has come: the share of the whole, and what is being worked on."""
    running = [
        {"name": step.name, "part": step.part, "done": step.done, "total": step.total, "unit": step.unit}
        for step in look.steps
        if step.state == "running"
    ]
    return event("progress", {"state": look.job.state, "progress": share_done(look.job, look.steps), "steps": running})
