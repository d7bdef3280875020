"""The index kept in step with the ledger: what was finished, replaced, renamed or removed there is so here.

The ledger says which transcript of an episode is the newest, and the episode's title and show; a digest over these is kept with
what was indexed. So whoever finishes a transcript indexes it at once, and whatever was missed (a process died, a title changed
in a feed, the index was lost) is found by comparing digests, and done later. Nothing is lost if indexing fails, and no job
fails for it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from pydantic import ValidationError

from storage.blobs import Blobs
from storage.documents import Transcript
from storage.episodes import EpisodeRecord, Episodes
from storage.errors import CorruptBlob, EarmarkError, IndexDamaged, NotFound
from storage.search.index import SearchIndex, day_of
from storage.search.passages import Entry, passages_of, title_of

_log = logging.getLogger("earmark.search")

LOOK_EVERY = 60.0
"""Seconds between two comparisons with the ledger that nobody asked for."""

_UNREADABLE = (NotFound, CorruptBlob, ValidationError)
"""What is wrong with a transcript that will be no better next time."""


@dataclass(frozen=True)
class CaughtUp:
    """What a comparison with the ledger led to."""

    indexed: int = 0
    removed: int = 0
    missing: int = 0
    """Episodes that were left for later, or whose transcripts cannot be read."""


class Indexer:
    """Indexes what the ledger has."""

    def __init__(
        self, opened: Callable[[], SearchIndex], episodes: Episodes, blobs: Blobs, *, discard: Callable[[], None] = lambda: None
    ) -> None:
        self._opened = opened
        self._discard = discard
        self._episodes = episodes
        self._blobs = blobs
        self._unreadable: set[str] = set()
        self._looked: float | None = None

    @cached_property
    def index(self) -> SearchIndex:
        """The index, opened by the first who needs it."""
        return self._opened()

    def refresh(self, episode_id: str) -> None:
        """Index an episode's newest transcript; what goes wrong is logged, and done again by `catch_up`."""
        try:
            self._refresh(episode_id)
        except (EarmarkError, ValidationError) as error:
            _log.warning("The episode %s could not be indexed for search; it is tried again: %s", episode_id, error)

    def _refresh(self, episode_id: str) -> None:
        try:
            record = self._episodes.get(episode_id)
        except NotFound:
            self.index.remove([episode_id])
            return
        if record.transcript is None:
            self.index.remove([episode_id])
        elif self.index.digests(episode_id).get(episode_id) != digest_of(record):
            self._put(record, record.transcript)

    def catch_up(self, *, seconds: float | None = None, told: Callable[[int, int], None] = lambda _done, _of: None) -> CaughtUp:
        """Compare with the ledger and make up for every difference, the newest episodes first.

        Stops after so many seconds; `told` hears how many of how many are done.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        wanted = {record.id: record for record in self._episodes.transcribed()}
        known = self.index.digests()
        gone = [episode_id for episode_id in known if episode_id not in wanted]
        self.index.remove(gone)
        stale = [record for record in wanted.values() if known.get(record.id) != digest_of(record)]
        done = 0
        for number, record in enumerate(stale):
            if deadline is not None and time.monotonic() >= deadline:
                break
            done += self._put_if_readable(record)
            told(number + 1, len(stale))
        return CaughtUp(done, len(gone), len(stale) - done)

    def catch_up_now_and_then(self, *, seconds: float) -> CaughtUp:
        """Catch up, unless it was done a moment ago by this process."""
        now = time.monotonic()
        if self._looked is not None and now - self._looked < LOOK_EVERY:
            return CaughtUp()
        self._looked = now
        return self.catch_up(seconds=seconds)

    def missing(self) -> int:
        """Return how many episodes are not indexed as they are by now."""
        known = self.index.digests()
        return sum(known.get(record.id) != digest_of(record) for record in self._episodes.transcribed())

    def rebuild(self, told: Callable[[int, int], None] = lambda _done, _of: None) -> CaughtUp:
        """Make the whole index anew from the transcripts; one that is damaged is thrown away first."""
        self._unreadable.clear()
        try:
            self.index.clear()
        except IndexDamaged:
            self.close()
            self._discard()
            self.index.clear()
        return self.catch_up(told=told)

    def close(self) -> None:
        """Close the index, if it was opened."""
        opened = self.__dict__.pop("index", None)
        if opened is not None:
            opened.close()

    def _put_if_readable(self, record: EpisodeRecord) -> bool:
        """Index an episode; False if its transcript is gone or damaged, which is said once."""
        digest = record.transcript or ""
        if digest in self._unreadable:
            return False
        try:
            self._put(record, digest)
        except _UNREADABLE as error:
            self._unreadable.add(digest)
            _log.warning("The transcript of %s cannot be indexed for search: %s", record.id, error)
            return False
        return True

    def _put(self, record: EpisodeRecord, digest: str) -> None:
        transcript = Transcript.model_validate_json(self._blobs.read(digest))
        entry = Entry(
            id=record.id,
            title=title_of(record.title),
            show=None if record.show is None else title_of(record.show),
            day=day_of(record.published, transcript.audio.fetched_at),
            published=record.published,
            digest=digest_of(record),
        )
        self.index.put(entry, list(passages_of(transcript)))


def digest_of(record: EpisodeRecord) -> str:
    """Return what names all that is indexed of an episode."""
    told = [record.transcript, record.title, record.show, record.published]
    return hashlib.sha256(json.dumps(told).encode("ascii")).hexdigest()[:32]
