"""`/v1/shows/{show}/feed.xml` and `/v1/shows.opml`: shows given on as feeds that other players read."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response

from service.api.base import base_address
from service.api.context import Context, Here
from service.api.episodes import names_tag
from service.api.lists import After, ShowPath
from service.api.problems import documented
from service.republish.feed import MOST_ITEMS, USUAL_ITEMS, Republisher
from service.republish.links import FeedLinks
from storage.export.rss import rss

router = APIRouter(tags=["shows"])

RSS_TYPE = "application/rss+xml"
OPML_TYPE = "text/x-opml"

_KEY = "A feed key, for players that send no header: `earmark token create NAME --feeds`. Everything that is linked carries it."
Key = Annotated[str | None, Query(description=_KEY, max_length=200)]
Items = Annotated[int, Query(description="Most episodes of the page.", ge=1, le=MOST_ITEMS)]
IfNoneMatch = Annotated[str | None, Header(description="An `ETag` that is known already.")]
IfModifiedSince = Annotated[
    str | None, Header(description="A `Last-Modified` that is known already; `If-None-Match` goes before it.")
]

_TEXT = {"schema": {"type": "string"}}
_HEADERS = {
    "ETag": {"description": "Names this state of the feed.", **_TEXT},
    "Last-Modified": {"description": "When the newest transcript was made.", **_TEXT},
}


def _described(media_type: str, text: str, *more: int) -> dict[int | str, dict[str, Any]]:
    told: dict[int | str, dict[str, Any]] = {
        200: {"description": text, "content": {media_type: _TEXT}, "headers": _HEADERS},
        304: {"description": "It is as it was."},
    }
    return told | documented(403, *more)


@router.head("/shows/{show}/feed.xml", include_in_schema=False)
@router.get(
    "/shows/{show}/feed.xml",
    summary="Give on a show as a feed",
    response_class=Response,
    responses=_described(RSS_TYPE, "RSS 2.0, a page of it (RFC 5005).", 404),
)
def get_feed(
    show: ShowPath,
    request: Request,
    here: Here,
    *,
    key: Key = None,
    after: After = None,
    limit: Items = USUAL_ITEMS,
    if_none_match: IfNoneMatch = None,
    if_modified_since: IfModifiedSince = None,
) -> Response:
    """Return the transcribed episodes of a show, the newest first, with the publisher's own files.

    Beside each are its transcript (`podcast:transcript`), its chapters (`podcast:chapters`, and Podlove Simple Chapters inside)
    and its people (`podcast:person`). The `next` page has older episodes.
    """
    page = _republisher(here).page(show, FeedLinks(base_address(request, here), key), after=after, limit=limit)
    return _conditional(rss(page), RSS_TYPE, page.built, if_none_match, if_modified_since)


@router.head("/shows.opml", include_in_schema=False)
@router.get(
    "/shows.opml",
    summary="List the feeds of all shows",
    response_class=Response,
    responses=_described(OPML_TYPE, "OPML 2.0, for players to subscribe to all of them."),
)
def get_opml(request: Request, here: Here, *, key: Key = None, if_none_match: IfNoneMatch = None) -> Response:
    """Return the feeds of all shows of which an episode has a transcript."""
    made = _republisher(here).opml(FeedLinks(base_address(request, here), key))
    return _conditional(made, OPML_TYPE, None, if_none_match, None)


def _republisher(here: Context) -> Republisher:
    return Republisher(here.engine, here.outlines)


def _conditional(body: bytes, media_type: str, built: datetime | None, known: str | None, since: str | None) -> Response:
    """Return a body, or that it is known (RFC 9110, 13)."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if built is not None:
        headers["Last-Modified"] = format_datetime(built, usegmt=True)
    unchanged = names_tag(known, tag) if known is not None else built is not None and _is_since(since, built)
    return Response(status_code=304, headers=headers) if unchanged else Response(body, media_type=media_type, headers=headers)


def _is_since(since: str | None, built: datetime) -> bool:
    try:
        moment = parsedate_to_datetime(since or "")
    except (ValueError, TypeError):
        return False
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) >= built.replace(microsecond=0)
