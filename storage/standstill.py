"""Queues that do not move: steps could be claimed, and nobody claims them.

No message and no register of workers is asked, only what the ledger shows, so it holds for workers on any machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, and_, func, select

from storage.database import reading
from storage.records import OPEN_STATES, QUEUES
from storage.tables import jobs, steps

PATIENCE = 30.0
"""Seconds that a step may wait, with nothing at work in its queue, before somebody should look."""


@dataclass(frozen=True)
class Standstill:
    """A queue in which nothing moves."""

    queue: str
    waiting: int
    """Steps that could be claimed now."""
    seconds: float
    """How long the foremost of them has been waiting."""


def standstills(engine: Engine, *, patience: float = PATIENCE, clock: Callable[[], float] = time.time) -> tuple[Standstill, ...]:
    """Return the queues whose foremost step has waited for longer than `patience` while nobody was at work on any."""
    now = clock()
    with reading(engine) as connection:
        found = [_standstill(connection, queue, now, patience) for queue in QUEUES]
    return tuple(one for one in found if one is not None)


def _standstill(connection: Connection, queue: str, now: float, patience: float) -> Standstill | None:
    claimable = and_(steps.c.queue == queue, steps.c.state == "queued", steps.c.not_before <= now)
    foremost = (
        select(steps.c.job_id, steps.c.not_before, jobs.c.updated_at)
        .join(jobs, jobs.c.id == steps.c.job_id)
        .where(claimable, jobs.c.state.in_(OPEN_STATES))
        .order_by(steps.c.priority, steps.c.since, steps.c.part, steps.c.name)
        .limit(1)
    )
    row = connection.execute(foremost).first()
    if row is None:
        return None
    # a step is queued when its job is asked for, or when another step of the job ends
    before = select(func.max(steps.c.finished_at)).where(steps.c.job_id == row.job_id)
    waited = now - max(row.not_before, row.updated_at, connection.execute(before).scalar() or 0.0)
    if waited <= patience or _moves(connection, queue, now, patience):
        return None
    waiting = connection.execute(select(func.count()).select_from(steps).where(claimable)).scalar_one()
    return Standstill(queue, int(waiting), waited)


def _moves(connection: Connection, queue: str, now: float, patience: float) -> bool:
    """Tell whether a step of the queue is being worked on, or was a moment ago."""
    at_work = and_(steps.c.state == "running", steps.c.expires_at > now)
    here = steps.c.queue == queue
    if connection.execute(select(steps.c.job_id).where(here, at_work).limit(1)).first() is not None:
        return True
    last = select(func.max(steps.c.started_at), func.max(steps.c.finished_at)).where(here, steps.c.state.in_(("queued", "done")))
    return any(moment is not None and now - moment <= patience for moment in connection.execute(last).one())
