"""Stretches of time put together."""

from __future__ import annotations

from collections.abc import Iterable

from storage.documents import Span


def closed(spans: Iterable[Span], pause: float) -> list[Span]:
    """Return spans, given in order of their starts, those with at most so many seconds between them as one."""
    joined: list[Span] = []
    for span in spans:
        if joined and span.start - joined[-1].end <= pause:
            joined[-1] = Span(start=joined[-1].start, end=max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined
