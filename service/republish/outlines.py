"""Outlines of transcripts, kept in memory: a transcript never changes under its digest."""

from __future__ import annotations

import threading
from collections import OrderedDict

from storage.blobs import Blobs
from storage.outline import Outline, read_outline

MOST = 2_000
"""Outlines that are kept, those used last; each takes some ten kilobytes."""


class Outlines:
    """Reads outlines, and keeps those that were used last; for several threads."""

    def __init__(self, blobs: Blobs, *, most: int = MOST) -> None:
        self._blobs = blobs
        self._most = most
        self._kept: OrderedDict[str, Outline] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: str) -> Outline:
        """Return the outline of a transcript; raises `NotFound`, `CorruptBlob` and `SourceError`."""
        with self._lock:
            if digest in self._kept:
                self._kept.move_to_end(digest)
                return self._kept[digest]
        outline = read_outline(self._blobs.read(digest))
        with self._lock:
            self._kept[digest] = outline
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return outline
