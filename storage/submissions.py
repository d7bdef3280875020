"""Requests that must not be done twice: answers by `Idempotency-Key`.

As the IETF's draft "The Idempotency-Key HTTP Header Field" has it: the first request with a key takes it, and once it was
answered, the same request gets the same answer again. The same key with another body is a conflict. A request that failed
gives its key back, so that it can be tried again; one whose process died loses it after `HOLD_SECONDS`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal, cast

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.database import reading
from storage.errors import Conflict, NotFound
from storage.tables import submissions

KEPT_SECONDS = 7 * 24 * 3600.0
"""How long an answer is kept."""

HOLD_SECONDS = 180.0
"""How long a key stays with a request that gives no answer; finding the episodes of a long list of feeds takes a while."""

Taken = Literal["mine", "busy"]

_UNANSWERED = ""


class Submissions:
    """The answered submissions of the ledger; every method is one transaction."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def take(self, key: str, body: str) -> tuple[Taken, None] | tuple[Literal["answered"], str]:
        """Take a key for a request whose body has the digest `body`; return the answer if there is one.

        `mine`: nobody has asked before, and the caller must `answer` or `give_back`. `busy`: the same request is being worked on.
        Raises `Conflict` if the key was used with another body. Old answers are forgotten on the way.
        """
        try:
            with self._engine.begin() as connection:
                return self._take(connection, key, body)
        except IntegrityError:  # PostgreSQL: another process took it between the look and the insert
            with self._engine.begin() as connection:
                return self._take(connection, key, body)

    def _take(self, connection: Connection, key: str, body: str) -> tuple[Taken, None] | tuple[Literal["answered"], str]:
        now = self._clock()
        connection.execute(delete(submissions).where(submissions.c.created_at < now - KEPT_SECONDS))
        row = connection.execute(select(submissions).where(submissions.c.key == key).with_for_update()).first()
        if row is None:
            connection.execute(insert(submissions).values(key=key, body=body, answer=_UNANSWERED, created_at=now))
            return "mine", None
        if row.body != body:
            raise Conflict(
                "This Idempotency-Key was used before, with another request.", hint="Make a new key for each new request."
            )
        if row.answer != _UNANSWERED:
            return "answered", row.answer
        if _is_held(row, now):
            return "busy", None
        connection.execute(update(submissions).where(submissions.c.key == key).values(created_at=now))
        return "mine", None

    def answer(self, key: str, answer: str) -> None:
        """Keep the answer to the request that took the key."""
        with self._engine.begin() as connection:
            connection.execute(update(submissions).where(submissions.c.key == key).values(answer=answer))

    def give_back(self, key: str) -> None:
        """Let the request be tried again: it came to no answer that is worth keeping."""
        mine = (submissions.c.key == key, submissions.c.answer == _UNANSWERED)
        with self._engine.begin() as connection:
            connection.execute(delete(submissions).where(*mine))

    def keep(self, key: str, answer: str) -> None:
        """Keep an answer under a key that is the caller's own invention."""
        with self._engine.begin() as connection:
            connection.execute(insert(submissions).values(key=key, body="", answer=answer, created_at=self._clock()))

    def kept(self, key: str) -> str:
        """Return an answer that was kept; `NotFound` if there is none, or none any more."""
        with reading(self._engine) as connection:
            found = connection.execute(select(submissions.c.answer).where(submissions.c.key == key)).scalar()
        if not found:
            raise NotFound("There is no such submission.", hint="They are forgotten after seven days; the jobs are not.")
        return cast("str", found)


def _is_held(row: Row[Any], now: float) -> bool:
    held: bool = row.created_at > now - HOLD_SECONDS
    return held
