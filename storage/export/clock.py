"""Times as people and formats write them."""

from __future__ import annotations


def milliseconds(seconds: float) -> int:
    """Round seconds to whole milliseconds."""
    return round(seconds * 1000)


def timestamp(ms: int, *, mark: str = ".") -> str:
    """Write milliseconds as `HH:MM:SS.mmm`; SubRip wants a comma for `mark`."""
    seconds, fraction = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{fraction:03d}"


def clock(seconds: float) -> str:
    """Write a time for people: `M:SS`, or `H:MM:SS` from one hour on; never later than the time itself."""
    minutes, rest = divmod(milliseconds(seconds) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
