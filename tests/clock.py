"""A clock that a test sets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Clock:
    """Seconds since 1970, as a test says."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        """Return the time as set."""
        return self.now
