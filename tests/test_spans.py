"""Stretches of time put together, and cut to size."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from jobs.spans import clipped, closed
from storage.documents import Span

EDGES = st.lists(st.integers(0, 30), max_size=12, unique=True).map(sorted)


def spans(edges: list[int]) -> list[Span]:
    """Return spans between every other pair of edges."""
    return [Span(start=start, end=end) for start, end in zip(edges[::2], edges[1::2], strict=False)]


@given(EDGES, st.integers(0, 30), st.integers(0, 30))
def test_what_lies_between_two_times_is_that_of_each_span_alone(edges: list[int], start: int, length: int) -> None:
    """Spans that only touch the stretch are not in it."""
    end = start + length
    expected = [(max(span.start, start), min(span.end, end)) for span in spans(edges)]
    assert [(span.start, span.end) for span in clipped(spans(edges), start, end)] == [(a, b) for a, b in expected if a < b]


@given(EDGES)
def test_spans_with_short_pauses_become_one(edges: list[int]) -> None:
    """The first start and the last end stay, and what is left apart lies further apart."""
    apart = spans(edges)
    joined = closed(apart, 2)
    assert [span.start for span in joined[:1]] == [span.start for span in apart[:1]]
    assert [span.end for span in joined[-1:]] == [span.end for span in apart[-1:]]
    assert all(after.start - before.end > 2 for before, after in pairwise(joined))
