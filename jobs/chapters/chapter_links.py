"""The link of a chapter in show notes: a page about it, never the player's own jump to its time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from jobs.chapters.clock_times import find_times
from jobs.chapters.note_links import NoteLink

MAX_URL = 2_048
_TIME_KEY = re.compile(
    r"(?:^|[?&#;])(?:t|ts|time|start|begin|seek|offset|position|time_continue|timestamp)=([^&#;]*)", re.IGNORECASE
)
_UNITS = re.compile(r"(?:(\d{1,2})h)?(?:(\d{1,3})m)?(?:(\d{1,6})s?)?")


def chapter_url(links: Sequence[NoteLink], at: int, until: int, start: float) -> str | None:
    """Return the first web address that a row's stretch of its line links to, save jumps to the row's time `start`."""
    for link in links:
        if link.start < until and link.end > at and _is_web(link.url) and not is_time_link(link.url, start):
            return link.url
    return None


def is_time_link(url: str, start: float) -> bool:
    """Whether an address jumps to a time: a parameter or fragment such as `t=90`, or the seconds of `start` as its last step."""
    if any(_seconds(match.group(1)) is not None for match in _TIME_KEY.finditer(url)):
        return True
    try:
        address = urlsplit(url)
    except ValueError:
        return False
    last = {address.path.rstrip("/").rpartition("/")[2], address.fragment}
    return any(value and _seconds(value) == int(start) for value in last)


def _is_web(url: str) -> bool:
    return url[:8].lower().startswith(("http://", "https://")) and len(url) <= MAX_URL and not any(mark.isspace() for mark in url)


def _seconds(value: str) -> int | None:
    """Read `90`, `90s`, `1m30s`, `1:30`; none if it is no time."""
    value = value.replace("%3A", ":").replace("%3a", ":").partition(".")[0]
    match = _UNITS.fullmatch(value)
    if match and value:
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return hours * 3600 + minutes * 60 + seconds
    times = find_times(value[:12]).times
    return int(times[0].seconds) if len(times) == 1 and times[0].at == 0 else None
