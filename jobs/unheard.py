"""Speech that came out without a word: where it is, and what hearing it again on its own brings.

An engine passes over a sentence now and then, or puts its words beside it, into the silence. So what a second hearing finds
is either new, and added, or stands next to the gap already, where nobody speaks: then it tells where those words belong, and
they are moved, not doubled. Both can be in one finding: "Yes," said too early is moved, and what follows it is added.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, groupby, pairwise, takewhile

from jobs.spans import closed
from storage.documents import Segment, Span, Word
from storage.words import letters_of, text_of

UNHEARD = 1.0
"""Seconds of detected speech without a word, from which on the stretch is heard again."""

BREATH = 0.5
"""A pause up to this many seconds does not end a stretch of speech: the words of a sentence that was passed over are one."""

NEIGHBOURS = 12
"""Words on either side of a gap among which misplaced ones are looked for."""

SURE = 0.3
"""Probability from which on a word is added that was heard beside one that stood there already."""

SHORTEST_WORD = 0.05
"""Seconds under which nobody says a word: its time was made up."""


def unheard(speech: Sequence[Span], segments: Sequence[Segment]) -> Iterator[Span]:
    """Yield the stretches of speech, `UNHEARD` or longer, over which no word lies."""
    words = sorted((word for segment in segments for word in segment.words), key=lambda word: word.start)
    for stretch in closed(speech, BREATH):
        at = stretch.start
        for word in words:
            if word.end <= at or word.start >= stretch.end:
                continue
            if word.start - at > UNHEARD:
                yield Span(start=at, end=word.start)
            at = max(at, word.end)
        if stretch.end - at > UNHEARD:
            yield Span(start=at, end=stretch.end)


def within(segments: Sequence[Segment], gap: Span) -> list[Segment]:
    """Return the segments with those of their words alone whose middle lies in the gap; none of them reaches beyond it.

    Only the gap was heard: what an engine lets begin before it, beside a word that stands there, was said in it.
    """
    inside = [
        _only(segment, [_clipped(word, gap) for word in segment.words if gap.start <= (word.start + word.end) / 2 <= gap.end])
        for segment in segments
    ]
    return [_reaching_as_its_words(segment) for segment in inside if segment.words]


def _clipped(word: Word, gap: Span) -> Word:
    start, end = max(word.start, gap.start), min(word.end, gap.end)
    return word if (start, end) == (word.start, word.end) else replace(word, start=start, end=end)


def _reaching_as_its_words(segment: Segment) -> Segment:
    start, end = segment.words[0].start, max(word.end for word in segment.words)
    return segment.model_copy(update={"start": start, "end": end})


def with_found(segments: Sequence[Segment], found: Sequence[Segment], gap: Span, speech: Sequence[Span]) -> tuple[Segment, ...]:
    """Return the segments with what was found in a gap: misplaced words moved there, the others added if they can be believed.

    All words stay in order of time: a segment with words on both sides of what is added is divided there.
    """
    again = [word for segment in found for word in segment.words]
    places = [(at, index) for at, segment in enumerate(segments) for index in range(len(segment.words))]
    words = [segments[at].words[index] for at, index in places]
    pairs = _misplaced(words, again, gap, speech)
    segments = _moved(segments, {places[place]: again[index] for index, place in pairs.items()})
    # where a finding repeats what stands there, the words that it has besides are taken if it is sure of them
    moved = [again[index] for index in pairs]
    taken = {id(word) for word in moved} | {id(word) for word in again if pairs and (word.probability or 0.0) < SURE}
    new = [_only(segment, [word for word in segment.words if id(word) not in taken]) for segment in found]
    added = _divided([segment for segment in new if segment.words], moved)
    around = _divided(segments, [segment.words[0] for segment in added])
    return tuple(sorted((*around, *added), key=lambda segment: segment.start))


def _misplaced(words: Sequence[Word], again: Sequence[Word], gap: Span, speech: Sequence[Span]) -> dict[int, int]:
    """Return for words that were heard again and stand beside the gap already, out of place, the indexes of those in `words`.

    They are the longest run of words that are the same in both, at least half of what was heard again; most of the run stands
    where nobody speaks, and no other word stands between the run and where it was heard again.
    """
    near = bisect_left([word.start for word in words], gap.start)
    begin, end = max(0, near - NEIGHBOURS), min(len(words), near + NEIGHBOURS)
    best: dict[int, int] = {}
    for first in range(begin, end):
        for skipped in range(len(again)):
            run = _run(words[first:end], again[skipped:])
            out = sum(not _is_over_speech(word, speech) for word in words[first : first + run])
            if not 2 * out > run > len(best) or 2 * run < len(again):
                continue
            beside = (words[max(first - 1, 0) : first], again[skipped : skipped + run], words[first + run : first + run + 1])
            if all(before.start <= after.start for before, after in pairwise(chain(*beside))):
                best = {skipped + step: first + step for step in range(run)}
    return best


def _run(words: Sequence[Word], again: Sequence[Word]) -> int:
    """Count how many words from the first on are the same."""
    return sum(1 for _ in takewhile(lambda pair: letters_of(pair[0]) == letters_of(pair[1]), zip(words, again, strict=False)))


def _moved(segments: Sequence[Segment], moved: dict[tuple[int, int], Word]) -> list[Segment]:
    """Return the segments with words given the times at which they were heard again."""
    return [
        _timed(segment, {index: word for (where, index), word in moved.items() if where == at})
        for at, segment in enumerate(segments)
    ]


def _timed(segment: Segment, moved: dict[int, Word]) -> Segment:
    if not moved:
        return segment
    words = tuple(
        replace(word, start=moved[index].start, end=moved[index].end) if index in moved else word
        for index, word in enumerate(segment.words)
    )
    return segment.model_copy(update={"words": words, "start": min(w.start for w in words), "end": max(w.end for w in words)})


def _divided(segments: Sequence[Segment], at: Sequence[Word]) -> list[Segment]:
    """Return the segments, each divided in front of its first word that begins after one of the words `at`."""
    starts = sorted(word.start for word in at)
    divided: list[Segment] = []
    for segment in segments:
        runs = [list(run) for _, run in groupby(segment.words, key=lambda word: bisect_left(starts, word.start))]
        divided.extend([_only(segment, run) for run in runs] if len(runs) > 1 else [segment])
    return divided


def _only(segment: Segment, words: Sequence[Word]) -> Segment:
    """Return the segment with these of its words alone."""
    if len(words) == len(segment.words) or not words:
        return segment.model_copy(update={"words": tuple(words)})
    return segment.model_copy(
        update={"words": tuple(words), "text": text_of(words), "start": words[0].start, "end": words[-1].end}
    )


def _is_over_speech(word: Word, speech: Sequence[Span]) -> bool:
    """Tell whether a word can be where it is: its middle lies in speech, and it lasts as long as a word can."""
    middle = (word.start + word.end) / 2
    at = bisect_right([region.start for region in speech], middle) - 1
    return word.end - word.start >= SHORTEST_WORD and at >= 0 and middle <= speech[at].end
