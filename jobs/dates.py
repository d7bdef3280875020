"""Dates as feeds and pages write them, read into aware datetimes in UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from dateutil import parser as dateutil_parser


def parse_date(text: str | None) -> datetime | None:
    """Return the moment that `text` names, in UTC, or none if it names none.

    RFC 2822 (RSS) and ISO 8601 (Atom, JSON-LD) are read by the standard library; anything else by dateutil. feedparser
    is passed over here because it loses the sign of the minutes in zones such as `-0330`.
    """
    if text is None:
        return None
    line = " ".join(text.split())
    if not line or len(line) > 100:
        return None
    readers: tuple[Callable[[str], datetime], ...] = (parsedate_to_datetime, datetime.fromisoformat, _by_dateutil)
    for read in readers:
        try:
            moment = read(line)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError, TypeError, AttributeError, IndexError):
            continue
    return None


def _by_dateutil(line: str) -> datetime:
    """Read `line` only where it names a whole day: dateutil would fill in today's for what is missing."""
    first = dateutil_parser.parse(line, default=datetime(2000, 1, 1, tzinfo=UTC))
    second = dateutil_parser.parse(line, default=datetime(2001, 2, 2, tzinfo=UTC))
    if first != second:
        raise ValueError(line)
    return first
