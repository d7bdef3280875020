"""The seams between parts, where no word may be lost or doubled.

Parts are cut in pauses, so words do not cross a seam, and joining is putting one after the other. A model hears worst at the
edges of what it is given, so where anything beside a seam is doubtful, bridges over it are heard as well, and next to it what
most of the readings have stays (`jobs.doubts`, `jobs.bridges`, `jobs.voting`); two that agree need no third. Only where speech
had no pause for minutes the cut runs through it (`PartSpan.forced`): then the later part begins `OVERLAP` seconds early, both
parts have heard the same words, and the reading changes from one to the other at a word on which both agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from jobs.bridges import Crossing
from jobs.clips import cut, samples_of
from jobs.engines.protocols import PartAudio
from jobs.pcm import Pcm
from jobs.spans import clipped
from jobs.split import PartSpan
from jobs.transcribe import PartTranscript
from jobs.voting import elected, is_unanimous, slots_of
from storage.documents import Segment, Span, Word
from storage.words import letters_of, text_of

OVERLAP = 4.0
"""Seconds before a forced seam that are heard by both parts."""

VOTED = 4.0
"""Seconds around a seam in which the bridges have a voice; further away the part's own reading is as good as theirs."""

COMPARED = 7.0
"""Seconds around a seam in which readings are aligned, so that words which one of them puts elsewhere find each other."""

SAME_WORD = 0.5
"""Seconds by which two parts may differ about when a word began."""


def part_audio(pcm: Pcm, part: PartSpan, speech: Sequence[Span]) -> PartAudio:
    """Return the audio of a part, from `OVERLAP` before its start if the seam there is forced; `speech` is the whole file's."""
    start = max(part.start - OVERLAP, 0.0) if part.forced else part.start
    return PartAudio(samples_of(cut(pcm, start, part.end)), start, clipped(speech, start, part.end))


def join_parts(
    parts: Sequence[PartSpan], heard: Sequence[PartTranscript], crossings: Sequence[Crossing] = ()
) -> tuple[Segment, ...]:
    """Return the segments of all parts in order of time, with each word once."""
    joined: list[Segment] = []
    readings = {crossing.index: crossing.readings for crossing in crossings}
    for part, transcript in zip(parts, heard, strict=True):
        segments = transcript.segments
        if part.forced and joined:
            joined, segments = _reconciled(joined, segments, part.start)
        joined.extend(segments)
        if readings.get(part.index):
            _vote(joined, readings[part.index], part.start)
    return tuple(joined)


def agrees(sides: Sequence[Segment], bridge: Sequence[Segment], seam: float) -> bool:
    """Tell whether a bridge has the words around a seam that the parts on its `sides` have.

    Then they have the majority, whatever another bridge would have.
    """
    slots = slots_of([list(_compared(sides, seam)), list(_compared(bridge, seam))])
    near = (slot for slot in slots if any(word is not None and abs(_middle(word) - seam) <= VOTED for word in slot))
    return all(map(is_unanimous, near))


def _compared(segments: Sequence[Segment], seam: float) -> Iterator[Word]:
    return (word for segment in segments for word in segment.words if abs(_middle(word) - seam) <= COMPARED)


def _vote(joined: list[Segment], bridges: Sequence[Sequence[Segment]], seam: float) -> None:
    """Put what most readings have in place of the words around a seam; `joined` is changed, but for what lies further away."""
    first = next((at + 1 for at in range(len(joined) - 1, -1, -1) if joined[at].end < seam - COMPARED), 0)
    last = next((at for at in range(first, len(joined)) if joined[at].start > seam + COMPARED), len(joined))
    spoken = [(at, word) for at in range(first, last) for word in joined[at].words]
    near = [index for index, (_, word) in enumerate(spoken) if abs(_middle(word) - seam) <= COMPARED]
    if not near:
        return
    begin, end = near[0], near[-1] + 1
    crossing = [list(_compared(bridge, seam)) for bridge in bridges]
    chosen = list(_elected(spoken[begin:end], crossing, seam))
    words: dict[int, list[Word]] = {at: [] for at in range(first, last)}
    for at, word in (*spoken[:begin], *chosen, *spoken[end:]):
        words[at].append(word)
    joined[first:last] = [segment for at in range(first, last) for segment in _with_words(joined[at], words[at])]


def _elected(spoken: Sequence[tuple[int, Word]], crossing: Sequence[Sequence[Word]], seam: float) -> Iterator[tuple[int, Word]]:
    """Yield the words that stay, in order of time, each with the segment that it is part of."""
    owners = iter([at for at, _ in spoken])
    owner, chosen = spoken[0][0], []
    for slot in slots_of([[word for _, word in spoken], *crossing]):
        own = slot[0]
        owner = owner if own is None else next(owners)
        middle = _middle(own or next(word for word in slot if word is not None))
        word = elected(slot) if abs(middle - seam) <= VOTED else own
        if word is not None:
            chosen.append((owner, word, word is own))
    # the readings do not agree about times: a bridge's word begins between the words beside it
    latest = 0.0
    for (at, word, is_own), ceiling in zip(chosen, _ceilings(chosen), strict=True):
        start = word.start if is_own else max(latest, min(word.start, ceiling))
        latest = max(latest, start)
        yield at, word if start == word.start else replace(word, start=start, end=max(start, word.end))


def _ceilings(chosen: Sequence[tuple[int, Word, bool]]) -> list[float]:
    """Return for each word when the next of the part's own words begins."""
    ceilings, ceiling = [], float("inf")
    for _, word, is_own in reversed(chosen):
        ceilings.append(ceiling)
        ceiling = word.start if is_own else ceiling
    return ceilings[::-1]


def _with_words(segment: Segment, words: Sequence[Word]) -> Iterator[Segment]:
    """Yield a segment with other words, if any are left."""
    if tuple(words) == segment.words:
        yield segment
    elif words:
        start, end = min(word.start for word in words), max(word.end for word in words)
        yield segment.model_copy(update={"words": tuple(words), "text": text_of(words), "start": start, "end": end})


def _reconciled(before: list[Segment], after: Sequence[Segment], seam: float) -> tuple[list[Segment], tuple[Segment, ...]]:
    first = [word for segment in before for word in segment.words]
    second = [word for segment in after for word in segment.words]
    # from here on places, not times: Whisper gives two words the same start now and then
    kept, left_out = _switch(first, second, seam)
    return list(_within(before, range(kept))), tuple(_within(after, range(left_out, len(second))))


def _switch(first: Sequence[Word], second: Sequence[Word], seam: float) -> tuple[int, int]:
    """Return how many words to keep of the earlier part, and how many to leave out of the later one."""
    wanted = seam - OVERLAP / 2
    begin = next((index for index, word in enumerate(first) if _middle(word) >= seam - OVERLAP), len(first))
    end = next((index for index, word in enumerate(second) if _middle(word) >= seam), len(second))
    if begin == len(first) or not end:  # one of them heard nothing there: all of the other's words stay
        return len(first), 0
    agreed = [(abs(first[begin + i].start - wanted), begin + i + 1, j + 1) for i, j in _agreeing(first[begin:], second[:end])]
    if agreed:
        _, kept, left_out = min(agreed)
        return kept, left_out
    # nobody agrees: change between two words of the earlier reading, near the middle
    kept = max((index + 1 for index, word in enumerate(first) if _middle(word) < wanted), default=0)
    ended = max((word.end for word in first[:kept]), default=wanted)
    return kept, max((index + 1 for index, word in enumerate(second) if _middle(word) < ended), default=0)


def _agreeing(first: Sequence[Word], second: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of indexes in which both readings agree, the nearest in time first and each word once.

    By time and not by order alone, because words are often said twice in a row.
    """
    near = sorted(
        (abs(a.start - b.start), i, j)
        for i, a in enumerate(first)
        for j, b in enumerate(second)
        if letters_of(a) == letters_of(b) and abs(a.start - b.start) <= SAME_WORD
    )
    taken: tuple[set[int], set[int]] = (set(), set())
    for _, i, j in near:
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            yield i, j


def _within(segments: Sequence[Segment], wanted: range) -> Iterator[Segment]:
    """Yield the segments with those of their words whose places, counted over all segments, are wanted."""
    place = 0
    for segment in segments:
        words = tuple(word for index, word in enumerate(segment.words, start=place) if index in wanted)
        place += len(segment.words)
        if len(words) == len(segment.words):
            yield segment
        elif words:
            update = {"words": words, "text": text_of(words), "start": words[0].start, "end": words[-1].end}
            yield segment.model_copy(update=update)


def _middle(word: Word) -> float:
    return (word.start + word.end) / 2
