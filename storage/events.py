"""The history of jobs: what happened to each, in order, to be read again from any place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, func, select

from storage.database import reading
from storage.tables import events


@dataclass(frozen=True)
class EventRecord:
    """Something that happened to a job; `id` grows, `at` is seconds since 1970."""

    id: int
    job_id: str
    at: float
    kind: str
    data: dict[str, Any]


class Events:
    """The events of the ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_job(self, job_id: str, *, after: int = 0, limit: int = 500) -> tuple[EventRecord, ...]:
        """Return what happened to a job after the event `after`, the oldest first."""
        query = select(events).where(events.c.job_id == job_id, events.c.id > after).order_by(events.c.id).limit(limit)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple(EventRecord(row.id, row.job_id, row.at, row.kind, json.loads(row.data)) for row in rows)

    def last(self) -> int:
        """Return the id of the newest event; 0 if there is none."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.max(events.c.id))).scalar() or 0)
