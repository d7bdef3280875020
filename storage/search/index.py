"""The index over all transcripts: what it can do, whichever database it lies in, and how its pages are made.

What is found is ranked in windows: the newest `WINDOW` passages that match, by the date of their episodes, the best of them
first; then the next older ones, ranked among themselves, and so on through the whole archive. A query that matches less than
that, which is nearly every one, is ranked as a whole. One that matches everything, such as "the", costs no more than any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Protocol

from storage.errors import OptionError, QueryInvalid
from storage.paging import Page, page_at, place_of
from storage.search.moments import Moment, moment_of
from storage.search.passages import Entry, Passage
from storage.search.query import Query

WINDOW = 1000
"""Passages that are ranked among themselves."""

MOST_READ = 2000
"""Passages that are read for one page; where a speaker is wanted, many may hold the words, but said by others."""

PATIENCE = 0.5
"""Seconds of work after which a search is given up: hostile queries, mostly."""

PER_DAY = 1 << 20
"""Ids of passages that belong to one day; more of them go into the next one."""

_ENDLESS = 1 << 62


@dataclass(frozen=True)
class Window:
    """Ids of the newest matching passages, the best first."""

    ids: tuple[int, ...]
    newest: int = 0
    """The highest of them."""
    lowest: int | None = None
    """Below this id older ones may match; none if there are no more."""


class SearchIndex(Protocol):
    """An index of passages, in which their ids are in the order of the days of their episodes."""

    def put(self, entry: Entry, passages: Sequence[Passage]) -> None:
        """Index an episode, in place of what was indexed of it before; in one transaction."""

    def remove(self, episode_ids: Collection[str]) -> None:
        """Forget episodes; those that are not there are passed over."""

    def digests(self, episode_id: str | None = None) -> Mapping[str, str]:
        """Return by episode what names all that was indexed of it: of all of them, or of one."""

    def clear(self) -> None:
        """Forget everything."""

    def window(self, query: Query, below: int | None) -> Window:
        """Return the newest matching passages with ids below this one; `QueryInvalid` if that takes too long."""

    def load(self, ids: Sequence[int]) -> Mapping[int, tuple[Entry, Passage]]:
        """Return passages with their episodes; those that are gone are left out."""

    def close(self) -> None:
        """Let go of the database."""


def search(index: SearchIndex, query: Query, *, after: str | None = None, limit: int = 20) -> Page[Moment]:
    """Return a page of moments, the best first.

    `after` is the `next` of the page before; `OptionError` if it is none. A page of a query with a speaker may have less than
    `limit` moments and yet a `next`.
    """
    found: list[Moment] = []
    for read, (place, moment) in enumerate(_moments(index, query, _place(after), limit)):
        if moment is not None:
            if len(found) == limit:
                return page_at(found, place)
            found.append(moment)
        elif read >= MOST_READ:
            return page_at(found, place)
    return page_at(found, None)


def _moments(
    index: SearchIndex, query: Query, place: tuple[float, str], chunk: int
) -> Iterator[tuple[tuple[float, str], Moment | None]]:
    """Yield each passage that matches, from a place on, with its place; no moment if it turns out not to be one."""
    offset, top = int(place[0]), place[1]
    while True:
        window = index.window(query, int(top) if top else None)
        top = top or str(window.newest + 1)  # so that what comes in meanwhile shifts nothing
        for begin in range(offset, len(window.ids), chunk + 1):
            ids = window.ids[begin : begin + chunk + 1]
            loaded = index.load(ids)
            for number, passage_id in enumerate(ids):
                known = loaded.get(passage_id)
                yield (float(begin + number), top), moment_of(*known, query) if known else None
        if window.lowest is None:
            return
        offset, top = 0, str(window.lowest)


def _place(after: str | None) -> tuple[float, str]:
    if after is None:
        return 0.0, ""
    offset, top = place_of(after)
    if not (0 <= offset <= WINDOW and (not top or (top.isascii() and top.isdigit() and len(top) < 19))):
        raise OptionError(f"{after[:40]!r} is not the place of a page.", hint="Give the `next` of the page before.")
    return offset, top


def lowest_id(day: date | None) -> int:
    """Return the id of the first passage of a day, or of all."""
    return 0 if day is None else day.toordinal() * PER_DAY


def highest_id(until: date | None, below: int | None) -> int:
    """Return the highest id that is before a day and below another id."""
    return min(_ENDLESS if until is None else lowest_id(until), _ENDLESS if below is None else below) - 1


def too_much() -> QueryInvalid:
    """Return the error for a query that took too long."""
    hint = "Give a rarer word, a longer beginning, or a filter such as show: or after:."
    return QueryInvalid("The query matches too much, or its words are too frequent.", hint=hint)


def entry_of_row(row: Any) -> Entry:
    """Return an episode as the databases keep it."""
    return Entry(row.id, row.title, row.show, date.fromordinal(row.day), row.published, row.digest)


def day_of(published: datetime | float | None, otherwise: datetime) -> date:
    """Return the day (UTC) under which an episode is filed."""
    moment = datetime.fromtimestamp(published, UTC) if isinstance(published, int | float) else published or otherwise
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
