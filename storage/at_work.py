"""Who is at work: processes that hold the lease of a step, as the ledger shows them on any machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from storage.database import reading
from storage.tables import steps


@dataclass(frozen=True)
class AtWork:
    """Those at work on one queue."""

    processes: int
    steps: int


def at_work(engine: Engine, *, clock: Callable[[], float] = time.time) -> dict[str, AtWork]:
    """Return who is at work by queue; a process that waits for work holds no lease, and is not seen."""
    busy = (steps.c.state == "running", steps.c.expires_at > clock(), steps.c.queue.is_not(None))
    counted = select(steps.c.queue, func.count(steps.c.owner.distinct()), func.count()).where(*busy).group_by(steps.c.queue)
    with reading(engine) as connection:
        return {row[0]: AtWork(row[1], row[2]) for row in connection.execute(counted)}
