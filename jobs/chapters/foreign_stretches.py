"""Where a stretch was inserted of which the titles tell only that it lies between two chapters.

Two chapters whose offsets differ by `d` seconds have `d` seconds between them that were not published. Which ones, is told by
what is heard there: a voice that speaks nowhere else in the episode, or phrases that sponsors are introduced with. A stretch is
reported only if

- the offsets on both sides are certain (`_CERTAIN`),
- it begins and ends where something may begin (`topic_starts`) or one kind of sound gives way to another, one of them `d`
  seconds behind the other,
- nearly everything that is said in it is foreign, nearly everything foreign that is said between the two chapters is in it, and
  nobody of the episode says `_OWN` words on end in it.

Otherwise nothing is, as where two ads lie between two chapters: that something was inserted is known then, and where is not.
"""

from __future__ import annotations

import bisect
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence

from jobs.chapters.anchor import OffsetMap
from jobs.chapters.cues import ROLES, plain, says
from jobs.chapters.topic_starts import topic_starts
from storage.documents import ChapterMark, Coverage, Span, Turn, Word

_SHORTEST = 8.0
"""Seconds; a smaller step may be the error of two chapters."""
_CERTAIN = 0.9
_LOOSE = 2.5
"""Seconds by which a step found by titles is off at most."""
_NEARLY = 0.85
"""Share of what is said inside that must be foreign, and of what is foreign that must be inside."""
_NATIVE = 0.2
"""Share of a voice's words that may lie outside of all places where something was inserted, if it is foreign."""
_PHRASE = 12
"""Words around a sponsor's phrase that belong to it."""
_OWN = 8
_FEWEST = 10
"""Foreign words without which nothing can be told."""
_SPONSOR = next(role for role in ROLES if role.name == "sponsor")


def foreign_stretches(
    marks: Sequence[ChapterMark],
    offsets: OffsetMap,
    *,
    words: Sequence[Word],
    turns: Sequence[Turn],
    coverage: Sequence[Coverage],
    duration: float,
) -> tuple[Span, ...]:
    """Return the inserted stretches that can be told, in file time; `offsets`: as the titles of the marks say."""
    steps = list(_steps([mark.start for mark in marks if not mark.hidden], offsets, duration))
    if not steps:
        return ()
    windows = [window for window, _ in steps]
    foreign = _Foreign(words, windows)
    words = [word for word in words if _inside(word, windows)]  # only the places there are asked for
    edges = (tile.start for tile in coverage)
    places = sorted({0.0, *(place.time for place in topic_starts(words, turns, coverage)), *edges, duration})
    found = (foreign.stretch(window, length, places) for window, length in steps)
    return tuple(span for span in found if span is not None)


def _steps(starts: Sequence[float], offsets: OffsetMap, duration: float) -> Iterator[tuple[Span, float]]:
    """Yield where each insertion must lie, and how long it is."""
    anchored = [(start, offsets.apply(start), offsets.offset(start)) for start in sorted(starts) if start > 0]
    for (a, place_a, before), (b, place_b, behind) in itertools.pairwise([(0.0, 0.0, 0.0), *anchored]):
        certain = min(offsets.certainty(b), offsets.certainty(a) if place_a else 1.0) >= _CERTAIN
        if behind - before >= _SHORTEST and certain and place_a < place_b <= duration:
            yield Span(start=place_a, end=min(duration, place_b + _LOOSE)), behind - before


class _Foreign:
    """Which words of an episode do not belong to it."""

    def __init__(self, words: Sequence[Word], windows: Sequence[Span]) -> None:
        self._starts = [word.start for word in words]
        inside = [_inside(word, windows) for word in words]
        voices = Counter(word.speaker for word in words if word.speaker)
        native = Counter(word.speaker for word, near in zip(words, inside, strict=True) if word.speaker and not near)
        strangers = {voice for voice, count in voices.items() if native[voice] <= _NATIVE * count}
        self._foreign = [word.speaker in strangers for word in words]
        if not strangers:
            self._foreign = list(_sponsored(words, inside))

    def stretch(self, window: Span, length: float, places: Sequence[float]) -> Span | None:
        """Return the stretch of about a length in a window that has what is foreign there; none if none has."""
        here = self._between(window)
        whole = sum(here)
        if whole < _FEWEST:
            return None
        best: tuple[float, Span] | None = None
        low, high = bisect.bisect_left(places, window.start), bisect.bisect_right(places, window.end)
        for start in places[low:high]:
            first = bisect.bisect_left(places, start + length - _LOOSE)
            last = bisect.bisect_right(places, min(start + length + _LOOSE, window.end))
            for end in places[first:last]:
                span = Span(start=start, end=end)
                said = self._between(span)
                share = min(sum(said) / max(1, len(said)), sum(said) / whole)
                score = share - abs(end - start - length) / 100  # of two that say the same, the one whose length fits
                if share >= _NEARLY and _longest_own(said) < _OWN and (best is None or score > best[0]):
                    best = score, span
        return None if best is None else best[1]

    def _between(self, span: Span) -> list[bool]:
        low, high = (bisect.bisect_left(self._starts, time - 0.3) for time in (span.start, span.end))
        return self._foreign[low:high]


def _longest_own(foreign: Sequence[bool]) -> int:
    return max((len(list(run)) for strange, run in itertools.groupby(foreign) if not strange), default=0)


def _inside(word: Word, windows: Sequence[Span]) -> bool:
    return any(span.start <= word.start < span.end for span in windows)


def _sponsored(words: Sequence[Word], wanted: Sequence[bool]) -> Iterator[bool]:
    """Tell for each word that is wanted whether a sponsor's phrase is near."""
    bare = [plain(word.text) for word in words]
    for at, asked in enumerate(wanted):
        yield asked and says(_SPONSOR.said, bare[max(0, at - _PHRASE) : at + _PHRASE])
