"""The seams between parts, where no word may be lost or doubled.

Parts are cut in pauses, so words do not cross a seam, and joining is putting one after the other. Only where speech had no
pause for minutes the cut runs through it (`PartSpan.forced`): then the later part begins `OVERLAP` seconds early, both parts
have heard the same words, and the reading changes from one to the other at a word on which both agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf

from jobs.clips import cut, samples_of
from jobs.engines.protocols import PartAudio
from jobs.pcm import Pcm
from jobs.split import PartSpan
from jobs.transcribe import PartTranscript
from storage.documents import Segment, Span, Word
from storage.words import text_of

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
    low = seam - OVERLAP
    first = [word for segment in before for word in segment.words if _middle(word) >= low]
    second = [word for segment in after for word in segment.words if _middle(word) < seam]
    until, since = _switch(first, second, seam - OVERLAP / 2)
    kept = [_only(segment, lambda word: word.start <= until) for segment in before]
    rest = [_only(segment, lambda word: word.start > since) for segment in after]
    return [s for s in kept if s is not None], tuple(s for s in rest if s is not None)


def _switch(first: Sequence[Word], second: Sequence[Word], wanted: float) -> tuple[float, float]:
    """Return the start of the last word to keep from the earlier part, and of the last word to leave out from the later one."""
    if not (first and second):  # one of them heard nothing there: all of the other's words stay
        return inf, -inf
    agreed = [(abs(a.start - wanted), a.start, b.start) for a, b in _agreeing(first, second)]
    if agreed:
        _, until, since = min(agreed)
        return until, since
    # nobody agrees: change in the pause of the earlier reading that is nearest to the middle
    until = max((word.start for word in first if _middle(word) < wanted), default=wanted)
    ended = max((word.end for word in first if _middle(word) < wanted), default=wanted)
    return until, max((word.start for word in second if _middle(word) < ended), default=until)


def _agreeing(first: Sequence[Word], second: Sequence[Word]) -> Iterator[tuple[Word, Word]]:
    """Yield the words that both readings have, the nearest in time first and each once: words are often said twice in a row."""
    near = sorted(
        (abs(a.start - b.start), i, j)
        for i, a in enumerate(first)
        for j, b in enumerate(second)
        if _key(a) == _key(b) and abs(a.start - b.start) <= SAME_WORD
    )
    taken: tuple[set[int], set[int]] = (set(), set())
    for _, i, j in near:
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            yield first[i], second[j]


def _only(segment: Segment, keep: Callable[[Word], bool]) -> Segment | None:
    words = tuple(word for word in segment.words if keep(word))
    if len(words) == len(segment.words):
        return segment
    if not words:
        return None
    return segment.model_copy(update={"words": words, "text": text_of(words), "start": words[0].start, "end": words[-1].end})


def _middle(word: Word) -> float:
    return (word.start + word.end) / 2


def _key(word: Word) -> str:
    return "".join(c for c in word.text.casefold() if c.isalnum())
