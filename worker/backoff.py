"""How long to wait before something that failed for a passing reason is tried again."""

from __future__ import annotations

import random

MAX_FAILURES = 8
"""Passing failures in a row after which a step is given up."""

_FIRST, _LONGEST = 5.0, 900.0
_LONGEST_ASKED = 24 * 3600.0
"""A server that asks to be left alone for longer does not mean it, and a job must come to an end."""


def wait_before_retry(failures: int, asked: float | None = None, *, draw: random.Random | None = None) -> float:
    """Return the seconds to wait after so many failures: doubling from 5 s to 15 min, with jitter; as long as asked, to a day."""
    longest = min(_LONGEST, _FIRST * 2 ** min(failures, 16))
    jittered = (draw or random).uniform(longest / 2, longest)
    return max(jittered, min(asked or 0.0, _LONGEST_ASKED))
