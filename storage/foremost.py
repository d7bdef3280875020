"""Which of the waiting steps comes first: by priority, then by the time of its job, then by its part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, Select, bindparam, exists, select, union_all

from storage.records import Queue
from storage.tables import jobs, steps

Room: TypeAlias = Callable[[], int]
"""Says how many bytes of memory there are for a step."""

_ANY_SIZE = 1 << 62

_twin = steps.alias("twin")
_CLAIMABLE = (
    steps.c.state == "queued",
    steps.c.not_before <= bindparam("now"),
    steps.c.needs_bytes <= bindparam("room"),
    # the same work for another job waits, and finds the result; a run by hand that was killed never ends, but its lease does
    ~exists().where(_twin.c.key == steps.c.key, _twin.c.state == "running", _twin.c.expires_at > bindparam("now")),
)
_ORDER = ("priority", "since", "part")


@cache
def _foremost_of(queues: tuple[Queue, ...]) -> Select[Any]:
    """Return the query for the foremost claimable step of some queues; each queue's order stands in an index."""
    order = [steps.c[name] for name in _ORDER]
    each = [select(steps).where(*_CLAIMABLE, steps.c.queue == queue).order_by(*order).limit(1) for queue in queues]
    either = union_all(*(select(first.subquery()) for first in each)).subquery()
    state = select(jobs.c.state).where(jobs.c.id == either.c.job_id).scalar_subquery()
    return select(either, state.label("job_state")).order_by(*(either.c[name] for name in _ORDER)).limit(1)


def foremost(connection: Connection, queues: Iterable[Queue], now: float, room: Room | None) -> Row[Any] | None:
    """Return the foremost claimable step, with its job's state as `job_state`.

    What room there is, is asked for if that step needs any.
    """
    query, wanted = _foremost_of(tuple(queues)), {"now": now, "room": _ANY_SIZE}
    row = connection.execute(query, wanted).first()
    if row is None or room is None or not row.needs_bytes or row.needs_bytes <= (there := room()):
        return row
    return connection.execute(query, {**wanted, "room": there}).first()
