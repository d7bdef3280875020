"""Audio and artefacts by content: whole or absent, never half.

A blob is named by the sha256 of its bytes. It is written under a temporary name in the store's own folder, synced, and
renamed; a crash leaves at most a temporary file, which `sweep` removes. Putting the same bytes twice keeps one copy.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, mkdtemp

from storage.errors import CorruptBlob, NotFound
from storage.files import explained, make_folder, sync_folder

_DIGEST = re.compile(r"[0-9a-f]{64}")
_STALE_AFTER = 24 * 3600.0
"""Seconds after which a temporary file is taken for an orphan."""


class FolderBlobs:
    """Blobs as files in one folder: `ab/cdef…` for digest `abcdef…`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._temporary = root / "tmp"

    def put(self, data: bytes) -> str:
        """Keep `data`; return its digest."""
        with explained(self._root):
            make_folder(self._temporary)
            with NamedTemporaryFile(dir=self._temporary, delete=False) as handle:
                path = Path(handle.name)
                try:
                    handle.write(data)
                except BaseException:
                    path.unlink(missing_ok=True)
                    raise
        return self.adopt(path, hashlib.sha256(data).hexdigest())

    def adopt(self, path: Path, digest: str | None = None) -> str:
        """Move the finished file at `path` into the store; return its digest.

        `path` must lie on the store's file system for the move to be atomic: make it in `workspace()`. It takes the place of
        one with its name, which may have been damaged.
        """
        with explained(self._root):
            known = digest if digest is not None else digest_of(path)
            target = self._place(known)
            try:
                _sync_file(path)
                make_folder(target.parent)
                path.replace(target)
            except OSError:
                path.unlink(missing_ok=True)
                raise
            sync_folder(target.parent)
        return known

    def has(self, digest: str) -> bool:
        """Tell whether the blob is here."""
        return self._place(digest).is_file()

    def path(self, digest: str) -> Path:
        """Return the file of a blob, for reading only; `NotFound` if it is not here."""
        place = self._place(digest)
        if not place.is_file():
            raise NotFound(f"The stored artefact {digest[:12]} is gone.", hint="Run the episode again with --force.")
        return place

    def read(self, digest: str) -> bytes:
        """Return the bytes of a blob; `CorruptBlob` if they are not the ones that were put."""
        data = self.path(digest).read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            raise CorruptBlob(
                f"The stored artefact {digest[:12]} was changed on disk.",
                hint="Check the disk, then run the episode again with --force.",
            )
        return data

    def remove(self, digest: str) -> None:
        """Forget a blob; nothing happens if it is not here."""
        self._place(digest).unlink(missing_ok=True)

    def older(self, before: float) -> Iterator[tuple[str, int]]:
        """Yield digest and size of each blob that was put for the last time before `before` (seconds since 1970)."""
        for path in self._root.glob("[0-9a-f][0-9a-f]/*"):
            digest = path.parent.name + path.name
            with contextlib.suppress(FileNotFoundError):  # somebody else removed it meanwhile
                seen = path.stat()
                if _DIGEST.fullmatch(digest) and seen.st_mtime < before:
                    yield digest, seen.st_size

    def remove_older(self, digest: str, before: float) -> bool:
        """Remove a blob unless it was put again since `before`; return whether it was removed.

        It is moved away and looked at once more, so that no blob goes which somebody has just put.
        """
        place = self._place(digest)
        with explained(self._root):
            make_folder(self._temporary)
            aside = self._temporary / f"{digest}.{secrets.token_hex(4)}"
            try:
                if place.stat().st_mtime >= before:
                    return False
                place.rename(aside)
            except FileNotFoundError:
                return False
            if aside.stat().st_mtime >= before:
                aside.rename(place)  # the same bytes, whoever has put them again meanwhile
                return False
            aside.unlink()
        return True

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """Lend a folder on the store's file system; it is emptied and removed afterwards."""
        with explained(self._root):
            make_folder(self._temporary)
            folder = Path(mkdtemp(dir=self._temporary))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def downloads(self, name: str) -> Path:
        """Return the place of an unfinished download called `name`; it outlives a crash so that it can be resumed."""
        folder = self._root / "downloads"
        with explained(self._root):
            make_folder(folder)
        return folder / f"{name}.part"

    def sweep(self, *, older_than: float = _STALE_AFTER) -> int:
        """Remove temporary files that a crash left behind; return how many."""
        removed = 0
        limit = time.time() - older_than
        for item in self._temporary.glob("*") if self._temporary.is_dir() else ():
            try:
                if item.stat().st_mtime < limit:
                    shutil.rmtree(item) if item.is_dir() else item.unlink()
                    removed += 1
            except FileNotFoundError:
                continue
        return removed

    def _place(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise CorruptBlob(f"{digest[:20]!r} names no artefact.", hint="The ledger is damaged; run again with --force.")
        return self._root / digest[:2] / digest[2:]


def digest_of(path: Path) -> str:
    """Return the sha256 of a file, hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sync_file(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
