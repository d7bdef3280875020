"""Is this something that was said? Loops and impossible rates are the two ways in which Whisper invents text at length.

Nothing is ever deleted here: a part that looks invented is heard once more with other settings, the better of the two results
is kept, and what still looks invented is flagged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from storage.documents import Segment, SegmentFlag, Word

LONGEST_PATTERN = 16
"""Words of the longest repeated phrase that is looked for."""

_REPEATS_OF_ONE_WORD = 7
"""People do say "no no no no"."""
_REPEATS_OF_A_SHORT_PHRASE = 5
_REPEATS_OF_A_LONG_PHRASE = 3
_LONG_PHRASE = 5

FASTEST_WORDS = 9.0
"""Words per second that nobody keeps up over `RATE_WINDOW` words; fast talkers reach six."""

FASTEST_CHARACTERS = 45.0
"""Characters per second, for languages whose words are not set apart by spaces."""

RATE_WINDOW = 12
"""Words over which the rate is taken."""

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
    """Return the result with more words that can be believed; the first one if they are equal."""
    return second if _believable(second) > _believable(first) else first


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
    found: set[int] = set()
    for first in range(len(words) - RATE_WINDOW + 1):
        window = words[first : first + RATE_WINDOW]
        seconds = max(window[-1].end - window[0].start, 0.01)
        spoken = sum(not word.joined for word in window)
        characters = sum(len(word.text) for word in window)
        if spoken / seconds > FASTEST_WORDS or characters / seconds > FASTEST_CHARACTERS:
            found.update(range(first, first + RATE_WINDOW))
    return found


def _key(word: Word) -> str:
    return "".join(c for c in word.text.casefold() if c.isalnum()) or word.text
