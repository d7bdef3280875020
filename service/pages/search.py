"""The search page: the same search as `GET /v1/search`, with a field for each filter."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from service.api.context import Here
from service.pages.answers import page
from service.pages.spoken_text import Piece
from storage.errors import QueryInvalid
from storage.plain import one_line
from storage.search.index import search
from storage.search.moments import Moment
from storage.search.query import LONGEST_QUERY, parse_query
from storage.show_list import list_shows

router = APIRouter(include_in_schema=False)

_ON_A_PAGE = 20

_OFFERED = 500
"""Shows that are offered to choose from; any other can be typed."""

_QUOTES = re.compile('["“”„]')

Field = Annotated[str, Query(max_length=LONGEST_QUERY + 1)]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was filled in."""

    q: str = ""
    show: str = ""
    speaker: str = ""
    chapter: str = ""
    after: str = ""
    before: str = ""

    @property
    def query(self) -> str:
        """The same as one text, in the language of `storage.search.query`."""
        return " ".join(self._parts())

    def _parts(self) -> Iterator[str]:
        if self.q.strip():
            yield self.q.strip()
        for name in ("show", "speaker", "chapter"):
            # quotation marks would end the phrase; they are no part of a word, so nothing is lost without them
            if text := _QUOTES.sub(" ", getattr(self, name)).strip():
                yield f'{name}:"{text}"'
        for name in ("after", "before"):
            if text := "".join(getattr(self, name).split()):
                yield f"{name}:{text}"

    def address(self, place: str | None) -> str:
        """Return where a page of what was found is."""
        filled = {field.name: getattr(self, field.name) for field in fields(self) if getattr(self, field.name)}
        return f"/search?{urlencode(filled | ({'page': place} if place else {}))}"


@dataclass(frozen=True, slots=True)
class MomentView:
    """A moment, as the page shows it."""

    episode_id: str
    title: str
    show: str | None
    published: float | None
    chapter: str | None
    speaker: str | None
    sentence: tuple[Piece, ...]
    start: float


@dataclass(frozen=True, slots=True)
class SearchPage:
    """What the page has to tell."""

    wanted: Wanted
    shows: tuple[str, ...]
    """Titles to choose from."""
    moments: tuple[MomentView, ...] = ()
    next: str | None = None
    """Address of the next page; none at the end."""
    is_first: bool = True
    wrong: str = ""
    """What is wrong with the query."""


@router.get("/search")
def search_page(
    request: Request,
    here: Here,
    *,
    q: Field = "",
    show: Field = "",
    speaker: Field = "",
    chapter: Field = "",
    after: Field = "",
    before: Field = "",
    place: Annotated[str | None, Query(alias="page", min_length=1, max_length=300)] = None,
) -> Response:
    """Show what was found; with nothing filled in, how to ask."""
    wanted = Wanted(q, show, speaker, chapter, after, before)
    shows = tuple(known.title for known in list_shows(here.engine) if known.title)[:_OFFERED]
    if not wanted.query:
        return page(request, "search.html", view=SearchPage(wanted, shows))
    try:
        found = search(here.search_index, parse_query(wanted.query), after=place, limit=_ON_A_PAGE)
    except QueryInvalid as error:
        return page(request, "search.html", status=422, view=SearchPage(wanted, shows, wrong=str(error)))
    moments = tuple(moment_view(moment) for moment in found.items)
    more = wanted.address(found.next) if found.next else None
    return page(request, "search.html", view=SearchPage(wanted, shows, moments, more, is_first=place is None))


def moment_view(moment: Moment) -> MomentView:
    """Return a moment with its hits apart."""
    return MomentView(
        episode_id=moment.episode_id,
        title=one_line(moment.title) or "Untitled",
        show=one_line(moment.show or "") or None,
        published=moment.published,
        chapter=one_line(moment.chapter or "") or None,
        speaker=one_line(moment.speaker or "") or None,
        sentence=tuple(_pieces(moment.sentence, moment.marks)),
        start=moment.start,
    )


def _pieces(text: str, marks: tuple[tuple[int, int], ...]) -> Iterator[Piece]:
    at = 0
    for begin, end in marks:
        if begin > at:
            yield Piece(text[at:begin])
        yield Piece(text[begin:end], found=True)
        at = end
    if at < len(text):
        yield Piece(text[at:])
