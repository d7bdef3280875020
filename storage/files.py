"""Writing files so that a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from storage.errors import EarmarkError, OutputError, StorageFull

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""EFBIG is what a limit on the size of files (`ulimit -f`) answers."""

_CANNOT_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})
"""What file systems answer that have no way to flush a folder (network shares, some FUSE ones)."""

_PREFIX = ".earmark-"
_SUFFIX = ".part"


def write_atomically(path: Path, data: bytes | str) -> None:
    """Put `data` (text as UTF-8) at `path`: afterwards the file is whole and on the disk, or as it was before.

    Folders that are missing are made. Raises `StorageFull` where no room is left and `OutputError` where the place cannot be
    written.
    """
    with open_atomically(path) as file:
        file.write(data.encode("utf-8") if isinstance(data, str) else data)


def write_unnamed(path: Path, data: bytes | str) -> None:
    """Put `data` at `path` as `write_atomically` does, in a folder that is there, but for the name: `sync_names` makes that last.

    Where many files are written into one folder, it is flushed once and not for each. Until then the machine, if it crashes, may
    come back with the old file, which is whole as well.
    """
    with _renamed_into(path) as file:
        file.write(data.encode("utf-8") if isinstance(data, str) else data)


def sync_names(paths: Iterable[Path]) -> None:
    """Make the names of files last that `write_unnamed` has put in place."""
    for folder in {path.parent for path in paths}:
        with explained(folder):
            sync_folder(folder)


@contextlib.contextmanager
def open_atomically(path: Path, *, lasting: bool = True) -> Iterator[BinaryIO]:
    """Open a file for writing bytes that appears at `path`, whole, when the block ends without an error.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and take their name by one rename; the folder
    is flushed too. Without `lasting` nothing waits for the disk: a store that takes the file in next does that. After an error in
    the block nothing is left behind. Raises as `write_atomically` does; an `OSError` of the block itself that is not about room
    passes as it is, since it may be about where the bytes came from.
    """
    make_folder(path.parent)
    with _renamed_into(path, lasting=lasting) as file:
        yield file
    if lasting:
        with explained(path):
            sync_folder(path.parent)


@contextlib.contextmanager
def _renamed_into(path: Path, *, lasting: bool = True) -> Iterator[BinaryIO]:
    """Open a file that takes its name, whole, when the block ends without an error; its folder is not flushed yet."""
    part = path.parent / f"{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"
    try:
        with explained(path):
            # not `tempfile`: its files are private to their owner, and these are for others to read as the umask says
            file = part.open("xb")
        try:
            with file:
                yield file
                with explained(path):
                    file.flush()
                    if lasting:
                        os.fsync(file.fileno())
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise explain(error, path) from error
            raise
        with explained(path):
            part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that they outlast a crash; raises `OutputError` or `StorageFull`."""
    if folder.is_dir():
        return
    with explained(folder):
        missing = [place for place in (folder, *folder.parents) if not place.is_dir()]
        for place in reversed(missing):
            place.mkdir(exist_ok=True)
            sync_folder(place.parent)


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk; a file system that cannot is left to its own promises."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the operating system says about writing `path` into an error of ours."""
    try:
        yield
    except OSError as error:
        raise explain(error, path) from error


def explain(error: OSError, path: Path) -> EarmarkError:
    """Say in our words why `path` could not be written: `StorageFull` or `OutputError`."""
    if error.errno in _NO_ROOM:
        hint = "Free some space (or raise the quota) on that disk and run it again; what is finished is kept."
        return StorageFull(f"No room is left to write {path}.", hint=hint)
    hint = "Choose another output folder, or change who may write there."
    if error.errno == errno.ENAMETOOLONG:
        hint = "Choose an output folder with a shorter path."
    elif error.errno in {errno.ENOTDIR, errno.EEXIST, errno.EISDIR}:
        hint = "Something else lies at that place: move it away, or choose another output folder."
    return OutputError(f"Cannot write {path}: {error.strerror or error}.", hint=hint)


def remove_leftovers(folder: Path, *, older_than: float = 3600.0) -> int:
    """Remove temporary files that a crash left directly in `folder` more than `older_than` seconds ago; return how many."""
    removed = 0
    for part in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        # another process may finish or remove its file meanwhile, which is as good
        with contextlib.suppress(OSError):
            if time.time() - part.stat().st_mtime > older_than:
                part.unlink()
                removed += 1
    return removed
