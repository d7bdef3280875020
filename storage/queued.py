"""Steps on their way into a queue: a step that is ready is put there once, and one that came to grief is put back or given up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from storage.leases import given_back
from storage.records import MAX_ATTEMPTS, MAX_CLAIMS, OPEN_STATES, Hint, ReadyStep, StepStanding, step_label
from storage.statements import UNTOUCHED
from storage.tables import jobs, steps
from storage.transitions import end_job, record_event

_NEW_STEP = insert(steps)


def queue_steps(
    connection: Connection, job: Row[Any], known: Iterable[StepStanding], ready: Sequence[ReadyStep], now: float
) -> tuple[Hint, ...]:
    """Queue the ready steps of an open job that are not queued, running or done; return those. `known` are all its steps.

    A step that has another key by now starts over.
    """
    there = {(step.name, step.part): step for step in known}
    fresh = [step for step in ready if not _is_known(there.get((step.name, step.part)), step)]
    new = [step for step in fresh if (step.name, step.part) not in there]
    if new:
        made = [{"job_id": job.id, "name": step.name, "part": step.part, **_waiting(job, step, now)} for step in new]
        connection.execute(_NEW_STEP, made if len(made) > 1 else made[0])
    for step in fresh:
        own = there.get((step.name, step.part))
        if own is not None:
            here = {"of_job": job.id, "of_name": step.name, "of_part": step.part, "seen": own.token}
            # whoever still works on it for another key finds its token stale
            connection.execute(UNTOUCHED, {**here, "token": own.token + 1, **_waiting(job, step, now)})
    return tuple(Hint(step.queue, job.id, step.name, step.part) for step in fresh)


def _is_known(own: StepStanding | None, step: ReadyStep) -> bool:
    return own is not None and own.key == step.key and (own.state == "done" or own.awaited)


def _waiting(job: Row[Any], step: ReadyStep, now: float) -> dict[str, object]:
    return {
        "key": step.key, "state": "queued", "queue": step.queue, "priority": -job.priority, "since": job.created_at,
        "parts": step.parts, "needs_bytes": step.needs_bytes, "total": step.total, "unit": step.unit, "attempts": 0,
        "faults": 0, "failures": 0, "not_before": 0.0, "announced_at": now, "done": None, "owner": None, "expires_at": None,
        "error": "", "output": None,
    }  # fmt: skip


def put_back(connection: Connection, row: Row[Any], reason: str, now: float, *, blame: int) -> None:
    """Let a running step be claimed again that did not come to its end; after too many times it is given up, and its job fails.

    `blame` is 1 if it brought its process down.
    """
    here = (steps.c.job_id == row.job_id, steps.c.name == row.name, steps.c.part == row.part)
    open_job = select(jobs.c.id).where(jobs.c.id == row.job_id, jobs.c.state.in_(OPEN_STATES))
    wanted = connection.execute(open_job).first() is not None
    faults = row.faults + blame
    if not wanted or (faults < MAX_ATTEMPTS and row.attempts < MAX_CLAIMS):
        values = {**given_back(row.attempts), "faults": faults, "error": reason, **({} if wanted else {"queue": None})}
        connection.execute(update(steps).where(*here).values(values))
        record_event(connection, row.job_id, "step.lost", now, step=row.name, part=row.part, reason=reason)
        return
    label = step_label(row.name, row.part)
    error = f"{label} did not come to an end in {row.attempts} attempts; the last time {reason}. Look at memory and the log."
    values = {"state": "failed", "faults": faults, "error": error, "finished_at": now, "queue": None}
    connection.execute(update(steps).where(*here).values(values))
    record_event(connection, row.job_id, "step.failed", now, step=row.name, part=row.part, error=error)
    end_job(connection, row.job_id, "failed", now, reason=error)
