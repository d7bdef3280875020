"""`/v1/feeds`: feeds that are watched for new episodes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from jobs.options import Options
from service.api.asked import Address, Body, Day, OptionsBody, Priority, WebhookBody, new_secret
from service.api.context import Here
from service.api.lists import After, FeedPath, Limit, next_link
from service.api.models import View, maybe_moment
from service.api.problems import documented
from storage.errors import NotFound
from storage.feeds import FeedRecord
from worker.desk import NEW_EPISODE
from worker.settings import Settings

router = APIRouter(prefix="/feeds", tags=["feeds"])

Every = Annotated[int, Field(ge=60, le=30 * 24 * 3600, examples=[1800])]
"""Seconds between two looks at a feed."""

DEFAULT_EVERY = 1800

_LOCATION = {"Location": {"description": "The feed.", "schema": {"type": "string"}}}


class FeedBody(Body):
    """A feed to be watched."""

    url: Address = Field(examples=["https://example.com/feed.xml"])
    """Of the feed itself."""
    every: Every = DEFAULT_EVERY
    """Seconds between two looks at it."""
    since: Day | None = None
    """Episodes published since this day are wanted; with none, those that appear from now on."""
    options: OptionsBody = OptionsBody()
    """Of its jobs."""
    priority: Priority = NEW_EPISODE
    """Of its jobs; higher ones are done first."""
    webhook: WebhookBody | None = None
    """Who is told of the end of its jobs."""


class FeedChangesBody(Body):
    """What is to change about how a feed is watched; what is not given stays."""

    every: Every | None = None
    """Seconds between two looks at it."""
    since: Day | None = None
    """Episodes published since this day are wanted; null for those that appear from now on."""
    options: OptionsBody | None = None
    """Of its jobs, all of them anew."""
    priority: Priority | None = None
    """Of its jobs."""
    webhook: WebhookBody | None = None
    """Who is told of the end of its jobs; null for nobody."""


class Feed(View):
    """One watched feed."""

    id: str = Field(examples=["0c9f6a3d5b7e1842"])
    url: str
    title: str | None
    every: float
    """Seconds between two looks at it."""
    since: datetime | None
    """Episodes published from then on are wanted; with none, those that appeared after the watching began."""
    options: dict[str, str | int | float | bool | None]
    """Of its jobs."""
    priority: int
    webhook: str | None
    """Address that is told of the end of its jobs."""
    webhook_secret: str | None
    """The secret that this request made for a webhook without one; it is told this once."""
    created_at: datetime
    polled_at: datetime | None
    """When it was last read."""
    next_poll_at: datetime
    failures: int
    """Looks that failed since the last one that did not."""
    error: str
    """What went wrong the last time, or what a person should know about it."""
    items: int
    """Items that are known."""


class FeedPage(View):
    """A page of watched feeds, the last added first."""

    items: list[Feed]
    next: str | None = Field(examples=["/v1/feeds?limit=50&after=WzE3NjQw"])
    """Where the next page is; none at the end."""


@router.post(
    "",
    status_code=201,
    summary="Watch a feed",
    responses={201: {"description": "It is watched.", "headers": _LOCATION}, **documented(changing=True)},
)
def watch(body: FeedBody, here: Here, response: Response) -> Feed:
    """Watch a feed; it is looked at soon. One that is watched already is changed to what is asked for now."""
    secret = new_secret(body.webhook)
    feed = here.feeds.add(
        body.url,
        every=float(body.every),
        since=_midnight(body.since),
        options=_options(body.options, here.settings),
        priority=body.priority,
        webhook=body.webhook.stored(secret or "") if body.webhook is not None else None,
    )
    response.headers["Location"] = f"/v1/feeds/{feed.id}"
    return feed_view(feed, secret)


@router.get("", summary="List feeds", responses=documented())
def list_feeds(request: Request, here: Here, after: After = None, limit: Limit = 50) -> FeedPage:
    """List the feeds that are watched, the last added first."""
    page = here.feeds.list(after=after, limit=limit)
    return FeedPage(items=[feed_view(feed) for feed in page.items], next=next_link(request, page))


@router.get("/{feed_id}", summary="Look at a feed", responses=documented(404))
def get_feed(feed_id: FeedPath, here: Here) -> Feed:
    """Return how a feed is watched, and how the last look at it went."""
    return feed_view(here.feeds.get(feed_id))


@router.patch("/{feed_id}", summary="Change how a feed is watched", responses=documented(404, changing=True))
def change_feed(feed_id: FeedPath, body: FeedChangesBody, here: Here) -> Feed:
    """Change what is given, and leave the rest as it is."""
    changes: dict[str, Any] = {}
    secret = new_secret(body.webhook)
    for name in body.model_fields_set:
        value = getattr(body, name)
        match name:
            case "since":
                changes[name] = _midnight(value)
            case "webhook":
                changes[name] = value.stored(secret or "") if value is not None else None
            case "options" if value is not None:
                changes[name] = _options(value, here.settings)
            case _ if value is not None:
                changes[name] = value
    return feed_view(here.feeds.change(feed_id, **changes), secret)


@router.delete(
    "/{feed_id}",
    status_code=204,
    response_class=Response,
    summary="Watch a feed no longer",
    responses={204: {"description": "It is not watched any more; its jobs stay."}, **documented(404, changing=True)},
)
def unwatch(feed_id: FeedPath, here: Here) -> Response:
    """Watch a feed no longer, and forget what it listed. Its jobs and their transcripts stay."""
    if not here.feeds.remove(feed_id):
        raise NotFound(f"No feed {feed_id} is watched.", hint="List the feeds to see their ids.")
    return Response(status_code=204)


def feed_view(feed: FeedRecord, secret: str | None = None) -> Feed:
    """Return a watched feed, without the secret of its webhook unless that was just made."""
    fields = {name: getattr(feed, name) for name in Feed.model_fields if name != "webhook_secret"}
    times = {name: maybe_moment(fields[name]) for name in ("since", "created_at", "polled_at", "next_poll_at")}
    options = Options.model_validate_json(feed.options).model_dump(exclude_defaults=True)
    webhook = json.loads(feed.webhook)["url"] if feed.webhook is not None else None
    return Feed(**{**fields, **times, "options": options, "webhook": webhook, "webhook_secret": secret})


def _options(body: OptionsBody, settings: Settings) -> str:
    return body.options(settings).model_dump_json()


def _midnight(day: date | None) -> float | None:
    return None if day is None else datetime.combine(day, time(), UTC).timestamp()
