"""Which items of a watched feed were there before, also when their publisher gave them new guids or moved their audio.

An item is known if it has the guid of one that was listed before, or its enclosure (as `normalise_url` compares addresses), or
its title, day and length. Titles alone say little: many shows have an “Update” each week, and some a “News” each hour. So

- two items that a feed lists beside each other under guids and addresses of their own are two, whatever their titles;
- where several of one title came out on one day, only the very moment of publication tells which is which;
- a guid that several listed items bear names none of them.

Two jobs for one episode cost some computing; one for two episodes would lose one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from jobs.identity import normalise_url
from storage.feed_items import FeedItem

SAME_LENGTH = 1.0
"""Seconds by which the lengths of one episode may differ: publishers round."""

_DAY = 86_400.0


class Recogniser:
    """Tells the items of one reading of a feed that are known from those that are new."""

    def __init__(self, known: Iterable[FeedItem], listed: Sequence[FeedItem]) -> None:
        bearers = Counter(item.guid for item in listed if item.guid)
        self._shared_guids = {guid for guid, count in bearers.items() if count > 1}
        self._by_id: dict[str, FeedItem] = {}
        self._by_guid: dict[str, FeedItem] = {}
        self._by_audio: dict[str, FeedItem] = {}
        self._by_title: dict[str, list[FeedItem]] = defaultdict(list)
        self._listed_moments = _moments(listed)
        known = tuple(known)
        self._known_moments = _moments(known)
        for item in known:
            self._index(item)
        self._still_listed = {found.episode_id for item in listed if (found := self._by_name(item)) is not None}

    def find(self, item: FeedItem) -> FeedItem | None:
        """Return the known item that this one is; none if it is new."""
        return self._by_name(item) or self._by_looks(item)

    def add(self, item: FeedItem) -> None:
        """Count an item of this reading among the known ones."""
        self._index(item)
        self._still_listed.add(item.episode_id)

    def _index(self, item: FeedItem) -> None:
        self._by_id[item.episode_id] = item
        if item.guid:
            _prefer(self._by_guid, item.guid, item)
        if item.audio_url:
            _prefer(self._by_audio, normalise_url(item.audio_url), item)
        self._by_title[_plain(item.title)].append(item)

    def _by_name(self, item: FeedItem) -> FeedItem | None:
        found = self._by_id.get(item.episode_id)
        if found is None and item.guid and item.guid not in self._shared_guids:
            found = self._by_guid.get(item.guid)
        if found is None and item.audio_url:
            found = self._by_audio.get(normalise_url(item.audio_url))
        return found

    def _by_looks(self, item: FeedItem) -> FeedItem | None:
        title = _plain(item.title)
        gone = [known for known in self._by_title.get(title, ()) if known.episode_id not in self._still_listed]
        for known in gone:
            if item.published is not None and known.published == item.published and _lengths_agree(known, item, unknown=True):
                return known
        day = (title, _day(item))
        if day[1] is None or max(len(self._listed_moments[day]), len(self._known_moments[day])) > 1:
            return None
        same_day = (known for known in gone if _day(known) == day[1] and _lengths_agree(known, item, unknown=False))
        return next(same_day, None)


def _prefer(index: dict[str, FeedItem], key: str, item: FeedItem) -> None:
    """Keep, of several items of one name, one that became a job."""
    if key not in index or index[key].job_id is None:
        index[key] = item


def _moments(items: Iterable[FeedItem]) -> defaultdict[tuple[str, int | None], set[float]]:
    """Return when items of one title came out on one day."""
    found: defaultdict[tuple[str, int | None], set[float]] = defaultdict(set)
    for item in items:
        if item.published is not None:
            found[_plain(item.title), _day(item)].add(item.published)
    return found


def _lengths_agree(first: FeedItem, second: FeedItem, *, unknown: bool) -> bool:
    if first.duration is None or second.duration is None:
        return unknown
    return abs(first.duration - second.duration) <= SAME_LENGTH


def _day(item: FeedItem) -> int | None:
    return None if item.published is None else int(item.published // _DAY)


def _plain(title: str) -> str:
    return " ".join(title.split()).casefold()
