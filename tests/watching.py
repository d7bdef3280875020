"""A watched feed on a real server and a real ledger, with a clock that a test sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from jobs.fetch import Fetcher
from jobs.wire import FetchLimits
from storage.deliveries import Deliveries
from storage.feed_items import FeedItems
from storage.feeds import FeedRecord, Feeds
from storage.records import Hint, JobRecord
from storage.requests import Requests
from tests.clock import Clock
from tests.commands import Item, feed_of
from tests.webserver import Reply, WebServer
from worker.desk import Desk
from worker.poll import Polled, PollRules, poll
from worker.settings import Settings
from worker.stores import open_stores
from worker.tools import open_tools

EVERY = 1800.0
START = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
DAY = 86_400.0
FETCHER = Fetcher(FetchLimits(tries=1, document_seconds=10), allow_private=True)


def episode(
    number: int, *, title: str | None = None, day: float | None = None, length: int | None = 1800, mark: str = ""
) -> Item:
    """Return an item of day `number` after the start; a `mark` changes guid and address."""
    published = datetime.fromtimestamp(START + DAY * (number if day is None else day), UTC)
    return Item(
        title=title or f"Episode {number}",
        audio=f"https://media.example.com/{number}{mark}.mp3",
        guid=f"guid-{number}{mark}",
        date=format_datetime(published),
        more="" if length is None else f"<itunes:duration>{length}</itunes:duration>",
    )


@dataclass
class Watching:
    """The desk of a ledger, and one feed at `/feed`."""

    desk: Desk
    server: WebServer
    clock: Clock
    rules: PollRules
    path: str = "/feed"
    more: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The feed's address."""
        return self.server.url(self.path)

    def lists(self, *items: Item, title: str = "A show") -> None:
        """Have the feed list these items from now on."""
        self.server.routes[self.path] = feed_of(*items, title=title)

    def answers(self, reply: Reply) -> None:
        """Have the feed's server answer so from now on."""
        self.server.routes[self.path] = reply

    def watch(self, *, since: float | None = None, every: float = EVERY, webhook: str | None = None) -> FeedRecord:
        """Watch the feed."""
        return self.desk.stores.feeds.add(self.url, every=every, since=since, webhook=webhook)

    def poll(self, *, later: float = EVERY) -> Polled:
        """Poll the feed a while later."""
        self.clock.now += later
        return poll(self.feed.id, self.desk, FETCHER, self.rules)

    @property
    def feed(self) -> FeedRecord:
        """The feed as the ledger has it."""
        found = self.desk.stores.feeds.by_url(self.url)
        assert found is not None
        return found

    @property
    def jobs(self) -> list[JobRecord]:
        """Every job, the oldest first."""
        return list(reversed(self.desk.stores.requests.list(limit=5000).items))

    @property
    def titles(self) -> list[str]:
        """What the jobs are about, sorted."""
        return sorted(job.title for job in self.jobs)


def _heard(hints: Iterable[Hint]) -> tuple[Hint, ...]:
    return tuple(hints)


@contextmanager
def watching(folder: Path, server: WebServer, *, most: int = 50) -> Iterator[Watching]:
    """Open a ledger of its own."""
    clock = Clock(START)
    settings = Settings(data_dir=folder)
    with open_stores(settings) as stores:
        told_the_time = replace(
            stores,
            requests=Requests(stores.engine, clock=clock),
            feeds=Feeds(stores.engine, clock=clock),
            feed_items=FeedItems(stores.engine, clock=clock),
            deliveries=Deliveries(stores.engine, clock=clock),
        )
        rules = PollRules(most=most, clock=clock, jitter=lambda: 1.0)
        desk = Desk(told_the_time, replace(open_tools(settings, stores), fetcher=FETCHER), _heard)
        yield Watching(desk, server, clock, rules)
