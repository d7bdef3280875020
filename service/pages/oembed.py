"""oEmbed (https://oembed.com): what other sites put into their pages where an address of an episode or chapter is pasted."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import SplitResult, parse_qs, urlencode, urlsplit

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from markupsafe import Markup

from service.api.base import base_address
from service.api.context import Here
from service.api.problems import ProblemError, problem
from service.api.republish import Key
from service.pages.embed import excerpt
from service.pages.episode_view import EpisodeView
from storage.errors import NotFound

router = APIRouter(include_in_schema=False)

WIDTH, HEIGHT = 640, 360
LEAST_WIDTH, LEAST_HEIGHT = 240, 160
"""Pixels of the frame, unless less is asked for; in less than this nothing could be read."""

_PLACE = re.compile(r"/(?:episodes|embed)/(?P<episode>[A-Za-z0-9_.-]{1,64})")
_SECOND = re.compile(r"t=(?P<second>\d{1,7}(?:\.\d{1,3})?)")
_CHAPTER = re.compile(r"[1-9]\d{0,4}", re.ASCII)

_FRAME = Markup(
    '<iframe src="{address}" width="{width}" height="{height}" title="{title}" loading="lazy" frameborder="0" '
    'allow="autoplay" sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"></iframe>'
)


@dataclass(frozen=True)
class Named:
    """What an address names."""

    episode_id: str
    chapter: int | None = None
    """Counted from 1."""
    second: float | None = None
    """Of which the chapter is meant."""


@router.get("/oembed")
def oembed(
    request: Request,
    here: Here,
    *,
    url: Annotated[str, Query(min_length=1, max_length=2000)],
    format: Annotated[str, Query(max_length=20)] = "json",  # noqa: A002 - the parameter's name
    maxwidth: Annotated[int, Query(ge=1, le=10_000)] = WIDTH,
    maxheight: Annotated[int, Query(ge=1, le=10_000)] = HEIGHT,
    key: Key = None,
) -> Response:
    """Return a frame with the chapter that an address of this server names: by `?chapter=3`, or by its second (`#t=754`)."""
    if format != "json":
        raise ProblemError(problem(501, "no-such-format", "Only JSON is offered.", hint="Ask for format=json."))
    base = base_address(request, here)
    named = named_by(url, base)
    record = here.episodes.get(named.episode_id) if named is not None else None
    if named is None or record is None or record.transcript is None:
        raise NotFound("This address names no episode with a transcript here.", hint="Give the address of an episode's page.")
    episode = here.views.of(record.transcript)
    number = _number(episode, named)
    found = excerpt(episode, number, base=base)
    query = {name: value for name, value in (("chapter", number), ("key", key)) if value is not None}
    address = f"{base}/embed/{episode.id}{'?' if query else ''}{urlencode(query)}"
    width, height = max(LEAST_WIDTH, min(maxwidth, WIDTH)), max(LEAST_HEIGHT, min(maxheight, HEIGHT))
    told = {
        "type": "rich", "version": "1.0", "title": found.title, "author_name": episode.show or episode.title,
        "provider_name": "earmark", "provider_url": f"{base}/", "cache_age": 3600, "width": width, "height": height,
        "html": str(_FRAME.format(address=address, width=width, height=height, title=found.title)),
    }  # fmt: skip
    return JSONResponse(told)


def discovery(address: str, base: str) -> str:
    """Return where the frame of an address is told, for the head of its page."""
    return f"{base}/oembed?{urlencode({'url': address, 'format': 'json'})}"


def named_by(address: str, base: str) -> Named | None:
    """Return what an address of this server names; none for any other."""
    try:
        parts = urlsplit(address)
        chapter = parse_qs(parts.query, max_num_fields=20).get("chapter", [""])[-1]
    except ValueError:
        return None
    place = _PLACE.fullmatch(parts.path.removeprefix(urlsplit(base).path))
    if place is None or not _is_ours(parts, urlsplit(base)):
        return None
    second = _SECOND.match(parts.fragment)
    return Named(
        place["episode"],
        int(chapter) if _CHAPTER.fullmatch(chapter) else None,
        float(second["second"]) if second is not None else None,
    )


def _is_ours(parts: SplitResult, base: SplitResult) -> bool:
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == base.netloc.lower()


def _number(episode: EpisodeView, named: Named) -> int | None:
    """Return which chapter is meant; none for all of the episode."""
    if named.chapter is not None or named.second is None or not episode.chapters:
        return named.chapter
    starts = [chapter.start for chapter in episode.chapters]
    return bisect_right(starts, named.second + 0.01) or None  # fragments are cut to hundredths
