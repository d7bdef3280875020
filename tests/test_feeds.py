"""The feeds that are watched, on a real SQLite file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from storage.database import open_database, sqlite_url
from storage.errors import NotFound
from storage.feeds import POLL_SECONDS, Feeds
from tests.clock import Clock

URL = "https://example.com/feed.xml"
HALF_HOUR = 1800.0


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock(1_000_000.0)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Lend a real database."""
    opened = open_database(sqlite_url(tmp_path / "ledger.db"))
    yield opened
    opened.dispose()


@pytest.fixture
def feeds(engine: Engine, clock: Clock) -> Feeds:
    """Return the watched feeds of that database."""
    return Feeds(engine, clock=clock)


def test_a_feed_is_kept_as_it_was_asked_for(feeds: Feeds, clock: Clock) -> None:
    """And it is due at once."""
    feed = feeds.add(URL, title="A show", every=HALF_HOUR, since=5.0, options='{"model": "tiny"}', priority=10, webhook="{}")
    assert (feed.url, feed.title, feed.every, feed.since, feed.priority) == (URL, "A show", HALF_HOUR, 5.0, 10)
    assert (feed.options, feed.webhook, feed.items, feed.failures, feed.error) == ('{"model": "tiny"}', "{}", 0, 0, "")
    assert (feed.created_at, feed.polled_at, feed.next_poll_at) == (clock.now, None, clock.now)
    assert feeds.get(feed.id) == feeds.by_url(URL) == feed
    assert feeds.due() == (feed.id,)


def test_the_same_address_again_is_the_same_feed_changed(feeds: Feeds) -> None:
    """Its title stays if none is given."""
    first = feeds.add(URL, title="A show", every=HALF_HOUR)
    again = feeds.add(URL, every=60.0, priority=3)
    assert again == replace(first, every=60.0, priority=3)
    assert feeds.list().items == (again,)


def test_thirty_threads_that_add_one_feed_get_one_feed(feeds: Feeds) -> None:
    """Adding is atomic."""
    ids: list[str] = []
    barrier = threading.Barrier(30)

    def add() -> None:
        barrier.wait()
        ids.append(feeds.add(URL, every=HALF_HOUR).id)

    threads = [threading.Thread(target=add) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 30
    assert len(set(ids)) == 1


def test_what_is_not_given_is_not_changed(feeds: Feeds) -> None:
    """None is a value, leaving out is not."""
    feed = feeds.add(URL, every=HALF_HOUR, webhook="{}", priority=4)
    assert feeds.change(feed.id, webhook=None) == replace(feed, webhook=None)
    assert feeds.change(feed.id) == replace(feed, webhook=None)


def test_another_beginning_has_the_feed_read_anew_at_once(feeds: Feeds, clock: Clock) -> None:
    """Even if the server would say that nothing changed."""
    feed = feeds.add(URL, every=HALF_HOUR)
    feeds.polled(feed.id, next_poll_at=clock.now + HALF_HOUR, etag='"1"', last_modified="yesterday")
    assert feeds.due() == ()
    changed = feeds.change(feed.id, since=7.0)
    assert (changed.etag, changed.last_modified, changed.since) == (None, None, 7.0)
    assert feeds.due() == (feed.id,)


def test_a_shorter_interval_counts_from_now(feeds: Feeds, clock: Clock) -> None:
    """A longer one counts from the next poll."""
    feed = feeds.add(URL, every=86_400.0)
    feeds.polled(feed.id, next_poll_at=clock.now + 86_400.0, etag=None, last_modified=None)
    assert feeds.change(feed.id, every=60.0).next_poll_at == clock.now + 60.0
    assert feeds.change(feed.id, every=3600.0).next_poll_at == clock.now + 60.0


def test_a_feed_that_is_not_watched_is_said_to_be_none(feeds: Feeds) -> None:
    """By id, by address, and when it is changed or removed."""
    with pytest.raises(NotFound, match="ab12"):
        feeds.get("ab12")
    with pytest.raises(NotFound, match="ab12"):
        feeds.change("ab12", every=60.0)
    assert feeds.by_url(URL) is None
    assert not feeds.remove("ab12")
    feed = feeds.add(URL, every=HALF_HOUR)
    assert feeds.remove(feed.id)
    assert feeds.list().items == ()
    assert not feeds.claim_poll(feed.id)


def test_a_long_list_comes_in_pages(feeds: Feeds, clock: Clock) -> None:
    """Each goes on where the one before ended, the last added first."""
    for number in range(7):
        clock.now += 1
        feeds.add(f"{URL}?{number}", every=HALF_HOUR)
    seen = []
    page = feeds.list(limit=3)
    while True:
        seen += [feed.url for feed in page.items]
        if page.next is None:
            break
        page = feeds.list(limit=3, after=page.next)
    assert seen == [f"{URL}?{number}" for number in reversed(range(7))]


def test_of_many_workers_one_polls(feeds: Feeds) -> None:
    """The others find it claimed."""
    feed = feeds.add(URL, every=HALF_HOUR)
    won: list[bool] = []
    barrier = threading.Barrier(20)

    def claim() -> None:
        barrier.wait()
        won.append(feeds.claim_poll(feed.id))

    threads = [threading.Thread(target=claim) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 19 + [True]


def test_a_poll_whose_worker_died_is_due_again_after_a_while(feeds: Feeds, clock: Clock) -> None:
    """Five minutes, whatever the interval."""
    feed = feeds.add(URL, every=86_400.0)
    assert feeds.claim_poll(feed.id)
    assert feeds.due() == ()
    clock.now += POLL_SECONDS
    assert feeds.due() == (feed.id,)
    assert feeds.claim_poll(feed.id)


def test_a_poll_before_its_time_has_to_be_asked_for(feeds: Feeds, clock: Clock) -> None:
    """As a person does who will not wait."""
    feed = feeds.add(URL, every=HALF_HOUR)
    feeds.polled(feed.id, next_poll_at=clock.now + HALF_HOUR, etag=None, last_modified=None)
    assert not feeds.claim_poll(feed.id)
    assert feeds.claim_poll(feed.id, early=True)


def test_errors_are_counted_until_a_poll_goes_well(feeds: Feeds, clock: Clock) -> None:
    """The last one is told."""
    feed = feeds.add(URL, every=HALF_HOUR)
    feeds.failed(feed.id, "no answer", next_poll_at=clock.now + 1)
    feeds.failed(feed.id, "404", next_poll_at=clock.now + 2)
    assert (feeds.get(feed.id).failures, feeds.get(feed.id).error, feeds.get(feed.id).polled_at) == (2, "404", None)
    feeds.polled(feed.id, next_poll_at=clock.now + 3, etag='"1"', last_modified=None, title="New title")
    now = feeds.get(feed.id)
    assert (now.failures, now.error, now.polled_at, now.next_poll_at) == (0, "", clock.now, clock.now + 3)
    assert (now.title, now.etag) == ("New title", '"1"')


def test_the_longest_waiting_feed_is_due_first(feeds: Feeds, clock: Clock) -> None:
    """And no more of them than asked for."""
    ids = []
    for number in range(4):
        clock.now += 1
        ids.append(feeds.add(f"{URL}?{number}", every=HALF_HOUR).id)
    assert feeds.due(3) == tuple(ids[:3])
