"""What was heard, put back onto the publisher's clock: without what was inserted, and with a hole where something was cut.

Placing compares pauses, speakers and music around published times. Beside an ad, those of the file are the ad's; on the
publisher's clock they are those that the publisher had.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from typing import TypeVar

from jobs.chapters.anchor import OffsetMap
from storage.documents import Coverage, Span, Turn, Word

_Stretch = TypeVar("_Stretch", Turn, Coverage)


def as_published(
    words: Sequence[Word], turns: Sequence[Turn], coverage: Sequence[Coverage], offsets: OffsetMap
) -> tuple[Sequence[Word], Sequence[Turn], Sequence[Coverage]]:
    """Return words, turns and coverage at their published times, seconds; what was not published is left out."""
    if all(piece.offset == 0 for piece in offsets.pieces):
        return words, turns, coverage
    return (
        list(_words(words, offsets)),
        [turn.model_copy(update={"start": span.start, "end": span.end}) for turn, span in _parts(turns, offsets)],
        [tile.model_copy(update={"start": span.start, "end": span.end}) for tile, span in _parts(coverage, offsets)],
    )


def _words(words: Sequence[Word], offsets: OffsetMap) -> Iterator[Word]:
    starts = [word.start for word in words]
    latest = 0.0
    for kept, offset in offsets.kept:
        for word in words[bisect.bisect_left(starts, kept.start) : bisect.bisect_left(starts, kept.end)]:
            latest = max(latest, word.start - offset)  # recognised times may overlap across a step
            # not `model_copy`, which takes a second for five hours of words
            yield (
                word
                if offset == 0
                else Word.model_construct(start=latest, end=max(latest, word.end - offset), text=word.text, speaker=word.speaker)
            )


def _parts(spans: Sequence[_Stretch], offsets: OffsetMap) -> Iterator[tuple[_Stretch, Span]]:
    """Yield those parts of spans that were published, on the publisher's clock."""
    for span in spans:
        for kept, offset in offsets.kept:
            start, end = max(span.start, kept.start), min(span.end, kept.end)
            if start < end:
                yield span, Span(start=start - offset, end=end - offset)
