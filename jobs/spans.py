"""Stretches of time put together, and cut to size."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from operator import attrgetter

from storage.documents import Span

_start, _end = attrgetter("start"), attrgetter("end")


def closed(spans: Iterable[Span], pause: float) -> list[Span]:
    """Return spans, given in order of their starts, those with at most so many seconds between them as one."""
    joined: list[Span] = []
    for span in spans:
        if joined and span.start - joined[-1].end <= pause:
            joined[-1] = Span(start=joined[-1].start, end=max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined


def clipped(spans: Sequence[Span], start: float, end: float) -> tuple[Span, ...]:
    """Return what lies of spans, sorted and not overlapping, between two times; only those there are looked at."""
    first, last = bisect_right(spans, start, key=_end), bisect_left(spans, end, key=_start)
    return tuple(Span(start=max(span.start, start), end=min(span.end, end)) for span in spans[first:last])
