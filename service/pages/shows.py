"""The shows, and each with its episodes."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from service.api.context import Here
from service.api.lists import After, Piece, ShowPath
from service.pages.answers import page, wants_page
from service.pages.paging import following
from storage.episodes import EpisodeRecord
from storage.show_list import NO_SHOW, ShowRecord, episodes_of, find_show, list_shows, page_of_shows

router = APIRouter(include_in_schema=False)


_ON_A_PAGE = 50


@dataclass(frozen=True)
class ShowsPage:
    """What the list of shows has to tell."""

    shows: tuple[ShowRecord, ...]
    every: tuple[ShowRecord, ...]
    """Those of other pages, too."""
    next: str | None = None
    """Address of the next page; none at the end."""
    is_first: bool = True
    query: str = ""


@dataclass(frozen=True)
class ShowPage:
    """What the page of a show has to tell."""

    show: ShowRecord
    episodes: tuple[EpisodeRecord, ...]
    next: str | None
    """Place after which the next page begins; none at the end."""
    is_first: bool


@router.get("/")
def shows(request: Request, here: Here, *, q: Piece = None, after: After = None) -> Response:
    """List the shows; a program is led to the entrance of the API."""
    if not wants_page(request.scope):
        return RedirectResponse("/v1")
    every = list_shows(here.engine)
    found = page_of_shows(every, query=q, after=after, limit=_ON_A_PAGE)
    view = ShowsPage(found.items, every, following(request, found.next), is_first=after is None, query=q or "")
    return page(request, "shows.html", view=view)


@router.get("/shows/{show}")
def show(request: Request, here: Here, show: ShowPath, after: After = None) -> Response:
    """List the episodes of a show, the newest first."""
    found = find_show(here.engine, None if show == NO_SHOW else show)
    episodes = episodes_of(here.engine, found, after=after, limit=_ON_A_PAGE)
    return page(request, "show.html", view=ShowPage(found, episodes.items, episodes.next, is_first=after is None))
