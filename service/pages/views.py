"""The newest transcripts that were looked at, as pages show them: reading a long one takes longer than all the rest of a page."""

from __future__ import annotations

import functools

from service.pages.episode_view import EpisodeView, episode_view
from storage.blobs import Blobs
from storage.documents import Transcript

KEPT = 32
"""Views that are kept; one of three hours takes about a megabyte."""


class EpisodeViews:
    """Views by the digest of their transcript, which names its content: a view that is kept is never stale."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._kept = functools.lru_cache(maxsize=KEPT)(self._read)

    def of(self, digest: str) -> EpisodeView:
        """Return the view of a transcript; `NotFound` and `CorruptBlob` as the blobs have it."""
        return self._kept(digest)

    def _read(self, digest: str) -> EpisodeView:
        return episode_view(Transcript.model_validate_json(self._blobs.read(digest)))
