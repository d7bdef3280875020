"""What the commands about watched feeds share: finding a feed, and a poll by hand."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.identity import normalise_url
from storage.errors import NotFound
from storage.feeds import FeedRecord, Feeds
from worker.desk import Desk
from worker.poll import Polled, PollRules, poll
from worker.settings import Settings


def every_feed(feeds: Feeds) -> Iterator[FeedRecord]:
    """Yield all watched feeds, the last added first."""
    after = None
    while True:
        page = feeds.list(after=after, limit=200)
        yield from page.items
        after = page.next
        if after is None:
            return


def find_feed(feeds: Feeds, text: str) -> FeedRecord:
    """Return the feed that a person names by id or address, however that is written; `NotFound` if it is not watched."""
    for feed in every_feed(feeds):
        if text in {feed.id, feed.url}:
            return feed
    same = [feed for feed in every_feed(feeds) if normalise_url(feed.url) == normalise_url(text)]
    if len(same) != 1:
        raise NotFound(f"{text} is not watched.", hint="`earmark feeds` lists what is, with ids and addresses.")
    return same[0]


def poll_now(feed: FeedRecord, desk: Desk, settings: Settings) -> Polled | None:
    """Poll a feed whether it is due or not; none if a worker is just about it."""
    if not desk.stores.feeds.claim_poll(feed.id, early=True):
        return None
    return poll(feed.id, desk, desk.tools.fetcher, PollRules(most=settings.max_new_episodes))
