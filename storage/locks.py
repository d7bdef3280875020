"""One writer at a time in a folder, among processes and threads of one machine."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from storage.errors import TransientError
from storage.files import explained, make_folder

if sys.platform != "win32":
    import fcntl

LOCK_NAME = ".earmark.lock"
_TAKEN = frozenset({errno.EAGAIN, errno.EACCES})


@contextlib.contextmanager
def folder_lock(folder: Path, *, patience: float = 60.0) -> Iterator[None]:
    """Hold the lock of a folder (made if missing); it is released when the block ends or the process dies.

    Waits up to `patience` seconds, then raises `TransientError`. A file system without locks is used without.
    """
    make_folder(folder)
    path = folder / LOCK_NAME
    with explained(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _acquire(descriptor, folder, patience)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, folder: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while sys.platform != "win32":  # there is no flock there, and one process at a time has to do
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _TAKEN:
                return
        else:
            return
        if time.monotonic() > deadline:
            hint = "Wait until it is done, or stop it if it hangs, and run this again."
            raise TransientError(f"Another process has been writing in {folder} for {patience:.0f} seconds.", hint=hint)
        time.sleep(0.02)
