"""Word times put right by the voice activity.

Whisper lets the first word after a pause begin inside it, and the last one before a pause last into it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from storage.documents import Segment, Span, Word

LARGEST_MOVE = 1.5
"""Seconds by which an edge may be moved; what is further off is not the same speech."""

TAIL = 0.15
"""Seconds that a word may ring on after the detector hears its end."""

NEAR = 0.3
"""Seconds from speech within which a word that lies in silence is taken to be part of that speech."""

SHORTEST_WORD = 0.04


def refine_onsets(segments: Sequence[Segment], speech: Sequence[Span]) -> tuple[Segment, ...]:
    """Return the segments with words that begin in silence moved to the onset of their speech, and long tails cut to its end.

    The order of words never changes.
    """
    starts = [region.start for region in speech]
    return tuple(_refined(segment, speech, starts) for segment in segments)


def _refined(segment: Segment, speech: Sequence[Span], starts: Sequence[float]) -> Segment:
    words = tuple(_word(word, speech, starts) for word in segment.words)
    if words == segment.words or not words:
        return segment
    return segment.model_copy(update={"words": words, "start": words[0].start, "end": words[-1].end})


def _word(word: Word, speech: Sequence[Span], starts: Sequence[float]) -> Word:
    at = bisect_right(starts, word.start) - 1
    start, end = word.start, word.end
    inside = at >= 0 and word.start < speech[at].end
    if not inside and at + 1 < len(speech):
        onset = speech[at + 1].start
        if onset - start <= LARGEST_MOVE and end >= onset + SHORTEST_WORD:
            start, inside, at = onset, True, at + 1
        elif end - start <= LARGEST_MOVE and 0 <= onset - end <= NEAR and (at < 0 or onset - end < start - speech[at].end):
            # nobody speaks there: it is the beginning of what follows, or was made up at its edge
            start = max(start, end - SHORTEST_WORD)
    if inside and TAIL < end - speech[at].end <= LARGEST_MOVE:
        end = max(start + SHORTEST_WORD, speech[at].end + TAIL)
    return word if (start, end) == (word.start, word.end) else replace(word, start=start, end=end)
