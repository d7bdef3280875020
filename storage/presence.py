"""Signs of life: a process holds a file lock for as long as it runs, so that others on this machine see at once that it is gone.

A lease names its owner by a random id, never by host and process number, which get used again. Without more, the next run after
a `kill -9` would wait for the lease to run out. The kernel drops the lock with the process, whatever ended it; on another
machine, or where there are no such locks, nobody is ever taken for gone and the lease decides alone.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self

from storage.files import explained, make_folder

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows has none
    fcntl = None  # type: ignore[assignment]


class Presence:
    """This process's id as an owner of leases, alive between `with` and its end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.owner = secrets.token_hex(12)
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        make_folder(self._folder)
        with explained(self._folder):
            self._descriptor = os.open(self._folder / self.owner, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if fcntl is not None:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self._remove_the_gone()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._descriptor is not None:
            # the sign stays, without anybody holding it: a lease that could not be given back is seen to be free
            os.close(self._descriptor)
            self._descriptor = None

    def is_gone(self, owner: str) -> bool:
        """Tell whether `owner` surely ended: it left its sign of life on this machine, and nobody holds it."""
        if fcntl is None or owner == self.owner:
            return False
        try:
            descriptor = os.open(self._folder / owner, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        else:
            return True
        finally:
            os.close(descriptor)

    def _remove_the_gone(self) -> None:
        """Remove old signs of life. Only those of a day ago: their leases ran out long since."""
        limit = (self._folder / self.owner).stat().st_mtime - 24 * 3600
        for sign in self._folder.iterdir():
            with contextlib.suppress(OSError):
                if sign.stat().st_mtime < limit and self.is_gone(sign.name):
                    sign.unlink()
