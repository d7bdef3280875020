"""The feeds that are watched: how often, since when, and how the last poll went.

Of many workers one polls: whoever moves `next_poll_at` on first has the poll for `POLL_SECONDS`, and then somebody else may.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

from sqlalchemy import Connection, Engine, Row, Select, delete, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from storage.database import reading
from storage.errors import NotFound
from storage.paging import Page, page_of, place_of
from storage.tables import feed_items, feeds

POLL_SECONDS = 300.0
"""How long a poll stays with the worker that claimed it; if it died, the feed is due again after that."""


@dataclass(frozen=True)
class FeedRecord:
    """One watched feed; times are seconds since 1970."""

    id: str
    url: str
    """As asked for; it stays, wherever the feed moves, since the ids of its episodes derive from it."""
    title: str | None
    every: float
    """Seconds between polls."""
    since: float | None
    """Episodes published from then on are wanted; with none, those that appear after the watching began."""
    options: str
    """Of its jobs, as JSON (`jobs.options.Options`)."""
    priority: int
    webhook: str | None
    """Where to tell of the end of its jobs, as JSON (`url` and `secret`)."""
    etag: str | None
    last_modified: str | None
    created_at: float
    polled_at: float | None
    """When it was last read with success; none before the first time."""
    next_poll_at: float
    failures: int
    """Polls that failed since the last success."""
    error: str
    """What went wrong with the last poll, or what a person should know about it."""
    items: int
    """Items that are known."""


class FeedChanges(TypedDict, total=False):
    """What of a feed can be changed; what is not given stays."""

    title: str | None
    every: float
    since: float | None
    options: str
    priority: int
    webhook: str | None


class Feeds:
    """The watched feeds of the ledger; every method is one transaction."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    # -------------------------------------------------------------- what people ask for

    def add(
        self,
        url: str,
        *,
        title: str | None = None,
        every: float,
        since: float | None = None,
        options: str = "{}",
        priority: int = 0,
        webhook: str | None = None,
    ) -> FeedRecord:
        """Watch a feed, to be polled at once; one that is watched already is changed to what is asked for now."""
        asked = FeedChanges(every=every, since=since, options=options, priority=priority, webhook=webhook)
        if title is not None:
            asked["title"] = title
        try:
            with self._engine.begin() as connection:
                return self._add(connection, url, asked)
        except IntegrityError:  # PostgreSQL: another process added it between the look and the insert
            with self._engine.begin() as connection:
                return self._add(connection, url, asked)

    def _add(self, connection: Connection, url: str, asked: FeedChanges) -> FeedRecord:
        now = self._clock()
        row = connection.execute(select(feeds).where(feeds.c.url == url).with_for_update()).first()
        if row is not None:
            return self._change(connection, row, asked)
        feed_id = secrets.token_hex(8)
        connection.execute(insert(feeds).values(id=feed_id, url=url, created_at=now, next_poll_at=now, **asked))
        return _one(connection, feed_id)

    def change(self, feed_id: str, **changes: Unpack[FeedChanges]) -> FeedRecord:
        """Change how a feed is watched; `NotFound` if it is not. Another `since` has it read anew at once."""
        with self._engine.begin() as connection:
            row = connection.execute(select(feeds).where(feeds.c.id == feed_id).with_for_update()).first()
            if row is None:
                raise _no_feed(feed_id)
            return self._change(connection, row, changes)

    def _change(self, connection: Connection, row: Row[Any], changes: FeedChanges) -> FeedRecord:
        now = self._clock()
        values: dict[str, object] = {**changes}
        if "since" in changes and changes["since"] != row.since:
            values |= {"etag": None, "last_modified": None, "next_poll_at": now}
        elif "every" in changes:
            values["next_poll_at"] = min(row.next_poll_at, now + changes["every"])
        if values:
            connection.execute(update(feeds).where(feeds.c.id == row.id).values(values))
        return _one(connection, row.id)

    def remove(self, feed_id: str) -> bool:
        """Watch a feed no longer, and forget its items; its jobs stay. False if it was not watched."""
        with self._engine.begin() as connection:
            return connection.execute(delete(feeds).where(feeds.c.id == feed_id)).rowcount == 1

    # -------------------------------------------------------------- looking

    def get(self, feed_id: str) -> FeedRecord:
        """Return one feed; `NotFound` if it is not watched."""
        with reading(self._engine) as connection:
            return _one(connection, feed_id)

    def by_url(self, url: str) -> FeedRecord | None:
        """Return the feed that is watched at this address, written just so; none if there is none."""
        with reading(self._engine) as connection:
            row = connection.execute(_query().where(feeds.c.url == url)).first()
        return None if row is None else _record(row)

    def list(self, *, after: str | None = None, limit: int = 50) -> Page[FeedRecord]:
        """Return a page of feeds, the last added first; `after` is the `next` of the page before."""
        wanted = _query().order_by(feeds.c.created_at.desc(), feeds.c.id.desc()).limit(limit + 1)
        if after is not None:
            wanted = wanted.where(tuple_(feeds.c.created_at, feeds.c.id) < tuple_(*place_of(after)))
        with reading(self._engine) as connection:
            rows = connection.execute(wanted).all()
        return page_of([_record(row) for row in rows], limit, lambda feed: (feed.created_at, feed.id))

    # -------------------------------------------------------------- polling

    def due(self, limit: int = 20) -> tuple[str, ...]:
        """Return the ids of feeds whose time has come, the longest waiting first."""
        query = select(feeds.c.id).where(feeds.c.next_poll_at <= self._clock()).order_by(feeds.c.next_poll_at).limit(limit)
        with reading(self._engine) as connection:
            return tuple(connection.execute(query).scalars())

    def claim_poll(self, feed_id: str, *, early: bool = False) -> bool:
        """Take the poll of a feed whose time has come, or with `early` of any; False if another worker was first."""
        now = self._clock()
        with self._engine.begin() as connection:
            row = connection.execute(select(feeds.c.next_poll_at).where(feeds.c.id == feed_id)).first()
            if row is None or not (early or row.next_poll_at <= now):
                return False
            unmoved = (feeds.c.id == feed_id, feeds.c.next_poll_at == row.next_poll_at)
            return connection.execute(update(feeds).where(*unmoved).values(next_poll_at=now + POLL_SECONDS)).rowcount == 1

    def polled(
        self,
        feed_id: str,
        *,
        next_poll_at: float,
        etag: str | None,
        last_modified: str | None,
        title: str | None = None,
        error: str = "",
    ) -> None:
        """Record that a feed was read; `error` is what a person should know all the same. One removed meanwhile is no error."""
        values: dict[str, object] = {
            "polled_at": self._clock(), "next_poll_at": next_poll_at, "etag": etag, "last_modified": last_modified,
            "failures": 0, "error": error,
        }  # fmt: skip
        if title:
            values["title"] = title
        with self._engine.begin() as connection:
            connection.execute(update(feeds).where(feeds.c.id == feed_id).values(values))

    def failed(self, feed_id: str, error: str, *, next_poll_at: float) -> None:
        """Record that a feed could not be read, and why; it stays watched."""
        values = {"failures": feeds.c.failures + 1, "error": error, "next_poll_at": next_poll_at}
        with self._engine.begin() as connection:
            connection.execute(update(feeds).where(feeds.c.id == feed_id).values(values))


def _query() -> Select[Any]:
    count = select(func.count()).where(feed_items.c.feed_id == feeds.c.id).scalar_subquery()
    return select(feeds, count.label("items"))


def _one(connection: Connection, feed_id: str) -> FeedRecord:
    row = connection.execute(_query().where(feeds.c.id == feed_id)).first()
    if row is None:
        raise _no_feed(feed_id)
    return _record(row)


def _record(row: Row[Any]) -> FeedRecord:
    return FeedRecord(**{name: getattr(row, name) for name in FeedRecord.__dataclass_fields__})


def _no_feed(feed_id: str) -> NotFound:
    return NotFound(f"No feed {feed_id} is watched.", hint="List the feeds to see their ids.")
