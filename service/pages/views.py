"""The newest transcripts that were looked at, as pages show them: reading a long one takes longer than all the rest of a page."""

from __future__ import annotations

import functools
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from service.pages.episode_view import EpisodeView, episode_view
from storage.blobs import Blobs
from storage.documents import Transcript

KEPT = 32
"""Views that are kept; one of three hours takes about a megabyte."""


class EpisodeViews:
    """Views by the digest of their transcript, which names its content: a view that is kept is never stale."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._one_at_a_time = threading.Lock()
        self._kept = functools.lru_cache(maxsize=KEPT)(self._read)

    def of(self, digest: str) -> EpisodeView:
        """Return the view of a transcript; `NotFound` and `CorruptBlob` as the blobs have it."""
        return self._kept(digest)

    def _read(self, digest: str) -> EpisodeView:
        document = self._blobs.read(digest)
        with self._one_at_a_time, _uncollected():
            return episode_view(Transcript.model_validate_json(document))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector out: it would look through a hundred thousand new values, which takes longer than to make them.

    A transcript has no cycles, so nothing is found.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
