"""A step under a lease: taken by compare-and-set on its token, and changed by whoever holds the newest one alone."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection

from storage.errors import LeaseLost
from storage.records import Lease, step_label
from storage.statements import UNTOUCHED
from storage.tables import steps
from storage.transitions import record_event

_HELD = UNTOUCHED.where(steps.c.state == "running")


def take(connection: Connection, lease: Lease, now: float, *, key: str, attempts: int) -> bool:
    """Give the step to the lease's owner, by compare-and-set on the token; False if somebody was faster."""
    values = {
        "key": key, "state": "running", "attempts": attempts, "token": lease.token, "owner": lease.owner,
        "expires_at": lease.expires_at, "started_at": now, "finished_at": None, "output": None, "error": "", "done": None,
    }  # fmt: skip
    claimed = connection.execute(UNTOUCHED, {**_place(lease), "seen": lease.token - 1, **values})
    if claimed.rowcount == 1:
        record_event(connection, lease.job_id, "step.started", now, step=lease.name, part=lease.part, attempt=attempts)
    return claimed.rowcount == 1


def write(
    connection: Connection, lease: Lease, values: dict[str, object], *, at: float, event: str | None = None, **data: object
) -> None:
    """Change a step that is still held under this lease; `LeaseLost` if it is not."""
    plain = {name: value for name, value in values.items() if not isinstance(value, ColumnElement)}
    statement = _HELD if len(plain) == len(values) else _HELD.values({n: v for n, v in values.items() if n not in plain})
    written = connection.execute(statement, {**_place(lease), "seen": lease.token, **plain})
    if written.rowcount != 1:
        raise LeaseLost(
            f"{step_label(lease.name, lease.part)} went to another process meanwhile; this result is not used.",
            hint="Nothing is lost: the other process goes on.",
        )
    if event is not None:
        record_event(connection, lease.job_id, event, at, step=lease.name, part=lease.part, **data)


def finish(connection: Connection, lease: Lease, output: str, now: float) -> None:
    """Record a step as done, with the digest of its output; `LeaseLost` if it is not held under this lease any more."""
    values: dict[str, object] = {"state": "done", "output": output, "error": "", "finished_at": now}
    write(connection, lease, values, at=now, event="step.done")


def given_back(attempts: object) -> dict[str, object]:
    """Return the values of a step that nobody holds and that may be claimed again."""
    return {"state": "queued", "attempts": attempts, "owner": None, "expires_at": None, "announced_at": None, "done": None}


def _place(lease: Lease) -> dict[str, object]:
    return {"of_job": lease.job_id, "of_name": lease.name, "of_part": lease.part}
