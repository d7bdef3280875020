"""Lengths of time as people write and read them: `30m`, `2h`, `1d`."""

from __future__ import annotations

import re

from storage.errors import OptionError

_SECONDS = {"m": 60, "h": 3600, "d": 86_400}
_WRITTEN = re.compile(r"([1-9][0-9]{0,5})([mhd])")

SHORTEST, LONGEST = 60.0, 30 * 86_400.0


def parse_interval(text: str) -> float:
    """Return the seconds that `30m`, `2h` or `1d` stands for; `OptionError` for anything else, or outside 1 minute to 30 days."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise OptionError(f"{text!r} is not an interval.", hint="Write minutes, hours or days: 30m, 2h, 1d.")
    seconds = float(int(found[1]) * _SECONDS[found[2]])
    if not SHORTEST <= seconds <= LONGEST:
        raise OptionError(f"An interval of {text} is too long.", hint="At most 30d.")
    return seconds


def interval(seconds: float) -> str:
    """Return a length of time in the largest unit that it is a whole number of, minutes at least."""
    minutes = max(1, round(seconds / 60))
    for unit, length in (("d", 1440), ("h", 60)):
        if minutes % length == 0:
            return f"{minutes // length}{unit}"
    return f"{minutes}m"


def rough(seconds: float) -> str:
    """Return a length of time roughly: `45s`, `12m`, `5h`, `3d`."""
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f}{unit}"
    return f"{max(0.0, seconds):.0f}s"


def before(moment: float | None, now: float) -> str:
    """Return how long ago a moment was; `never` for none."""
    return "never" if moment is None else f"{rough(now - moment)} ago"


def ahead(moment: float, now: float) -> str:
    """Return in what time a moment comes; `now` for one that has."""
    return "now" if moment <= now else f"in {rough(moment - now)}"
