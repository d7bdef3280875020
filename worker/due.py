"""What is due now: feeds to poll, messages to deliver, and what the search index missed.

Cheap to call every few seconds, by any number of workers: two looks at an index, and each thing is done by whoever claims it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from jobs.fetch import Fetcher
from storage.errors import EarmarkError, LedgerUnavailable, NotFound
from worker.deliver import deliver
from worker.desk import Desk
from worker.poll import PollRules, poll, record_failure

_log = logging.getLogger("earmark.due")

INDEXING_SECONDS = 10.0
"""After which no further episode is indexed for search until the next time."""

SECONDS = 30.0
"""After which nothing more is begun, so that slow servers hold up their own feeds and messages alone."""


@dataclass(frozen=True)
class Due:
    """What was done."""

    polls: int = 0
    deliveries: int = 0
    indexed: int = 0
    """Episodes whose transcript or title had changed unseen by the search index."""


def run_due(desk: Desk, fetcher: Fetcher, *, rules: PollRules | None = None, limit: int = 20, seconds: float = SECONDS) -> Due:
    """Claim and do what is due, up to `limit` of each kind; what goes wrong is recorded or logged, and nothing raised."""
    rules = rules or PollRules()
    deadline = time.monotonic() + seconds
    stores = desk.stores

    def one_message(delivery_id: str) -> bool:
        return deliver(delivery_id, stores.deliveries, fetcher, clock=rules.clock)

    def one_feed(feed_id: str) -> bool:
        return _poll(feed_id, desk, fetcher, rules)

    deliveries = _each(lambda: stores.deliveries.due(limit), one_message, deadline)
    polls = _each(lambda: stores.feeds.due(limit), one_feed, deadline)
    return Due(polls, deliveries, _index(desk, seconds=min(INDEXING_SECONDS, seconds)))


def _index(desk: Desk, *, seconds: float) -> int:
    """Make up for what the search index missed."""
    try:
        return desk.stores.indexer.catch_up_now_and_then(seconds=seconds).indexed
    except EarmarkError as error:
        _log.warning("%s", error)
        return 0


def _each(due: Callable[[], Iterable[str]], work: Callable[[str], bool], deadline: float) -> int:
    """Do what is due, each by itself; return how many went well."""
    count = 0
    try:
        for name in due():
            if time.monotonic() >= deadline:
                break
            count += _guarded(name, work)
    except LedgerUnavailable as error:
        _log.warning("%s", error)
    return count


def _guarded(name: str, work: Callable[[str], bool]) -> bool:
    try:
        return work(name)
    except LedgerUnavailable:
        raise
    except Exception:  # noqa: BLE001 - one that goes wrong holds up no other
        _log.exception("%s could not be done; it is tried again", name)
        return False


def _poll(feed_id: str, desk: Desk, fetcher: Fetcher, rules: PollRules) -> bool:
    """Poll a feed if nobody else does; True if it could be read."""
    if not desk.stores.feeds.claim_poll(feed_id):
        return False
    try:
        return poll(feed_id, desk, fetcher, rules).state != "failed"
    except NotFound:
        return False  # a person removed it meanwhile
    except EarmarkError:
        raise  # of the ledger, not of the feed
    except Exception as error:  # noqa: BLE001 - whatever a feed brings about is told with the feed
        _log.exception("the feed %s could not be polled", feed_id)
        record_failure(desk.stores.feeds.get(feed_id), error, desk, rules)
        return False
