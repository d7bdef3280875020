"""Pages of lists: how a client asks for them, and where the next one is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Query, Request

from storage.paging import Page

After = Annotated[
    str | None,
    Query(description="Place after which the page begins; follow `next` instead of making one.", min_length=1, max_length=300),
]
Limit = Annotated[int, Query(description="Most items of the page.", ge=1, le=200)]
Piece = Annotated[
    str | None,
    Query(alias="q", description="A piece of the title, in any case.", min_length=1, max_length=200, pattern=r"^[^\x00]*$"),
]

_ID = r"^[A-Za-z0-9_.-]{1,64}$"
IdQuery = Annotated[str | None, Query(pattern=_ID)]
JobPath = Annotated[str, Path(description="Id of a job.", pattern=_ID, examples=["5f3a9c0b7d1e2f48"])]
EpisodePath = Annotated[str, Path(description="Id of an episode.", pattern=_ID, examples=["ep_q7l2k5x3n4m6v2aa"])]
ShowPath = Annotated[str, Path(description="Id of a show.", pattern=r"^[^\x00-\x20/]{1,200}$", examples=["the-show"])]
FeedPath = Annotated[str, Path(description="Id of a feed.", pattern=_ID, examples=["0c9f6a3d5b7e1842"])]


def next_link(request: Request, page: Page[Any]) -> str | None:
    """Return where the page after this one is, with the same filters; none at the end."""
    if page.next is None:
        return None
    return f"{request.url.path}?{request.url.include_query_params(after=page.next).query}"
