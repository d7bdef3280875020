"""The shows of the ledger, and the episodes of each. A show is what `show_key` makes of its title, however that is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, false, func, or_, select, tuple_

from storage.database import reading
from storage.episodes import EpisodeRecord, record_of
from storage.errors import NotFound
from storage.paging import Page, page_of, place_of
from storage.shows import show_key
from storage.tables import episodes

NO_SHOW = "-"
"""Stands for the key of episodes without a show; no title has this key."""


@dataclass(frozen=True)
class ShowRecord:
    """A show, or the episodes without one."""

    key: str | None
    """As `show_key` has it; none for episodes without a show."""
    title: str | None
    """As its newest episode writes it."""
    spellings: tuple[str | None, ...]
    """Every title that its episodes give it."""
    episodes: int
    transcribed: int
    newest: float | None
    """When its newest episode came out, in seconds since 1970; none where no episode says."""


def list_shows(engine: Engine) -> tuple[ShowRecord, ...]:
    """Return all shows by title, the episodes without a show last."""
    counted = select(
        episodes.c.show,
        func.count().label("episodes"),
        func.count(episodes.c.transcript).label("transcribed"),
        func.max(episodes.c.published).label("newest"),
    ).group_by(episodes.c.show)
    with reading(engine) as connection:
        rows = connection.execute(counted).all()
    alike: dict[str | None, list[Row[Any]]] = {}
    for row in rows:
        alike.setdefault(show_key(row.show), []).append(row)
    return tuple(sorted((_show(key, alike[key]) for key in alike), key=_place_of_show))


def page_of_shows(
    shows: Sequence[ShowRecord], *, query: str | None = None, after: str | None = None, limit: int = 50
) -> Page[ShowRecord]:
    """Return a page of all shows; `query` is a piece of a title in any case, `after` the `next` of the page before."""
    wanted = [show for show in shows if not query or query.casefold() in (show.title or "").casefold()]
    if after is not None:
        place = place_of(after)
        wanted = [show for show in wanted if _place_of_show(show) > place]
    return page_of(wanted, limit, _place_of_show)


def find_show(engine: Engine, key: str | None) -> ShowRecord:
    """Return one show by its key; `NotFound` if no episode is of it."""
    found = next((show for show in list_shows(engine) if show.key == key), None)
    if found is None:
        raise NotFound("There is no such show.", hint="List the shows to see which there are.")
    return found


def episodes_of(
    engine: Engine, show: ShowRecord, *, transcribed: bool = False, after: str | None = None, limit: int = 50
) -> Page[EpisodeRecord]:
    """Return a page of a show's episodes, those published last first; `after` is the `next` of the page before.

    With `transcribed`, those alone that have a transcript.
    """
    day = func.coalesce(episodes.c.published, episodes.c.first_seen)
    wanted = select(episodes).where(_is_of(show)).order_by(day.desc(), episodes.c.id.desc()).limit(limit + 1)
    if transcribed:
        wanted = wanted.where(episodes.c.transcript.is_not(None))
    if after is not None:
        wanted = wanted.where(tuple_(day, episodes.c.id) < tuple_(*place_of(after)))
    with reading(engine) as connection:
        rows = connection.execute(wanted).all()
    return page_of([record_of(row) for row in rows], limit, _place)


def _place_of_show(show: ShowRecord) -> tuple[float, str]:
    return float(show.key is None), show.key or ""


def _place(episode: EpisodeRecord) -> tuple[float, str]:
    return (episode.first_seen if episode.published is None else episode.published), episode.id


def _is_of(show: ShowRecord) -> ColumnElement[bool]:
    titles = [title for title in show.spellings if title is not None]
    untitled = episodes.c.show.is_(None) if None in show.spellings else false()
    return or_(episodes.c.show.in_(titles), untitled)


def _show(key: str | None, rows: Iterable[Row[Any]]) -> ShowRecord:
    newest_first = sorted(rows, key=lambda row: (row.newest is None, -(row.newest or 0.0), row.show or ""))
    return ShowRecord(
        key=key,
        title=newest_first[0].show if key is not None else None,
        spellings=tuple(row.show for row in newest_first),
        episodes=sum(row.episodes for row in newest_first),
        transcribed=sum(row.transcribed for row in newest_first),
        newest=newest_first[0].newest,
    )
