"""The feeds that are watched for new episodes."""

from __future__ import annotations

import time
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from service.api import feeds as api
from service.api.context import Context, Here
from service.api.feeds import DEFAULT_EVERY, FeedBody
from service.api.lists import After, FeedPath
from service.api.problems import Problem, of_faults
from service.intervals import ahead, before, interval
from service.pages.answers import page, see
from service.pages.forms import Form, Posted
from service.pages.paging import following
from storage.errors import NotFound

router = APIRouter(include_in_schema=False)

_ON_A_PAGE = 50

EVERY = ((900, "15 minutes"), (DEFAULT_EVERY, "30 minutes"), (3600, "hour"), (6 * 3600, "6 hours"), (86_400, "day"))
"""How often a feed may be looked at, as the form offers it."""


@router.get("/feeds")
def feeds(request: Request, here: Here, after: After = None) -> Response:
    """List the feeds that are watched, the last added first."""
    return _listed(request, here, after=after)


@router.post("/feeds")
def watch(request: Request, here: Here, form: Posted) -> Response:
    """Watch a feed; one that is watched already is changed."""
    every = form.text("every")
    asked = {"url": form.text("url"), "every": int(every) if every.isascii() and every.isdecimal() else every}
    try:
        body = FeedBody.model_validate({**asked, "since": form.text("since") or None})
    except ValidationError as error:
        return _listed(request, here, form, of_faults(error.errors(include_url=False)))
    api.watch(body, here, Response())
    return see("/feeds")


@router.post("/feeds/{feed_id}/unwatch")
def unwatch(here: Here, feed_id: FeedPath) -> Response:
    """Watch a feed no longer; its jobs and their transcripts stay."""
    if not here.feeds.remove(feed_id):
        raise NotFound(f"No feed {feed_id} is watched.", hint="It may have been removed already.")
    return see("/feeds")


def _listed(
    request: Request, here: Context, form: Form | None = None, wrong: Problem | None = None, *, after: str | None = None
) -> Response:
    found, now = here.feeds.list(after=after, limit=_ON_A_PAGE), time.time()
    rows = [(feed, interval(feed.every), before(feed.polled_at, now), ahead(feed.next_poll_at, now)) for feed in found.items]
    names = ("url", "every", "since")
    filled: Mapping[str, str] = {name: form.text(name) if form is not None else "" for name in names}
    status = wrong.status if wrong is not None else 200
    following_page = following(request, found.next)
    return page(
        request, "feeds.html", status=status, feeds=rows, filled=filled, problem=wrong, every=EVERY, usual=DEFAULT_EVERY,
        next=following_page,
    )  # fmt: skip
