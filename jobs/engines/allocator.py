"""Memory that a speech model frees and takes again with every window, kept in the process in between.

The C library gives blocks of some megabytes back to the system as soon as they are freed, which must then clear the same pages
for the next window: a small Whisper on a CPU spends a quarter of its time on that (`python -m benchmarks.speed`). What lies
free is bounded, and is used again by all that follows.

It is best told before the process has a second thread: one that began earlier has a heap of its own, which others come to share.
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Parameters of `mallopt`, from glibc's malloc.h."""

LARGEST_KEPT = 128 << 20
"""Bytes; a larger block still goes back at once."""

MOST_KEPT = 256 << 20
"""Bytes that may lie free at the end of the heap."""


def keep_freed_memory() -> bool:
    """Tell the C library to keep what is freed, up to a bound; false where it is not glibc, and nothing changes.

    Threads that begin after that share one heap: heaps of their own hold no block over 64 MiB, and give each back at once.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl
        return False
    wanted = {_ARENA_MAX: 1, _MMAP_THRESHOLD: LARGEST_KEPT, _TRIM_THRESHOLD: MOST_KEPT}
    return all(mallopt(name, value) for name, value in wanted.items())
