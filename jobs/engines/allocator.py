"""Memory that a speech model frees and takes again with every window, kept in the process in between.

The C library gives blocks of some megabytes back to the system as soon as they are freed, which must then clear the same pages
for the next window: a small Whisper on a CPU spends a quarter of its time on that (`python -m benchmarks.speed`). What lies
free is bounded, and is used again by all that follows.
"""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of `mallopt`, from glibc's malloc.h."""

LARGEST_KEPT = 64 << 20
"""Bytes; a larger block still goes back at once."""

MOST_KEPT = 128 << 20
"""Bytes that may lie free at the end of each of the allocator's heaps."""


def keep_freed_memory() -> bool:
    """Tell the C library to keep what is freed, up to a bound; false where it is not glibc, and nothing changes."""
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl
        return False
    return bool(mallopt(_MMAP_THRESHOLD, LARGEST_KEPT)) and bool(mallopt(_TRIM_THRESHOLD, MOST_KEPT))
