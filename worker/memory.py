"""How much memory there is, and how much a process takes: by the container's limit, where there is one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")
_LIMIT = ("memory.max", "memory/memory.limit_in_bytes")
"""The container's limit, as the second and the first version of control groups have it."""

_USED = ("memory.current", "memory/memory.usage_in_bytes")
_STAT = ("memory.stat", "memory/memory.stat")


def limit_bytes() -> int:
    """Return the memory that this machine or container may use."""
    capped = _number(_LIMIT)
    whole = int(psutil.virtual_memory().total)
    return min(whole, capped) if capped is not None else whole


def free_bytes() -> int:
    """Return the memory that can be had now without anything being pushed out."""
    free = int(psutil.virtual_memory().available)
    capped, used = _number(_LIMIT), _number(_USED)
    if capped is None or used is None:
        return free
    return max(0, min(free, capped - used + _inactive_file()))


def resident_bytes(pid: int) -> int:
    """Return the memory of a process and its children; 0 if it is gone."""
    total = 0
    with contextlib.suppress(psutil.Error):
        for member in _family(psutil.Process(pid)):
            total += int(member.memory_info().rss)
    return total


def _family(process: psutil.Process) -> Iterator[psutil.Process]:
    """Yield a process and all that descend from it."""
    yield process
    try:  # Linux tells a thread's children; psutil would look at every process of the machine
        threads = list(os.scandir(f"/proc/{process.pid}/task"))
        children = [int(pid) for thread in threads for pid in Path(thread.path, "children").read_text("ascii").split()]
    except OSError:
        yield from process.children(recursive=True)
        return
    for pid in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            yield from _family(psutil.Process(pid))


def _number(names: Sequence[str]) -> int | None:
    """Return the number in the first of these files that holds one; where there is no limit, version 2 says "max"."""
    for name in names:
        with contextlib.suppress(OSError, ValueError):
            return int((_CGROUP / name).read_text("ascii"))
    return None


def _inactive_file() -> int:
    """Return the bytes of the page cache that the container would give back when asked."""
    for name in _STAT:
        with contextlib.suppress(OSError):
            lines = (_CGROUP / name).read_text("ascii").splitlines()
            return next(
                (int(line.split()[1]) for line in lines if line.startswith(("inactive_file ", "total_inactive_file "))), 0
            )
    return 0
