"""The seams between parts, where no word may be lost or doubled.

Parts are cut in pauses, so words do not cross a seam, and joining is putting one after the other. Only where speech had no
pause for minutes the cut runs through it (`PartSpan.forced`): then the later part begins `OVERLAP` seconds early, both parts
have heard the same words, and the reading changes from one to the other at a word on which both agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobs.clips import cut, samples_of
from jobs.engines.protocols import PartAudio
from jobs.pcm import Pcm
from jobs.split import PartSpan
from jobs.transcribe import PartTranscript
from storage.documents import Segment, Span, Word
from storage.words import letters_of, text_of

OVERLAP = 4.0
"""Seconds before a forced seam that are heard by both parts."""

SAME_WORD = 0.5
"""Seconds by which two parts may differ about when a word began."""


def part_audio(pcm: Pcm, part: PartSpan, speech: Sequence[Span]) -> PartAudio:
    """Return the audio of a part, from `OVERLAP` before its start if the seam there is forced; `speech` is the whole file's."""
    start = max(part.start - OVERLAP, 0.0) if part.forced else part.start
    inside = tuple(
        Span(start=max(region.start, start), end=min(region.end, part.end))
        for region in speech
        if region.end > start and region.start < part.end
    )
    return PartAudio(samples_of(cut(pcm, start, part.end)), start, inside)


def join_parts(parts: Sequence[PartSpan], heard: Sequence[PartTranscript]) -> tuple[Segment, ...]:
    """Return the segments of all parts in order of time, with each word once."""
    joined: list[Segment] = []
    for part, transcript in zip(parts, heard, strict=True):
        segments = transcript.segments
        if part.forced and joined:
            joined, segments = _reconciled(joined, segments, part.start)
        joined.extend(segments)
    return tuple(joined)


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
