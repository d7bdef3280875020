"""Audio and artefacts by content: whole or absent, never half.

A blob is named by the sha256 of its bytes, so putting the same bytes twice keeps one copy. `Blobs` are the verbs, `FolderBlobs` a
folder, `storage.s3_blobs` a bucket of an S3-compatible store; `open_blobs` chooses.
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
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol

from platformdirs import user_cache_path

from storage.errors import CorruptBlob, NotFound, OptionError
from storage.files import explained, make_folder, sync_folder

_DIGEST = re.compile(r"[0-9a-f]{64}")
STALE_AFTER = 24 * 3600.0
"""Seconds after which a temporary file is taken for an orphan."""

_DOWNLOADS_LONGER = 7
"""So many times as long an unfinished download is kept, to go on with."""


class Blobs(Protocol):
    """What a blob store can do; a digest that is none raises `CorruptBlob` everywhere."""

    def put(self, data: bytes) -> str:
        """Keep `data`; return its digest."""

    def adopt(self, path: Path, digest: str | None = None) -> str:
        """Move the finished file at `path` into the store; return its digest. Make the file in `workspace()` or `downloads()`.

        A digest that is given is believed.
        """

    def has(self, digest: str) -> bool:
        """Tell whether the blob is in the store."""

    def path(self, digest: str) -> Path:
        """Return a file on this machine with the blob, for reading only and soon; `NotFound` if there is none."""

    def read(self, digest: str) -> bytes:
        """Return the bytes of a blob; `CorruptBlob` if they are not the ones that were put."""

    def remove(self, digest: str) -> None:
        """Forget a blob; nothing happens if it is not there."""

    def older(self, before: float) -> Iterator[tuple[str, int]]:
        """Yield digest and size of each blob that was put for the last time before `before` (seconds since 1970)."""

    def remove_older(self, digest: str, before: float) -> bool:
        """Remove a blob unless it was put again since `before`; return whether it was removed."""

    def workspace(self) -> AbstractContextManager[Path]:
        """Lend a folder on this machine from which files can be adopted; it is emptied and removed afterwards."""

    def downloads(self, name: str) -> Path:
        """Return the place of an unfinished download on this machine; it outlives a crash so that it can be resumed."""

    def sweep(self, *, older_than: float = STALE_AFTER) -> int:
        """Remove what a crash left behind on this machine; return how many things."""


def open_blobs(place: str | Path, *, cache: Path | None = None) -> Blobs:
    """Open the store that `place` names: `s3://bucket/prefix`, else a folder.

    `cache` is the folder for copies of what lies in a bucket; the user's cache folder if not given. Raises `OptionError` for
    an address that names no store.
    """
    if isinstance(place, Path) or "://" not in place:
        return FolderBlobs(Path(place).expanduser())
    if not place.startswith("s3://"):
        raise OptionError(f"{place!r} names no place for artefacts.", hint="Give a folder, or s3://bucket/prefix.")
    from storage.s3_blobs import S3Blobs

    return S3Blobs(place, cache if cache is not None else user_cache_path("earmark") / "blobs")


class FolderBlobs:
    """Blobs as files in one folder: `ab/cdef…` for digest `abcdef…`.

    Each is written under a temporary name in the store's own folder, synced, and renamed; a crash leaves at most a temporary
    file, which `sweep` removes.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._temporary = root / "tmp"

    def put(self, data: bytes) -> str:
        """Keep `data`; return its digest."""
        digest = hashlib.sha256(data).hexdigest()
        with explained(self._root):
            make_folder(self._temporary)
            part = self._temporary / secrets.token_hex(8)
            try:
                with part.open("xb") as file:
                    os.fchmod(file.fileno(), 0o600)  # what an episode says may be private
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                self._take_in(part, digest)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        return digest

    def adopt(self, path: Path, digest: str | None = None) -> str:
        """Move the finished file at `path` into the store; return its digest.

        `path` must lie on the store's file system for the move to be atomic: make it in `workspace()`. It takes the place of
        one with its name, which may have been damaged.
        """
        with explained(self._root):
            known = digest if digest is not None else digest_of(path)
            try:
                os.utime(path)  # its age counts from now, however long ago its bytes were written
                _sync_file(path)
                self._take_in(path, known)
            except OSError:
                path.unlink(missing_ok=True)
                raise
        return known

    def _take_in(self, path: Path, digest: str) -> None:
        """Give a file that is whole on the disk its name in the store."""
        target = self._place(digest)
        make_folder(target.parent)
        path.replace(target)
        sync_folder(target.parent)

    def has(self, digest: str) -> bool:
        """Tell whether the blob is here."""
        return self._place(digest).is_file()

    def path(self, digest: str) -> Path:
        """Return the file of a blob, for reading only; `NotFound` if it is not here."""
        place = self._place(digest)
        if not place.is_file():
            raise gone(digest)
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
            digest = digest_in(f"{path.parent.name}/{path.name}")
            with contextlib.suppress(FileNotFoundError):  # somebody else removed it meanwhile
                seen = path.stat()
                if digest is not None and seen.st_mtime < before:
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

    def sweep(self, *, older_than: float = STALE_AFTER) -> int:
        """Remove temporary files that a crash left behind, and downloads that nobody went on with; return how many."""
        now = time.time()
        abandoned = _remove_old(self._root / "downloads", now - _DOWNLOADS_LONGER * older_than)
        return abandoned + _remove_old(self._temporary, now - older_than)

    def _place(self, digest: str) -> Path:
        return self._root / key_of(digest)


def key_of(digest: str) -> str:
    """Return where a blob lies in its store: the same in a folder and in a bucket, so that one can be copied to the other."""
    if not _DIGEST.fullmatch(digest):
        raise CorruptBlob(f"{digest[:20]!r} names no artefact.", hint="The ledger is damaged; run again with --force.")
    return f"{digest[:2]}/{digest[2:]}"


def digest_in(key: str) -> str | None:
    """Return the digest of the blob that lies at a place in its store; none if no blob lies there."""
    digest = key.replace("/", "", 1)
    return digest if key[2:3] == "/" and _DIGEST.fullmatch(digest) else None


def gone(digest: str) -> NotFound:
    """Say that a blob is not in its store."""
    return NotFound(f"The stored artefact {digest[:12]} is gone.", hint="Run the episode again with --force.")


def _remove_old(folder: Path, before: float) -> int:
    """Remove what lies in a folder and was last written before `before`; return how many things."""
    removed = 0
    for item in folder.glob("*") if folder.is_dir() else ():
        try:
            if item.stat().st_mtime < before:
                shutil.rmtree(item) if item.is_dir() else item.unlink()
                removed += 1
        except FileNotFoundError:
            continue
    return removed


def digest_of(path: Path) -> str:
    """Return the sha256 of a file, hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sync_file(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())
