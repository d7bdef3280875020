"""What each watched feed has listed so far, and which of it became a job."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.database import reading
from storage.documents import Episode
from storage.errors import NotFound
from storage.tables import feed_items, feeds

_LEFT_OUT = ""
"""In place of a job's id in the column `job_id`."""


@dataclass(frozen=True)
class FeedItem:
    """One item as it was listed last; times are seconds since 1970."""

    episode_id: str
    guid: str | None
    audio_url: str | None
    title: str
    published: float | None
    duration: float | None
    job_id: str | None = None
    """The job that was asked for; none for what was there before the watching began."""
    left_out: bool = False
    """It would have been asked for, but too many came at once."""


def item_of(episode: Episode, *, job_id: str | None = None, left_out: bool = False) -> FeedItem:
    """Return an episode as an item to be remembered."""
    return FeedItem(
        episode_id=episode.id,
        guid=episode.guid,
        audio_url=episode.audio_url,
        title=episode.title,
        published=episode.published.timestamp() if episode.published else None,
        duration=episode.published_duration,
        job_id=job_id,
        left_out=left_out and job_id is None,
    )


class FeedItems:
    """The items of the ledger's feeds; every method is one transaction."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def of(self, feed_id: str) -> tuple[FeedItem, ...]:
        """Return every item that a feed has listed."""
        query = select(feed_items).where(feed_items.c.feed_id == feed_id)
        with reading(self._engine) as connection:
            return tuple(_item(row) for row in connection.execute(query))

    def remember(self, feed_id: str, items: Sequence[FeedItem]) -> None:
        """Put items in, or bring them up to date; `NotFound` if the feed is not watched any more."""
        if not items:
            return
        try:
            with self._engine.begin() as connection:
                self._remember(connection, feed_id, items)
        except IntegrityError:  # PostgreSQL: another process put one in between the look and the insert
            with self._engine.begin() as connection:
                self._remember(connection, feed_id, items)

    def _remember(self, connection: Connection, feed_id: str, items: Sequence[FeedItem]) -> None:
        if connection.execute(select(feeds.c.id).where(feeds.c.id == feed_id)).first() is None:
            raise NotFound(f"The feed {feed_id} is not watched any more.", hint="Watch it again to have its episodes.")
        now = self._clock()
        for item in items:
            values = {
                "guid": item.guid, "audio_url": item.audio_url, "title": item.title, "published": item.published,
                "duration": item.duration, "job_id": _LEFT_OUT if item.left_out else item.job_id,
            }  # fmt: skip
            here = (feed_items.c.feed_id == feed_id, feed_items.c.episode_id == item.episode_id)
            if not connection.execute(update(feed_items).where(*here).values(values)).rowcount:
                made = {"feed_id": feed_id, "episode_id": item.episode_id, "seen_at": now}
                connection.execute(insert(feed_items).values({**made, **values}))

    def left_out(self, feed_id: str) -> int:
        """Return how many items wait that were too many at once."""
        mine = (feed_items.c.feed_id == feed_id, feed_items.c.job_id == _LEFT_OUT)
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).where(*mine)).scalar() or 0)

    def asked_for(self, feed_id: str, *, limit: int) -> tuple[FeedItem, ...]:
        """Return the newest items that became jobs."""
        mine = (feed_items.c.feed_id == feed_id, feed_items.c.job_id.is_not(None), feed_items.c.job_id != _LEFT_OUT)
        newest = (func.coalesce(feed_items.c.published, feed_items.c.seen_at).desc(), feed_items.c.seen_at.desc())
        with reading(self._engine) as connection:
            rows = connection.execute(select(feed_items).where(*mine).order_by(*newest).limit(limit)).all()
        return tuple(_item(row) for row in rows)


def _item(row: Row[Any]) -> FeedItem:
    return FeedItem(
        episode_id=row.episode_id,
        guid=row.guid,
        audio_url=row.audio_url,
        title=row.title,
        published=row.published,
        duration=row.duration,
        job_id=row.job_id or None,
        left_out=row.job_id == _LEFT_OUT,
    )
