"""Speech that came out without a word: where it is, and what hearing it again on its own brings.

An engine passes over a sentence now and then, or puts its words beside it, into the silence. So what a second hearing finds
is either new, and added, or stands next to the gap already: then it tells where those words belong, and they are moved, not
doubled.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from storage.documents import Segment, Span, Word
from storage.words import letters_of

UNHEARD = 1.0
"""Seconds of detected speech without a word, from which on the stretch is heard again."""

BREATH = 0.5
"""A pause up to this many seconds does not end a stretch of speech: the words of a sentence that was passed over are one."""

NEIGHBOURS = 12
"""Words on either side of a gap among which misplaced ones are looked for."""

SHORTEST_WORD = 0.05
"""Seconds under which nobody says a word: its time was made up."""


def unheard(speech: Sequence[Span], segments: Sequence[Segment]) -> Iterator[Span]:
    """Yield the stretches of speech, `UNHEARD` or longer, over which no word lies."""
    words = sorted((word for segment in segments for word in segment.words), key=lambda word: word.start)
    for stretch in _stretches(speech):
        at = stretch.start
        for word in words:
            if word.end <= at or word.start >= stretch.end:
                continue
            if word.start - at > UNHEARD:
                yield Span(start=at, end=word.start)
            at = max(at, word.end)
        if stretch.end - at > UNHEARD:
            yield Span(start=at, end=stretch.end)


def with_found(segments: Sequence[Segment], found: Sequence[Segment], gap: Span, speech: Sequence[Span]) -> tuple[Segment, ...]:
    """Return the segments with what was found in a gap: misplaced words moved there, or new segments added."""
    again = [word for segment in found for word in segment.words]
    if not again:
        return tuple(segments)
    places = [(at, index) for at, segment in enumerate(segments) for index in range(len(segment.words))]
    words = [segments[at].words[index] for at, index in places]
    first, count = _misplaced(words, again, gap, speech)
    if not count:
        return tuple(sorted((*segments, *found), key=lambda segment: segment.start))
    moved = dict(zip(places[first : first + count], again, strict=False))
    return tuple(sorted((_moved(at, segment, moved) for at, segment in enumerate(segments)), key=lambda s: s.start))


def _misplaced(words: Sequence[Word], again: Sequence[Word], gap: Span, speech: Sequence[Span]) -> tuple[int, int]:
    """Return where in `words` what was heard again stands already, out of place, and how many words of it; none is a count of 0.

    At least half of what was heard again must stand there in its order, and most of those words where nobody speaks.
    """
    near = bisect_left([word.start for word in words], gap.start)
    best = (0, 0)
    for first in range(max(0, near - NEIGHBOURS), min(len(words), near + NEIGHBOURS)):
        count = 0
        while count < len(again) and first + count < len(words) and letters_of(words[first + count]) == letters_of(again[count]):
            count += 1
        window = words[first : first + count]
        lost = sum(not _is_over_speech(word, speech) for word in window)
        if 2 * count >= len(again) and count > best[1] and 2 * lost > count:
            best = (first, count)
    return best


def _moved(at: int, segment: Segment, moved: dict[tuple[int, int], Word]) -> Segment:
    words = tuple(
        word.model_copy(update={"start": moved[at, index].start, "end": moved[at, index].end}) if (at, index) in moved else word
        for index, word in enumerate(segment.words)
    )
    in_order = all(before.start <= after.start for before, after in pairwise(words))
    if words == segment.words or not in_order:
        return segment
    start, end = min(word.start for word in words), max(word.end for word in words)
    return segment.model_copy(update={"words": words, "start": start, "end": end})


def _is_over_speech(word: Word, speech: Sequence[Span]) -> bool:
    """Tell whether a word can be where it is: its middle lies in speech, and it lasts as long as a word can."""
    middle = (word.start + word.end) / 2
    at = bisect_right([region.start for region in speech], middle) - 1
    return word.end - word.start >= SHORTEST_WORD and at >= 0 and middle <= speech[at].end


def _stretches(speech: Sequence[Span]) -> Iterator[Span]:
    """Yield the speech regions, those with no more than a breath between them as one."""
    joined: Span | None = None
    for region in speech:
        if joined is not None and region.start - joined.end <= BREATH:
            joined = Span(start=joined.start, end=region.end)
            continue
        if joined is not None:
            yield joined
        joined = region
    if joined is not None:
        yield joined
