"""Numbers as people read them."""

from __future__ import annotations

import re

from storage.errors import OptionError


def clock(seconds: float) -> str:
    """Return a time as `M:SS` or `H:MM:SS`."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def size(count: float) -> str:
    """Return a number of bytes as `12.3 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def span(seconds: float) -> str:
    """Return how long something is or was ago, roughly: `12 s`, `3 min`, `5 h`, `2 d`."""
    for unit, length, most in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < most:
            return f"{max(0, int(seconds // length))} {unit}"
    return f"{int(seconds // 86_400)} d"


_SPAN = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*([smhdw]|min)", re.ASCII)
_LENGTHS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds_of(text: str) -> float:
    """Return the seconds that a person means by `90s`, `30m`, `12h`, `30d` or `2w`; `OptionError` for anything else."""
    read = _SPAN.fullmatch(text.strip().lower())
    if read is None:
        raise OptionError(f"{text!r} is not a length of time.", hint="Write it as 90s, 30m, 12h, 30d or 2w.")
    return float(read[1]) * _LENGTHS[read[2]]
