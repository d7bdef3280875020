"""Seams beside which it is doubtful what was said, so that they are worth hearing again (`jobs.bridges`).

Beyond doubt is a side on which every word is probable and lies over speech, no segment looks odd, and all speech has words.
What an engine invents before a pause is improbable or lies in the pause, what it passes over leaves speech without words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf

from jobs.split import PartSpan
from jobs.transcribe import PartTranscript
from storage.documents import Segment, Span

EDGE = 4.0
"""Seconds on either side of a seam that are looked at; a model's windows make no difference further away."""

SURE = 0.5
"""Probability under which a word is doubtful."""

WORDLESS = 0.8
"""Seconds without a word inside a region of speech from which on something may have been passed over.

An engine ends words early, and the last sound of a sentence may fade for longer than a word lasts.
"""

ASTRAY = 0.3
"""Seconds outside speech from which on a word is doubtful: word times are off by as much."""


def doubtful_seams(parts: Sequence[PartSpan], heard: Sequence[PartTranscript]) -> Iterator[PartSpan]:
    """Yield the parts whose seam at the start is worth hearing again."""
    sides = zip(parts, heard, strict=True)
    for (before, left), (after, right) in pairwise(sides):
        seam = after.start
        if _is_doubtful(left.segments, before.speech, seam - EDGE, seam) or _is_doubtful(
            right.segments, after.speech, seam, seam + EDGE
        ):
            yield after


def _is_doubtful(segments: Sequence[Segment], speech: Sequence[Span], start: float, end: float) -> bool:
    """Tell whether anything between two times on one side of a seam is doubtful."""
    near = [segment for segment in segments if segment.end > start and segment.start < end]
    words = [word for segment in near for word in segment.words if start < (word.start + word.end) / 2 < end]
    regions = [region for region in speech if start < region.end and region.start < end]
    spoken = [(word.start, word.end) for segment in near for word in segment.words]
    return (
        any(segment.flags for segment in near)
        or any((word.probability or 0.0) < SURE for word in words)
        or any(not any(r.start - ASTRAY <= (w.start + w.end) / 2 <= r.end + ASTRAY for r in regions) for w in words)
        or any(_wordless(region, spoken, start, end) > WORDLESS for region in regions)
    )


def _wordless(region: Span, words: Sequence[tuple[float, float]], start: float, end: float) -> float:
    """Return the longest stretch of a region between two times, in seconds, over which no word lies; endless if none does."""
    inside = sorted(word for word in words if word[1] > region.start and word[0] < region.end)
    if not inside:
        return inf
    longest, at = 0.0, region.start
    for began, ended in (*inside, (region.end, region.end)):
        longest, at = max(longest, min(began, end) - max(at, start)), max(at, ended)
    return longest
