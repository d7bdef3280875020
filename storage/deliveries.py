"""The messages to webhooks, each written in the transaction that ended its job: sent, tried again, or given up.

    queued → done | failed

Whoever claims a message has it for `CLAIM_SECONDS`; the try is counted at the claim, so that one whose sender dies is tried
again, and not for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine, Row, select, update

from storage.database import reading
from storage.tables import deliveries

DeliveryState = Literal["queued", "done", "failed"]

WAITS = (5.0, 30.0, 120.0, 600.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
"""Seconds before the second try, the third, and so on; after the last one a message is given up."""

MAX_TRIES = len(WAITS) + 1

CLAIM_SECONDS = 60.0
"""How long a message stays with its sender; a try takes a quarter of that at most."""

_LONGEST_WAIT = 24 * 3600.0
"""Of what a receiver may ask for."""


@dataclass(frozen=True)
class DeliveryRecord:
    """One message; times are seconds since 1970."""

    id: str
    """Goes out as `webhook-id`, the same at each try."""
    job_id: str
    webhook: str
    """Where to, as JSON (`url` and `secret`)."""
    payload: str
    state: DeliveryState
    attempts: int
    next_at: float
    """When it is tried next; when it ended, once it has."""
    error: str
    """Why the last try failed."""
    created_at: float


class Deliveries:
    """The messages of the ledger; every method is one transaction."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def due(self, limit: int = 20) -> tuple[str, ...]:
        """Return the ids of messages whose time has come, the longest waiting first."""
        ready = (deliveries.c.state == "queued", deliveries.c.next_at <= self._clock())
        query = select(deliveries.c.id).where(*ready).order_by(deliveries.c.next_at).limit(limit)
        with reading(self._engine) as connection:
            return tuple(connection.execute(query).scalars())

    def claim(self, delivery_id: str) -> DeliveryRecord | None:
        """Take a message whose time has come, and count the try; none if there is no such, or another sender was first."""
        now = self._clock()
        ready = (deliveries.c.id == delivery_id, deliveries.c.state == "queued", deliveries.c.next_at <= now)
        with self._engine.begin() as connection:
            row = connection.execute(select(deliveries).where(*ready)).first()
            if row is None:
                return None
            unmoved = (*ready, deliveries.c.attempts == row.attempts)
            if row.attempts >= MAX_TRIES:
                values = {"state": "failed", "next_at": now, "error": row.error or "Its senders died, one after another."}
                connection.execute(update(deliveries).where(*unmoved).values(values))
                return None
            taken = {"attempts": row.attempts + 1, "next_at": now + CLAIM_SECONDS}
            if not connection.execute(update(deliveries).where(*unmoved).values(taken)).rowcount:
                return None
            return _record(connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).one())

    def done(self, claimed: DeliveryRecord) -> None:
        """Record that a message was taken in."""
        values = {"state": "done", "error": "", "next_at": self._clock()}
        with self._engine.begin() as connection:
            connection.execute(
                update(deliveries).where(deliveries.c.id == claimed.id, deliveries.c.state == "queued").values(values)
            )

    def failed(
        self, claimed: DeliveryRecord, error: str, *, retry_after: float | None = None, final: bool = False
    ) -> float | None:
        """Record why a try failed; return when the next one is, or none if the message is given up.

        Nothing changes if another sender has claimed it since.
        """
        now = self._clock()
        values: dict[str, object]
        if final or claimed.attempts >= MAX_TRIES:
            next_at = None
            values = {"state": "failed", "error": error, "next_at": now}
        else:
            asked = min(retry_after or 0.0, _LONGEST_WAIT)
            next_at = now + max(WAITS[claimed.attempts - 1], asked)
            values = {"error": error, "next_at": next_at}
        mine = (deliveries.c.id == claimed.id, deliveries.c.state == "queued", deliveries.c.attempts == claimed.attempts)
        with self._engine.begin() as connection:
            connection.execute(update(deliveries).where(*mine).values(values))
        return next_at

    def get(self, delivery_id: str) -> DeliveryRecord | None:
        """Return one message; none if there is no such."""
        with reading(self._engine) as connection:
            row = connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).first()
        return None if row is None else _record(row)

    def list(self, job_id: str, *, limit: int = 100) -> tuple[DeliveryRecord, ...]:
        """Return the messages of one job, the newest first."""
        mine = select(deliveries).where(deliveries.c.job_id == job_id)
        query = mine.order_by(deliveries.c.created_at.desc(), deliveries.c.id).limit(limit)
        with reading(self._engine) as connection:
            return tuple(_record(row) for row in connection.execute(query))


def _record(row: Row[Any]) -> DeliveryRecord:
    return DeliveryRecord(**{name: getattr(row, name) for name in DeliveryRecord.__dataclass_fields__})
