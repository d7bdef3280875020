"""Every episode that was asked for, and where its newest transcript is."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select, tuple_, update

from storage.database import reading
from storage.documents import Episode
from storage.errors import NotFound
from storage.paging import Page, page_of, place_of
from storage.tables import episodes

_IDS_AT_ONCE = 1000
"""Databases take no more than some ten thousands in one question."""


@dataclass(frozen=True)
class EpisodeRecord:
    """One episode, in short; times are seconds since 1970."""

    id: str
    title: str
    show: str | None
    guid: str | None
    audio_url: str | None
    page_url: str | None
    feed_url: str | None
    published: float | None
    duration: float | None
    language: str | None
    transcript: str | None
    """Digest of the newest transcript; none while there is none."""
    job_id: str | None
    """The job that made it."""
    first_seen: float
    transcribed_at: float | None


class Episodes:
    """The episodes of the ledger."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def remember(self, episode: Episode) -> None:
        """Put an episode in, or bring what its publisher says of it up to date."""
        with self._engine.begin() as connection:
            remember(connection, episode, self._clock())

    def get(self, episode_id: str) -> EpisodeRecord:
        """Return one episode; `NotFound` if nobody asked for it."""
        with reading(self._engine) as connection:
            row = connection.execute(select(episodes).where(episodes.c.id == episode_id)).first()
        if row is None:
            raise NotFound(f"There is no episode {episode_id}.", hint="List the episodes to see their ids.")
        return record_of(row)

    def titles(self, episode_ids: Collection[str]) -> dict[str, str]:
        """Return the titles of these episodes by id; those that nobody asked for are left out."""
        with reading(self._engine) as connection:
            return titles_of(connection, episode_ids)

    def list(
        self,
        *,
        show: str | None = None,
        query: str | None = None,
        transcribed: bool | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[EpisodeRecord]:
        """Return a page of episodes, the last asked for first.

        `show` is the show's whole title, `query` a piece of the episode's title in any case, `transcribed` whether there is a
        transcript. `after` is the `next` of the page before; `OptionError` if it is none.
        """
        wanted = select(episodes).order_by(episodes.c.first_seen.desc(), episodes.c.id.desc()).limit(limit + 1)
        if show is not None:
            wanted = wanted.where(episodes.c.show == show)
        if query:
            wanted = wanted.where(func.lower(episodes.c.title).contains(query.lower(), autoescape=True))
        if transcribed is not None:
            wanted = wanted.where(episodes.c.transcript.is_not(None) if transcribed else episodes.c.transcript.is_(None))
        if after is not None:
            wanted = wanted.where(tuple_(episodes.c.first_seen, episodes.c.id) < tuple_(*place_of(after)))
        with reading(self._engine) as connection:
            rows = connection.execute(wanted).all()
        return page_of([record_of(row) for row in rows], limit, lambda found: (found.first_seen, found.id))

    def transcribed(self) -> tuple[EpisodeRecord, ...]:
        """Return every episode that has a transcript, those published last first."""
        wanted = select(episodes).where(episodes.c.transcript.is_not(None))
        with reading(self._engine) as connection:
            rows = connection.execute(wanted.order_by(episodes.c.published.desc().nulls_last(), episodes.c.id)).all()
        return tuple(record_of(row) for row in rows)


def remember(connection: Connection, episode: Episode, now: float) -> None:
    """Put an episode in, or bring it up to date, in the caller's transaction."""
    values = {
        "title": episode.title, "show": episode.show, "guid": episode.guid, "audio_url": episode.audio_url,
        "page_url": episode.page_url, "feed_url": episode.feed_url, "published": _stamp(episode.published),
        "duration": episode.published_duration, "language": episode.language,
    }  # fmt: skip
    here = episodes.c.id == episode.id
    if not connection.execute(update(episodes).where(here).values(values)).rowcount:
        connection.execute(insert(episodes).values(id=episode.id, first_seen=now, **values))


def titles_of(connection: Connection, episode_ids: Collection[str]) -> dict[str, str]:
    """Return the titles of these episodes by id, in the caller's transaction; those that nobody asked for are left out."""
    wanted = select(episodes.c.id, episodes.c.title)
    ids, found = list(dict.fromkeys(episode_ids)), dict[str, str]()
    for first in range(0, len(ids), _IDS_AT_ONCE):
        some = ids[first : first + _IDS_AT_ONCE]
        found.update((row.id, row.title) for row in connection.execute(wanted.where(episodes.c.id.in_(some))))
    return found


def _stamp(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def record_of(row: Row[Any]) -> EpisodeRecord:
    """Return an episode as its row of the ledger has it."""
    return EpisodeRecord(**{name: getattr(row, name) for name in EpisodeRecord.__dataclass_fields__})
