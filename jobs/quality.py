"""Is this something that was said? Loops and impossible rates are the two ways in which Whisper invents text at length.

Nothing is ever deleted here: a part that looks invented is heard once more with other settings, the better of the two results
is kept, and what still looks invented is flagged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from storage.documents import Segment, SegmentFlag, Word
from storage.words import letters_of

LONGEST_PATTERN = 16
"""Words of the longest repeated phrase that is looked for."""

_REPEATS_OF_ONE_WORD = 7
"""People do say "no no no no"."""
_REPEATS_OF_A_SHORT_PHRASE = 5
_REPEATS_OF_A_LONG_PHRASE = 3
_LONG_PHRASE = 5


@dataclass(frozen=True)
class Rate:
    """What nobody keeps up over so many words."""

    words: int
    words_a_second: float
    characters_a_second: float
    """For languages whose words are not set apart by spaces."""


FASTEST = (Rate(12, 9.0, 45.0), Rate(6, 14.0, 70.0))
"""Fast talkers reach six words a second for a while, and eight over a few small words."""

INVENTED: tuple[SegmentFlag, ...] = ("repetition", "impossible_rate")


def judge(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the segments with the flags `repetition` and `impossible_rate` where they apply."""
    words = [word for segment in segments for word in segment.words]
    repeated, too_fast = _repeated(words), _too_fast(words)
    judged, at = [], 0
    for segment in segments:
        here = range(at, at + len(segment.words))
        at += len(segment.words)
        found = set(segment.flags)
        if any(index in repeated for index in here):
            found.add("repetition")
        if any(index in too_fast for index in here):
            found.add("impossible_rate")
        judged.append(segment.model_copy(update={"flags": tuple(sorted(found))}) if found != set(segment.flags) else segment)
    return tuple(judged)


def looks_invented(segments: Iterable[Segment]) -> bool:
    """Tell whether any segment is flagged as a loop or as too fast to have been said."""
    return any(flag in INVENTED for segment in segments for flag in segment.flags)


def better(first: Sequence[Segment], second: Sequence[Segment]) -> Sequence[Segment]:
    """Return the result with more words that can be believed; the first one if they are equal.

    A second hearing without a word does not win: that would delete text, and a flag says as much.
    """
    return second if any(s.words for s in second) and _believable(second) > _believable(first) else first


def _believable(segments: Sequence[Segment]) -> int:
    """Count the words outside invented segments, less those inside."""
    return sum(-len(s.words) if any(flag in INVENTED for flag in s.flags) else len(s.words) for s in segments)


def _repeated(words: Sequence[Word]) -> set[int]:
    """Return the indexes of words that lie in a phrase said over and over, without anything between."""
    keys = [_key(word) for word in words]
    found: set[int] = set()
    for length in range(1, min(LONGEST_PATTERN, len(keys) // 2) + 1):
        same = [keys[i] == keys[i + length] for i in range(len(keys) - length)]
        at = 0
        for equal, run in groupby(same):
            count = sum(1 for _ in run)
            if equal and count // length + 1 >= _repeats_allowed(length):
                found.update(range(at, at + count + length))
            at += count
    return found


def _repeats_allowed(length: int) -> int:
    if length == 1:
        return _REPEATS_OF_ONE_WORD
    return _REPEATS_OF_A_LONG_PHRASE if length >= _LONG_PHRASE else _REPEATS_OF_A_SHORT_PHRASE


def _too_fast(words: Sequence[Word]) -> set[int]:
    return {index for rate in FASTEST for first in _faster_than(rate, words) for index in range(first, first + rate.words)}


def _faster_than(rate: Rate, words: Sequence[Word]) -> Iterator[int]:
    """Yield where a window of words begins that is faster than the rate."""
    for first in range(len(words) - rate.words + 1):
        window = words[first : first + rate.words]
        seconds = max(window[-1].end - window[0].start, 0.01)
        spoken = sum(not word.joined for word in window)
        characters = sum(len(word.text) for word in window)
        if spoken > rate.words_a_second * seconds or characters > rate.characters_a_second * seconds:
            yield first


def _key(word: Word) -> str:
    return letters_of(word) or word.text
