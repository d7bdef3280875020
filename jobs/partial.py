"""A file that is still being downloaded, and the note beside it that lets a later process go on with it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from storage.errors import EarmarkError, OutputError, StorageFull

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
CHECKPOINT_BYTES = 16 * 1024 * 1024
"""So much may be lost when the process is killed; less would mean more waiting for the disk."""


@dataclass(frozen=True)
class Origin:
    """Where the bytes of a partial file come from, as their server described them."""

    url: str
    """As asked for; never the redirected one, which may carry a signature."""
    etag: str | None = None
    last_modified: str | None = None
    total: int | None = None
    """Bytes of the whole file, if the server said."""

    @property
    def resumable(self) -> bool:
        """Whether more bytes can be asked for safely: a strong ETag names one version, byte for byte (RFC 9110, 8.8.1)."""
        tag = self.etag or ""
        return len(tag) > 2 and tag.startswith('"') and tag.endswith('"')


class PartialFile:
    """The file at `path` while it grows; a context manager that leaves it resumable, however the block ends.

    Beside it lies `<path>.json` with its Origin and the number of bytes known to be on disk. Raises StorageFull and OutputError.
    """

    def __init__(self, path: Path, url: str) -> None:
        self.path = path
        self.origin = Origin(url)
        self.size = 0
        self._note = note_of(path)
        self._safe = 0
        self._ours = False  # until something of it was taken up or written, it may be a file that got here by mistake
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+b", buffering=0)
        self._take_up(url)

    def _take_up(self, url: str) -> None:
        """Go on with what an earlier process left, if its note speaks of the same URL; else start with nothing."""
        found = _read_note(self._note)
        if found is not None and found[0].url == url and found[0].resumable:
            self.origin = found[0]
            self.size = self._safe = min(found[1], self._size_on_disk())
            self._ours = True
            with writing(self.path):
                self._file.truncate(self.size)
                self._file.seek(self.size)

    @property
    def resumable(self) -> bool:
        """Whether there is something to go on with."""
        return self.size > 0 and self.origin.resumable

    @property
    def whole(self) -> bool:
        """Whether every byte that the server announced is there."""
        return self.origin.total == self.size

    def begin(self, origin: Origin) -> None:
        """Start with nothing, from `origin`."""
        with writing(self.path):
            self._file.seek(0)
            self._file.truncate(0)
        self.origin, self.size, self._safe, self._ours = origin, 0, 0, True
        self._write_note()

    def expect(self, total: int) -> None:
        """Take note of a total that the server told only later."""
        self.origin = replace(self.origin, total=total)

    def write(self, piece: bytes) -> None:
        """Append bytes; all that fits is kept when the disk is full."""
        view = memoryview(piece)
        with writing(self.path):
            while view:
                written = self._file.write(view) or 0
                self.size += written
                view = view[written:]
        if self.size - self._safe >= CHECKPOINT_BYTES:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Bring what was written onto the disk, and note how much that is."""
        with writing(self.path):
            os.fsync(self._file.fileno())
        self._safe = self.size
        self._write_note()

    def head(self, count: int) -> bytes:
        """Return the first bytes."""
        return os.pread(self._file.fileno(), count, 0)

    def require_room(self, total: int) -> None:
        """Raise StorageFull now, if `total` bytes will not fit."""
        with writing(self.path):
            free = shutil.disk_usage(self.path.parent).free
        if total - self.size > free:
            raise StorageFull(f"{self.path.parent} has {free} bytes free, and {total - self.size} are needed.", hint=_MAKE_ROOM)

    def finish(self) -> str:
        """Bring the whole file onto the disk, remove the note, and return the sha256 of what the disk holds."""
        with writing(self.path):
            os.fsync(self._file.fileno())
            self._file.seek(0)
            digest = hashlib.file_digest(self._file, "sha256").hexdigest()
            self._note.unlink(missing_ok=True)
        self.origin = Origin(self.origin.url)
        return digest

    def discard(self) -> None:
        """Remove the file and its note: nothing in it is worth going on with."""
        if not self._ours:
            return
        self.origin = Origin(self.origin.url)
        with contextlib.suppress(OSError):
            self._note.unlink(missing_ok=True)
            self.path.unlink(missing_ok=True)

    def _size_on_disk(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _write_note(self) -> None:
        if not self.origin.resumable:
            with writing(self._note):
                self._note.unlink(missing_ok=True)
            return
        fresh = self._note.with_name(f"{self._note.name}.new")
        with writing(self._note):
            fresh.write_text(json.dumps({**asdict(self.origin), "bytes": self._safe}), encoding="utf-8")
            fresh.replace(self._note)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if self.origin.resumable and self.size > self._safe:
                with contextlib.suppress(EarmarkError):  # the block's own error says more
                    self.checkpoint()
        finally:
            empty = self._size_on_disk() == 0
            self._file.close()
            if empty:
                self._ours = True
                self.discard()


def note_of(path: Path) -> Path:
    """Return where the note about a partial file lies."""
    return path.with_name(f"{path.name}.json")


def _read_note(path: Path) -> tuple[Origin, int] | None:
    """Return the origin and the number of safe bytes; None for a note that is missing or makes no sense."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        origin = Origin(url=note["url"], etag=note["etag"], last_modified=note["last_modified"], total=note["total"])
        safe = note["bytes"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    texts = all(isinstance(value, str | None) for value in (origin.url, origin.etag, origin.last_modified))
    numbers = isinstance(origin.total, int | None) and isinstance(safe, int) and safe >= 0
    return (origin, safe) if texts and numbers else None


_MAKE_ROOM = "Make room there, or choose another folder; a new try goes on from here."


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the errors of writing to `path` into StorageFull and OutputError."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull(f"No room is left to write {path}: {error.strerror}.", hint=_MAKE_ROOM) from error
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}.", hint="Check the folder and its permissions."
        ) from error
