"""Shows as their episodes tell of them, and the transcribed episodes of one, the newest first.

A show is its title however that is written (`storage.shows`), so several spellings in the ledger are one show here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select, tuple_

from storage.database import reading
from storage.episodes import EpisodeRecord, record_of
from storage.errors import NotFound
from storage.paging import Page, page_of, place_of
from storage.shows import show_key
from storage.tables import episodes, jobs


@dataclass(frozen=True)
class ShowRecord:
    """A show, in short; times are seconds since 1970."""

    key: str
    """What it is known by: `storage.shows.show_key` of its title."""
    title: str
    """As most of its episodes write it."""
    titles: tuple[str, ...]
    """Every way in which it is written."""
    episodes: int
    """That were asked for."""
    transcribed: int
    newest: float | None
    """When its newest transcribed episode was published, or first seen where that is not known; none without any."""


class ShowEpisodes:
    """The shows of the ledger's episodes; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def shows(self, *, transcribed: bool = True) -> tuple[ShowRecord, ...]:
        """Return all shows by title; with `transcribed`, those alone that have a transcript."""
        with reading(self._engine) as connection:
            found = _shows(connection)
        return tuple(show for show in found if show.transcribed or not transcribed)

    def get(self, key: str) -> ShowRecord:
        """Return one show; `NotFound` if nobody asked for an episode of it."""
        with reading(self._engine) as connection:
            titles = [title for title in connection.execute(_TITLES).scalars() if show_key(title) == key]
            found = _shows(connection, titles) if titles else ()
        if not found:
            raise NotFound(f"There is no episode of a show {key}.", hint="List the shows to see their ids.")
        return found[0]

    def page(self, show: ShowRecord, *, after: str | None = None, limit: int = 50) -> Page[EpisodeRecord]:
        """Return a page of a show's transcribed episodes, the last published first; `after` is the `next` of the page before."""
        wanted = select(episodes).where(episodes.c.show.in_(show.titles), episodes.c.transcript.is_not(None))
        wanted = wanted.order_by(_WHEN.desc(), episodes.c.id.desc()).limit(limit + 1)
        if after is not None:
            wanted = wanted.where(tuple_(_WHEN, episodes.c.id) < tuple_(*place_of(after)))
        with reading(self._engine) as connection:
            rows = connection.execute(wanted).all()
        return page_of([record_of(row) for row in rows], limit, lambda found: (_when(found), found.id))

    def requests(self, records: Iterable[EpisodeRecord]) -> dict[str, str]:
        """Return, by episode, what the job that made its transcript was asked (JSON), for jobs that workers did."""
        made = {record.job_id: record.id for record in records if record.job_id is not None}
        wanted = select(jobs.c.id, jobs.c.request).where(jobs.c.id.in_(made), jobs.c.request.is_not(None))
        with reading(self._engine) as connection:
            return {made[row.id]: row.request for row in connection.execute(wanted)}


_TITLES = select(episodes.c.show).where(episodes.c.show.is_not(None)).distinct()
_WHEN = func.coalesce(episodes.c.published, episodes.c.first_seen)


def _when(record: EpisodeRecord) -> float:
    return record.first_seen if record.published is None else record.published


def _shows(connection: Connection, titles: Iterable[str] | None = None) -> tuple[ShowRecord, ...]:
    """Return shows by title, all of them or those that are written in one of these ways."""
    newest = func.max(_WHEN).filter(episodes.c.transcript.is_not(None))
    wanted = select(episodes.c.show, func.count(), func.count(episodes.c.transcript), newest)
    wanted = wanted.where(episodes.c.show.is_not(None) if titles is None else episodes.c.show.in_(list(titles)))
    spellings: dict[str, list[tuple[str, int, int, float | None]]] = {}
    for row in connection.execute(wanted.group_by(episodes.c.show)):
        key = show_key(row[0])
        if key is not None:
            spellings.setdefault(key, []).append((row[0], row[1], row[2], row[3]))
    return tuple(
        sorted((_show(key, rows) for key, rows in spellings.items()), key=lambda show: (show.title.casefold(), show.key))
    )


def _show(key: str, rows: list[tuple[str, int, int, float | None]]) -> ShowRecord:
    usual = max(rows, key=lambda row: (row[1], row[0]))[0]
    times = [row[3] for row in rows if row[3] is not None]
    counts = sum(row[1] for row in rows), sum(row[2] for row in rows)
    return ShowRecord(key, usual, tuple(row[0] for row in rows), *counts, max(times, default=None))
