"""One poll of a watched feed: has it changed, what of it is new, and when to look again.

Every item that a feed lists is remembered, so that it is known again; which ones are asked for, `_Taking` decides. A job is
submitted before its item is remembered: a crash between the two leads to the same job again, since there is one for each episode
and options.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pydantic import ValidationError

from jobs.feed import Feed
from jobs.feed_check import Checked, check_feed
from jobs.fetch import Fetcher
from jobs.identity import normalise_url
from jobs.options import Options
from jobs.recognise import Recogniser
from storage.documents import Publication
from storage.errors import EarmarkError, OptionError, TransientError
from storage.feed_items import FeedItem, item_of
from storage.feeds import FeedRecord
from worker.desk import NEW_EPISODE, Asked, Desk

LONGEST_BACKOFF = 24 * 3600.0
"""Of a feed that fails again and again, unless its interval is longer."""

_LONGEST_REQUEST = 7 * 24 * 3600.0
"""Of a server that asks us to wait."""

MOST_AT_ONCE = 50
"""Episodes of one feed that one poll asks for, unless the settings say otherwise."""


def usual_jitter() -> float:
    """Return a factor of 0.9 to 1.1, so that feeds added together do not stay together."""
    return random.uniform(0.9, 1.1)  # noqa: S311 - nobody gains by guessing it


@dataclass(frozen=True)
class PollRules:
    """How a poll goes about it."""

    most: int = MOST_AT_ONCE
    clock: Callable[[], float] = time.time
    jitter: Callable[[], float] = usual_jitter


@dataclass(frozen=True)
class Polled:
    """How a poll went."""

    state: Literal["read", "unchanged", "failed"]
    submitted: tuple[str, ...] = ()
    """Ids of the jobs of new episodes."""
    remembered: int = 0
    """Items that are new, and were not asked for."""
    recognised: int = 0
    """Items that are known under another guid or address."""
    left_out: int = 0
    """Items that wait because too many came at once, in this poll or before."""
    error: str = ""
    """What went wrong, or what a person should know."""


def poll(feed_id: str, desk: Desk, fetcher: Fetcher, rules: PollRules | None = None) -> Polled:
    """Poll a feed whose poll the caller has claimed, and submit what is new.

    What is wrong with the feed is recorded with it. Raises `NotFound` if it is not watched, `LedgerUnavailable` if nothing can be
    recorded.
    """
    rules = rules or PollRules()
    feed = desk.stores.feeds.get(feed_id)
    try:
        options = _options(feed)
        checked = check_feed(feed.url, fetcher, etag=feed.etag, last_modified=feed.last_modified)
    except EarmarkError as error:
        return _failed(feed, error, desk, rules)
    outcome = _unchanged(feed, desk) if checked.feed is None else _take(feed, checked.feed, options, desk, rules)
    note = " ".join(filter(None, (_about_left_out(feed, outcome.left_out, rules), _about_move(feed, checked))))
    waiting = outcome.left_out > 0 and feed.since is not None  # the rest is taken from the next reading, changed or not
    desk.stores.feeds.polled(
        feed.id,
        next_poll_at=rules.clock() + feed.every * rules.jitter(),
        etag=None if waiting else checked.etag,
        last_modified=None if waiting else checked.last_modified,
        title=checked.feed.title if checked.feed else None,
        error=note,
    )
    return replace(outcome, error=note)


def record_failure(feed: FeedRecord, error: Exception, desk: Desk, rules: PollRules) -> str:
    """Note that a poll failed, and when to look again; return what was noted."""
    asked = error.retry_after or 0.0 if isinstance(error, TransientError) else 0.0
    wait = min(max(LONGEST_BACKOFF, feed.every), feed.every * 2.0 ** min(feed.failures, 40) * rules.jitter())
    text = str(error) if isinstance(error, EarmarkError) else f"Something unforeseen happened: {type(error).__name__}: {error}"
    note = " ".join(filter(None, (text, _about_left_out(feed, desk.stores.feed_items.left_out(feed.id), rules))))
    desk.stores.feeds.failed(feed.id, note, next_poll_at=rules.clock() + max(wait, min(asked, _LONGEST_REQUEST)))
    return note


def _failed(feed: FeedRecord, error: EarmarkError, desk: Desk, rules: PollRules) -> Polled:
    return Polled("failed", error=record_failure(feed, error, desk, rules))


def _unchanged(feed: FeedRecord, desk: Desk) -> Polled:
    return Polled("unchanged", left_out=desk.stores.feed_items.left_out(feed.id))


def _options(feed: FeedRecord) -> Options:
    try:
        return Options.model_validate_json(feed.options)
    except ValidationError as error:
        raise OptionError("The feed's options cannot be read.", hint="Watch it again, with the options that you want.") from error


# ------------------------------------------------------------------ what is new


@dataclass
class _Taking:
    """One reading of a feed, sorted into what is asked for and what is only remembered."""

    feed: FeedRecord
    most: int
    now: float
    is_first: bool
    """Nothing that the feed lists was ever seen before."""
    wanted: list[tuple[Publication, int]] = field(default_factory=list)
    """With the priority of its job."""
    remembered: list[FeedItem] = field(default_factory=list)
    new: int = 0
    recognised: int = 0

    def sort(self, publications: Sequence[Publication], known: Sequence[FeedItem]) -> None:
        """Sort the items, the newest first."""
        items = [item_of(publication.episode) for publication in publications]
        recogniser = Recogniser(known, items)
        for publication, item in zip(publications, items, strict=True):
            found = recogniser.find(item)
            self._sort_one(publication, item, found)
            recogniser.add(item if found is None else replace(item, job_id=found.job_id, left_out=found.left_out))

    def _sort_one(self, publication: Publication, item: FeedItem, found: FeedItem | None) -> None:
        if found is None and self._wants_new(item):
            is_backlog = self.is_first and not self._came_out_since(self.feed.created_at, item)
            self._ask_for(publication, item, self.feed.priority if is_backlog else NEW_EPISODE)
        elif found is not None and found.job_id is None and self._is_asked_for_by_date(item):
            self._ask_for(publication, item, self.feed.priority)
        elif found is None:
            self.new += 1
            self.remembered.append(item)
        else:
            self.recognised += found.episode_id != item.episode_id
            as_now = replace(item, job_id=found.job_id, left_out=found.left_out)
            if as_now != found:
                self.remembered.append(as_now)

    def _ask_for(self, publication: Publication, item: FeedItem, priority: int) -> None:
        if len(self.wanted) < self.most:
            self.wanted.append((publication, max(priority, self.feed.priority)))
        else:
            self.remembered.append(replace(item, left_out=True))

    def _wants_new(self, item: FeedItem) -> bool:
        """Tell whether an item that was never listed before is to be done."""
        if self.feed.since is not None and item.published is not None:
            return item.published >= self.feed.since
        return not self.is_first or self._came_out_since(self.feed.created_at, item)

    def _is_asked_for_by_date(self, item: FeedItem) -> bool:
        return self.feed.since is not None and item.published is not None and item.published >= self.feed.since

    def _came_out_since(self, moment: float, item: FeedItem) -> bool:
        """Tell whether an item is dated after a moment; one that is dated ahead was there before it."""
        return item.published is not None and moment <= item.published <= self.now


def _take(feed: FeedRecord, read: Feed, options: Options, desk: Desk, rules: PollRules) -> Polled:
    """Submit what is wanted, one by one, and remember the rest."""
    items = desk.stores.feed_items
    known = items.of(feed.id)
    taking = _Taking(feed, rules.most, rules.clock(), is_first=not known)
    taking.sort(read.publications, known)
    items.remember(feed.id, taking.remembered)
    jobs = tuple(_submit(taking, options, desk))
    return Polled(
        "read",
        submitted=jobs,
        remembered=taking.new,
        recognised=taking.recognised,
        left_out=items.left_out(feed.id),
    )


def _submit(taking: _Taking, options: Options, desk: Desk) -> Iterator[str]:
    feed = taking.feed
    for publication, priority in taking.wanted:
        asked = Asked(publication=publication, options=options, priority=priority, webhook=feed.webhook)
        job = desk.submit(asked).job
        desk.stores.feed_items.remember(feed.id, [item_of(publication.episode, job_id=job.id)])
        yield job.id


# ------------------------------------------------------------------ what a person should know


def _about_left_out(feed: FeedRecord, count: int, rules: PollRules) -> str:
    if not count:
        return ""
    if feed.since is not None:
        return f"{count} more episodes wait: {rules.most} are taken at a poll."
    return (
        f"{count} episodes were left out, since more than {rules.most} came at once. "
        "If you want them, submit them, or watch the feed with --since."
    )


def _about_move(feed: FeedRecord, checked: Checked) -> str:
    """Say that the feed has moved; from http to https of one address is no move."""
    if checked.moved_to is None or normalise_url(checked.moved_to) == normalise_url(feed.url.partition("?")[0]):
        return ""
    return (
        f"The feed has moved to {checked.moved_to}; it is still read by way of its old address, by which its episodes are known."
    )
