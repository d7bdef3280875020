"""Times as people write them in notes: `7:48`, `01:35:52`, `75:10`, `35:12.250`, `1h02m03s`, `12分30秒`, `٠٥:١٢`.

Decisions:

- Two numbers are minutes and seconds, three are hours, minutes and seconds. Whether a whole list meant hours and minutes is the
  list's question (`jobs.chapters.list_repair`), not the time's.
- Minutes may exceed 59 only as the first of two numbers (`75:10`); seconds never. What breaks that is still reported, as
  broken, so that a list can say which row it lost.
- Other scripts' digits and colons are folded one to one, so places in the folded text are places in the original, and titles
  keep their own letters.
- `1h02` is hours and minutes: nobody writes minutes with an h.
- A subtitle's arrow, a third colon, a currency sign, a version or a decimal before the digits: not a time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import NamedTuple

MAX_TIMES = 1_000
"""Times that are found in one line."""

_COLONS = ":\uff1a\u2236\ufe55\ufe13\ua789"
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d\ufe63"


def _zeros() -> Iterator[int]:
    """Yield the zero of each script; looked for where zeros stand, for asking all of Unicode takes a quarter of a second."""
    for row in range(0x80, 0x1FFFF, 16):
        yield from (code for code in (row, row + 6) if unicodedata.decimal(chr(code), None) == 0)
    yield from range(0x1D7CE, 0x1D7FF, 10)  # the mathematical ones, which stand elsewhere


@cache
def _folding() -> dict[int, str]:
    """Map every decimal digit, colon, dash and space of Unicode to its ASCII twin, one character to one."""
    table = {ord(colon): ":" for colon in _COLONS}
    table |= {ord(dash): "-" for dash in _DASHES}
    table |= {ord(mark): mark_to for mark, mark_to in (("\uff0e", "."), ("\uff08", "("), ("\uff09", ")"), ("\u3000", " "))}
    table |= {ord(prime): "'" for prime in "\u2032\u2019\uff07"} | {ord(prime): '"' for prime in "\u2033\u201d\uff02"}
    table |= {code: " " for code in range(0x80, 0x3001) if chr(code).isspace()}
    for zero in _zeros():
        table |= {zero + value: str(value) for value in range(10)}
    return table


@cache
def _foldable() -> frozenset[str]:
    """Return what has a twin; most lines with a letter beyond ASCII have none of these."""
    return frozenset(map(chr, _folding()))


_FEW = 40
"""Different characters up to which replacing one after the other is faster than looking each place of a text up."""


_HOUR = r"(?:h|hrs?|시간|小时|小時|時間)"
_MINUTE = r"(?:minutes|min|mn|m|'|분|分钟|分鐘|分)"
_SECOND = r"(?:seconds|secs|sec|s|''|\"|초|秒)"
_TIME = re.compile(
    # digits with colons, perhaps a fraction
    r"(?=\d)(?<!\d)(?:(?P<a>\d{1,3}+):(?P<b>\d{2})(?::(?P<c>\d{2}))?(?:[.,](?P<fraction>\d{1,3}))?(?![\d])(?!:\d)"
    # 1h02, 1h02m, 1h02m03s
    rf"|(?P<h>\d{{1,2}}+) ?(?=[h시时小時]){_HOUR} ?(?P<hm>\d{{1,2}})"
    rf"(?: ?{_MINUTE}(?: ?(?P<hs>\d{{1,2}})(?: ?{_SECOND})?)?)?(?![A-Za-z0-9]|:\d)"
    # 12m30s, 12'30
    rf"|(?P<m>\d{{1,3}}+) ?(?=[m'분分]){_MINUTE} ?(?P<s>\d{{1,2}})(?: ?{_SECOND}|(?<='\d\d))(?![A-Za-z0-9]|:\d)"
    # a number that looked like one of these; found so that it counts
    r"|\d++(?=:\d| ?[hm'시时小時분分]))"
)
_RANGE = re.compile(r" ?(?:-{1,2}|~|\u301c|\uff5e|->|\u2192|to|bis|à|至) ?")
_NOT_BEFORE = re.compile(r"(?:\d[.,:/'-]?|[.:/]\d*-|[:/+$€£¥#%^=]|\d ?[.,]|--> ?)$")
_GLUED_ON = frozenset("0123456789.,:/'-+$€£¥#%^=> ")
"""What the pattern above ends in, to ask it less often."""
_LETTER_COLON = re.compile(r"[^\W\d_]:$")
_AFTER_TIME = re.compile(r"\d:\d\d-$")
_NOT_AFTER = re.compile(r" ?-->|%|°|:\d|\.\d")


_NEAR_MISSES = 8
"""Stretches of a line that only look like times and are free; in prose there are not many more."""


class ClockTime(NamedTuple):
    """A time found in a line: its place there (`at`, `to` count characters) and its value in seconds."""

    at: int
    to: int
    seconds: float
    parts: int
    """How many numbers it was written with: 2 or 3."""
    broken: bool = False
    """Shaped like a time, but with 60 or more seconds or minutes."""
    end: float | None = None
    """Seconds at the end of a range, where it was written as one."""
    range_at: int = 0
    """Where the end of a range is written; 0 without one."""
    hours_minutes: bool = False
    """Written with an h and without seconds, so that nobody can mistake it."""


def folded(text: str) -> str:
    """Return `text` with the digits, colons, dashes and spaces of all scripts as ASCII, each at its own place."""
    if text.isascii():
        return text
    found = _foldable().intersection(set(text))
    if len(found) > _FEW:
        return text.translate(_folding())
    for character in found:
        text = text.replace(character, _folding()[ord(character)])
    return text


class FoundTimes(NamedTuple):
    """The times of a line, and how many stretches of it were looked at in vain beyond a few."""

    times: tuple[ClockTime, ...]
    vain: int = 0


def find_times(text: str, limit: int = MAX_TIMES) -> FoundTimes:
    """Return the times in a folded line from left to right; the two ends of a range are one time.

    At most `limit` are found, and about twice as many stretches that look like times are looked at.
    """
    found: list[ClockTime] = []
    vain = -_NEAR_MISSES
    for match in islice(_TIME.finditer(text), 2 * limit + _NEAR_MISSES):
        if match.lastgroup is None or not _stands_alone(text, match.start(), match.end()):
            vain += 1
            continue
        time = _value(match)
        if found and _is_range(text, found[-1], time):
            found[-1] = _as_range(found[-1], time)
        else:
            found.append(time)
        if len(found) >= limit:
            break
    return FoundTimes(tuple(found), max(0, vain))


def without_range(time: ClockTime) -> ClockTime:
    """Return the time alone, its range forgotten: what looked like an end is the title's."""
    if time.end is None:
        return time
    return ClockTime(time.at, time.range_at, time.seconds, time.parts, time.broken, hours_minutes=time.hours_minutes)


def _stands_alone(text: str, at: int, to: int) -> bool:
    """Whether the digits are not a piece of a longer number, address, price or version."""
    if _NOT_AFTER.match(text, to):
        return False
    before = text[max(0, at - 4) : at]
    if before[-1:] not in _GLUED_ON or not _NOT_BEFORE.search(before):
        return True
    return bool(_LETTER_COLON.search(before) or _is_range_dash(text, at))


def _is_range_dash(text: str, at: int) -> bool:
    """Whether the time follows another time and a dash, glued together: `00:00-09:24`."""
    return bool(_AFTER_TIME.search(text[max(0, at - 6) : at]))


def _value(match: re.Match[str]) -> ClockTime:
    a, b, c, fraction, h, hm, hs, m, s = match.groups()
    if a is not None and c is None and fraction is None:  # most are
        seconds = int(b)
        return ClockTime(match.start(), match.end(), int(a) * 60.0 + seconds, 2, seconds > 59)
    hours_minutes = h is not None and hs is None
    if a is not None:
        hours, minutes, seconds = (int(a), int(b), int(c)) if c is not None else (0, int(a), int(b))
    else:
        hours, minutes, seconds = (int(h), int(hm), int(hs or 0)) if h is not None else (0, int(m), int(s))
    parts = 3 if c is not None or h is not None else 2
    broken = seconds > 59 or (parts == 3 and minutes > 59)
    total = hours * 3600.0 + minutes * 60 + seconds + (float(f"0.{fraction}") if fraction else 0.0)
    return ClockTime(match.start(), match.end(), total, parts, broken, hours_minutes=hours_minutes)


def _is_range(text: str, first: ClockTime, second: ClockTime) -> bool:
    if first.end is not None or first.broken or second.broken or second.seconds <= first.seconds:
        return False
    return second.at - first.to <= 5 and _RANGE.fullmatch(text, first.to, second.at) is not None


def _as_range(first: ClockTime, second: ClockTime) -> ClockTime:
    return ClockTime(
        first.at, second.to, first.seconds, first.parts, end=second.seconds, range_at=first.to, hours_minutes=first.hours_minutes
    )
