"""What was heard, put back onto the publisher's clock: without what was inserted, and with a hole where something was cut.

Placing compares pauses, speakers and music around published times. Beside an ad, those of the file are the ad's; on the
publisher's clock they are those that the publisher had.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TypeVar

from jobs.chapters.anchor import OffsetMap
from storage.documents import Coverage, Span, Turn, Word
from storage.word_columns import with_columns

_Stretch = TypeVar("_Stretch", Turn, Coverage)


def as_published(
    words: Sequence[Word], turns: Sequence[Turn], coverage: Sequence[Coverage], offsets: OffsetMap
) -> tuple[Sequence[Word], Sequence[Turn], Sequence[Coverage]]:
    """Return words, turns and coverage at their published times, seconds; what was not published is left out."""
    if all(piece.offset == 0 for piece in offsets.pieces):
        return words, turns, coverage
    return (
        list(_words(words, offsets)),
        [replace(turn, start=span.start, end=span.end) for turn, span in _parts(turns, offsets)],
        [replace(tile, start=span.start, end=span.end) for tile, span in _parts(coverage, offsets)],
    )


def _words(words: Sequence[Word], offsets: OffsetMap) -> Iterator[Word]:
    starts = [word.start for word in words]
    latest = 0.0
    for kept, offset in offsets.kept:
        piece = words[bisect.bisect_left(starts, kept.start) : bisect.bisect_left(starts, kept.end)]
        # recognised times may overlap across a step
        _, *begins = accumulate((word.start - offset for word in piece), max, initial=latest)
        ends = [max(begin, word.end - offset) for begin, word in zip(begins, piece, strict=True)]
        yield from piece if offset == 0 else with_columns(piece, start=begins, end=ends)
        latest = begins[-1] if begins else latest


def _parts(spans: Sequence[_Stretch], offsets: OffsetMap) -> Iterator[tuple[_Stretch, Span]]:
    """Yield those parts of spans that were published, on the publisher's clock."""
    for span in spans:
        for kept, offset in offsets.kept:
            start, end = max(span.start, kept.start), min(span.end, kept.end)
            if start < end:
                yield span, Span(start=start - offset, end=end - offset)
