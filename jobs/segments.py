"""Words to segments: what one speaker says without a long pause, inside one chapter, short enough to be read at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from storage.documents import Segment, SegmentFlag, Word
from storage.words import text_of

LONG_PAUSE = 1.5
"""A pause of this many seconds ends a segment."""

COMFORTABLE = 8.0
"""A segment that lasts longer ends with its sentence …"""

LONGEST = 20.0
"""… one that lasts longer still ends at the next little pause …"""

LIMIT = 30.0
"""… and none lasts longer than this."""

_LITTLE_PAUSE = 0.25
_SENTENCE_END = (".", "?", "!", "…", "。", "？", "！", "؟", "।")
_CLOSING = "\"'”’)]»」』"


def regroup(
    segments: Sequence[Segment],
    words: Sequence[Word],
    chapter_starts: Sequence[float],
    *,
    overlapped: frozenset[int] = frozenset(),
) -> tuple[Segment, ...]:
    """Return new segments over `words`, which are those of `segments` in the same order, by now with speakers.

    A segment takes over the flags of those that its words come from, and `overlap` where any of the words (by index) in
    `overlapped` is in it. A word belongs to the chapter in which its middle lies.
    """
    origin = [index for index, segment in enumerate(segments) for _ in segment.words]
    assert len(origin) == len(words)
    starts = sorted(chapter_starts)
    chapter = [bisect_right(starts, (word.start + word.end) / 2 + 1e-6) for word in words]
    groups: list[list[int]] = []
    for at, word in enumerate(words):
        if groups and chapter[at] == chapter[at - 1] and not _breaks(words, groups[-1][0], at, word):
            groups[-1].append(at)
        else:
            groups.append([at])
    return tuple(_segment([words[i] for i in group], _flags(segments, origin, group, overlapped)) for group in groups)


def _breaks(words: Sequence[Word], first: int, at: int, word: Word) -> bool:
    before = words[at - 1]
    pause, length = word.start - before.end, before.end - words[first].start
    return (
        word.speaker != before.speaker
        or pause >= LONG_PAUSE
        or (length >= COMFORTABLE and ends_sentence(before) and not _is_one_number(before, word))
        or (length >= LONGEST and pause >= _LITTLE_PAUSE)
        or word.end - words[first].start > LIMIT
    )


def _is_one_number(before: Word, word: Word) -> bool:
    """Tell whether two words are pieces of one, as in `3.` `5`; where no word is set apart, a full stop still ends a sentence."""
    return word.joined and before.text.endswith(".")


def ends_sentence(word: Word) -> bool:
    """Tell whether a word carries the mark that ends a sentence."""
    return word.text.rstrip(_CLOSING).endswith(_SENTENCE_END)


def _flags(
    segments: Sequence[Segment], origin: Sequence[int], group: Sequence[int], overlapped: frozenset[int]
) -> tuple[SegmentFlag, ...]:
    found = {flag for source in {origin[i] for i in group} for flag in segments[source].flags}
    if not overlapped.isdisjoint(group):
        found.add("overlap")
    return tuple(sorted(found))


def _segment(words: Sequence[Word], flags: tuple[SegmentFlag, ...]) -> Segment:
    end = max(word.end for word in words)
    return Segment(start=words[0].start, end=end, text=text_of(words), speaker=words[0].speaker, words=tuple(words), flags=flags)
