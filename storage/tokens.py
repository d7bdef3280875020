"""API tokens and feed keys, hashed at rest.

A token is `earmark_`, a feed key `earmarkfeed_`; then come an id by which its row is found, and 256 random bits. Nobody can guess
or enumerate those, so one round of sha256 keeps them as safe as a slow hash would keep a password, and costs nothing at each
request. The digests are compared in constant time, also where there is no row, so that the time of an answer tells nothing about
ids either.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine, Row, delete, insert, or_, select, tuple_, update

from storage.database import reading
from storage.errors import EarmarkError
from storage.paging import Page, page_of, place_of
from storage.tables import tokens

Scope = Literal["api", "feeds"]
"""What a secret opens: the API, or feeds and what they link to, for reading alone."""

_PREFIXES: dict[Scope, str] = {"api": "earmark", "feeds": "earmarkfeed"}
_TOKEN = re.compile(r"(earmark|earmarkfeed)_([0-9a-f]{12})_([0-9a-f]{64})")
_NOTED_EVERY = 60.0
"""Seconds between notes of a token's use: a busy client need not cost a write at each request."""
_NOBODY = "0" * 64


@dataclass(frozen=True)
class TokenRecord:
    """One token, without its secret; times are seconds since 1970."""

    id: str
    name: str
    """Who or what uses it."""
    created_at: float
    used_at: float | None
    """When it was last used, to the minute."""
    scope: Scope = "api"
    show: str | None = None
    """Key of the one show whose feed it opens; none for all."""


class Tokens:
    """The API tokens of the ledger; every method is one transaction."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def create(self, name: str, *, scope: Scope = "api", show: str | None = None) -> tuple[TokenRecord, str]:
        """Make a token, or a feed key; return it with its secret, which is told this once and kept nowhere."""
        token_id, secret = secrets.token_hex(6), secrets.token_hex(32)
        record = TokenRecord(token_id, name, self._clock(), None, scope, show)
        values = {"id": token_id, "name": name, "created_at": record.created_at, "scope": scope, "show": show}
        with self._engine.begin() as connection:
            connection.execute(insert(tokens).values({**values, "digest": _digest(secret)}))
        return record, f"{_PREFIXES[scope]}_{token_id}_{secret}"

    def check(self, token: str, *, scope: Scope = "api") -> TokenRecord | None:
        """Return the token that was shown, and note its use; none if it is wrong, revoked, or of another scope."""
        shape = _TOKEN.fullmatch(token)
        if shape is None or shape[1] != _PREFIXES[scope]:
            return None
        wanted = select(tokens).where(tokens.c.id == shape[2], tokens.c.scope == scope)
        with reading(self._engine) as connection:
            row = connection.execute(wanted).first()
        same = hmac.compare_digest(_digest(shape[3]), row.digest if row is not None else _NOBODY)
        if row is None or not same:
            return None
        self._note_use(row)
        return _record(row)

    def list(self, *, after: str | None = None, limit: int = 50) -> Page[TokenRecord]:
        """Return a page of tokens, the newest first; `after` is the `next` of the page before."""
        wanted = select(tokens).order_by(tokens.c.created_at.desc(), tokens.c.id.desc()).limit(limit + 1)
        if after is not None:
            wanted = wanted.where(tuple_(tokens.c.created_at, tokens.c.id) < tuple_(*place_of(after)))
        with reading(self._engine) as connection:
            rows = connection.execute(wanted).all()
        return page_of([_record(row) for row in rows], limit, lambda token: (token.created_at, token.id))

    def revoke(self, token_id: str) -> bool:
        """Let a token open nothing any more; False if there is no such."""
        with self._engine.begin() as connection:
            return connection.execute(delete(tokens).where(tokens.c.id == token_id)).rowcount == 1

    def _note_use(self, row: Row[Any]) -> None:
        now = self._clock()
        if row.used_at is not None and row.used_at > now - _NOTED_EVERY:
            return
        stale = or_(tokens.c.used_at.is_(None), tokens.c.used_at <= now - _NOTED_EVERY)
        try:
            with self._engine.begin() as connection:
                connection.execute(update(tokens).where(tokens.c.id == row.id, stale).values(used_at=now))
        except EarmarkError:
            return  # a ledger that can be read but not written can still be read by those who may


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def _record(row: Row[Any]) -> TokenRecord:
    return TokenRecord(row.id, row.name, row.created_at, row.used_at, row.scope, row.show)
