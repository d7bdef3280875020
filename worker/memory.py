"""How much memory there is, and how much a process takes: by the container's limit, where there is one."""

from __future__ import annotations

from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")


def limit_bytes() -> int:
    """Return the memory that this machine or container may use."""
    capped = _number(_CGROUP / "memory.max")
    whole = int(psutil.virtual_memory().total)
    return min(whole, capped) if capped is not None else whole


def free_bytes() -> int:
    """Return the memory that can be had now without anything being pushed out."""
    free = int(psutil.virtual_memory().available)
    capped, used = _number(_CGROUP / "memory.max"), _number(_CGROUP / "memory.current")
    if capped is None or used is None:
        return free
    cache = _inactive_file()
    return max(0, min(free, capped - used + cache))


def resident_bytes(pid: int) -> int:
    """Return the memory of a process and its children; 0 if it is gone."""
    total = 0
    try:
        process = psutil.Process(pid)
        for member in (process, *process.children(recursive=True)):
            total += int(member.memory_info().rss)
    except psutil.Error:
        return total
    return total


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):  # no such limit, or "max"
        return None


def _inactive_file() -> int:
    """Return the bytes of the page cache that the container would give back when asked."""
    try:
        lines = (_CGROUP / "memory.stat").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0)
