"""A clock that a test sets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Clock:
    """Says what it was set to, in seconds since 1970."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time as set."""
        return self.now
