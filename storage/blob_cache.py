"""Copies of blobs on this machine, up to a size: what was asked for last stays longest.

Several processes share the folder. A copy is marked as used (by its time of change) whenever its path is handed out, and one that
was used in the last two hours is never removed, even if the cap is passed meanwhile: its reader may not have opened
it yet, or may open it again. A file that is open outlives its removal anyway. Marking and removing exclude each other by
the folder's lock, so no path is handed out of a copy that is about to go.
"""

from __future__ import annotations

import os
import time
from contextlib import AbstractContextManager
from pathlib import Path

from storage.blobs import FolderBlobs
from storage.errors import NotFound
from storage.files import explained
from storage.locks import folder_lock

CACHE_BYTES = 20 << 30
"""What the copies may take by default: some two hundred hours of audio, as fetched and decoded."""

IN_USE_SECONDS = 2 * 3600.0
"""How long after it was asked for a copy is taken to be in use: decoding the longest recording takes minutes."""

_SLACK = 1 / 20
"""Part of the cap that may be added before the copies are counted anew."""


class BlobCache:
    """A folder of blobs that may be removed at any time, since the store has them."""

    def __init__(self, folder: Path, *, cap: int = CACHE_BYTES, in_use: float = IN_USE_SECONDS) -> None:
        self._folder = folder
        self._files = FolderBlobs(folder)
        self._cap = cap
        self._in_use = in_use
        self._added = float("inf")
        """Bytes since the last count; nothing is known before the first one."""

    def find(self, digest: str) -> Path | None:
        """Return the copy of a blob, marked as used now; none if there is none."""
        with folder_lock(self._folder):
            try:
                path = self._files.path(digest)
            except NotFound:
                return None
            with explained(path):
                os.utime(path)
        return path

    def put(self, data: bytes) -> None:
        """Keep a copy of `data`."""
        self._files.put(data)
        self._grew(len(data))

    def adopt(self, path: Path, digest: str) -> Path:
        """Move a whole file from `workspace()` or `downloads()` in; return its new place."""
        with explained(path):
            os.utime(path)
            size = path.stat().st_size
        self._files.adopt(path, digest)
        self._grew(size)
        return self._files.path(digest)

    def remove(self, digest: str) -> None:
        """Forget a copy."""
        with folder_lock(self._folder):
            self._files.remove(digest)

    def workspace(self) -> AbstractContextManager[Path]:
        """Lend a folder beside the copies."""
        return self._files.workspace()

    def downloads(self, name: str) -> Path:
        """Return the place of an unfinished download."""
        return self._files.downloads(name)

    def sweep(self, *, older_than: float) -> int:
        """Remove temporary files that a crash left behind, and copies over the cap; return how many."""
        return self._files.sweep(older_than=older_than) + self.trim()

    def trim(self) -> int:
        """Remove the copies that were used longest ago until the rest fits; return how many."""
        removed = 0
        with folder_lock(self._folder):
            copies = sorted(_copies(self._folder))
            left = sum(size for _, size, _ in copies)
            unused_since = time.time() - self._in_use
            for used, size, path in copies:
                if left <= self._cap or used > unused_since:
                    break
                path.unlink(missing_ok=True)
                left -= size
                removed += 1
        self._added = 0
        return removed

    def _grew(self, size: int) -> None:
        self._added += size
        if self._added > self._cap * _SLACK:
            self.trim()


def _copies(folder: Path) -> list[tuple[float, int, Path]]:
    """Return when each copy was used, its size and its place."""
    found = []
    for path in folder.glob("[0-9a-f][0-9a-f]/*"):
        try:
            status = path.stat()
        except FileNotFoundError:
            continue
        found.append((status.st_mtime, status.st_size, path))
    return found
