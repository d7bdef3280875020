"""Runs: stretches over which two texts say the same at one offset of their clocks.

See `align` for what they are for.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.chapters.tokens import Token

_ANCHOR = 4
"""Words of an anchor: at three wrong words in ten, every fourth sequence is still whole, and few occur twice by chance."""
_AGREE = 0.8
"""Seconds by which offsets may differ within a run, besides the error of the words' times."""
_LOOSEST = 4.0
"""Seconds of that error that count at most: in a very long cue, anything would fit."""
_RECENT = 24
"""So many matches back a run looks for its offset: enough for a median, few enough to notice a step at once."""
_MATCHES = 12
"""Matched words that make a run: fewer may be a phrase that is said in two places."""
EXACT, _EXACT_MATCHES = 0.5, 3
"""Seconds of error up to which a time is exact, and how many of a run's must be: guesses inside a long cue prove no offset."""
_STEP = 2.0
"""Seconds that are inserted or cut at least; less is the error of a run's offset."""


@dataclass(frozen=True)
class Pair:
    """One word in both texts, by its index in each."""

    published: int
    heard: int


@dataclass(frozen=True)
class Run:
    """A stretch in which the texts agree at one offset."""

    pairs: tuple[Pair, ...]
    offset: float
    """Seconds by which the heard text is behind the published one."""

    @property
    def first(self) -> Pair:
        """Return the first match."""
        return self.pairs[0]

    @property
    def last(self) -> Pair:
        """Return the last match."""
        return self.pairs[-1]


def anchors(published: Sequence[Token], heard: Sequence[Token]) -> list[Pair]:
    """Return the words that both texts share in unique sequences, in an order that both keep."""
    ours, theirs = _unique(heard), _unique(published)
    starts = sorted((i, ours[key]) for key, i in theirs.items() if key in ours)
    chain = longest_rising([j for _, j in starts])
    pairs: dict[int, int] = {}
    for at in chain:
        i, j = starts[at]
        pairs |= {i + k: j + k for k in range(_ANCHOR)}
    return [Pair(i, j) for i, j in pairs.items()]


def runs_of(pairs: Sequence[Pair], published: Sequence[Token], heard: Sequence[Token]) -> tuple[Run, ...]:
    """Return the runs in which at least `_MATCHES` words agree, some with exact times, in order; those of one offset joined."""
    matches = [
        _Match(pair, heard[pair.heard].start - token.start, token.error)
        for pair, token in ((pair, published[pair.published]) for pair in pairs)
    ]
    joined: list[list[_Match]] = []
    for group in _groups(matches):
        if len(group) < _MATCHES or sum(match.error <= EXACT for match in group) < _EXACT_MATCHES:
            continue
        if joined and abs(_offset(joined[-1]) - _offset(group)) < _STEP:
            joined[-1] = joined[-1] + group
        else:
            joined.append(group)
    return tuple(Run(tuple(match.pair for match in group), _offset(group)) for group in joined)


def _unique(tokens: Sequence[Token]) -> dict[tuple[str, ...], int]:
    """Return the sequences that occur once, with where they begin."""
    texts = [token.text for token in tokens]
    seen: dict[tuple[str, ...], int] = {}
    for at, key in enumerate(zip(*(texts[k:] for k in range(_ANCHOR)), strict=False)):
        seen[key] = -1 if key in seen else at
    return {key: at for key, at in seen.items() if at >= 0}


def longest_rising(values: Sequence[int]) -> list[int]:
    """Return the indexes of a longest strictly rising subsequence."""
    tails: list[int] = []
    heads: list[int] = []
    back = [-1] * len(values)
    for at, value in enumerate(values):
        length = bisect.bisect_left(heads, value)
        back[at] = tails[length - 1] if length else -1
        tails[length : length + 1] = [at]
        heads[length : length + 1] = [value]
    chain = []
    at = tails[-1] if tails else -1
    while at >= 0:
        chain.append(at)
        at = back[at]
    return chain[::-1]


@dataclass(frozen=True)
class _Match:
    """A pair with what it says about the offset."""

    pair: Pair
    difference: float
    error: float
    """Seconds by which the difference may be off, for the published word's time is estimated."""


class _Group:
    """Matches that agree, as they come."""

    def __init__(self, *matches: _Match) -> None:
        self.matches = list(matches)
        self._center = _offset(self.matches) if matches else math.nan

    def fits(self, match: _Match) -> bool:
        """Tell whether a match agrees with the last ones; none does with an empty group."""
        return abs(match.difference - self._center) <= _AGREE + min(_LOOSEST, 2 * match.error)

    def add(self, match: _Match) -> None:
        """Take a match in."""
        self.matches.append(match)
        if len(self.matches) < _RECENT or len(self.matches) % (_RECENT // 4) == 0:
            self._center = _offset(self.matches[-_RECENT:])


def _groups(matches: Sequence[_Match]) -> Iterator[list[_Match]]:
    """Yield neighbours whose offsets agree; what fits nowhere is left out.

    A word that disagrees makes no step by itself: a new group takes over when it has grown to half of `_MATCHES` while nothing
    went on with the old one.
    """
    current, rival = _Group(), _Group()
    for match in matches:
        if current.fits(match):
            current.add(match)
            rival = _Group()
        elif rival.fits(match):
            rival.add(match)
            if len(rival.matches) * 2 >= _MATCHES:
                yield current.matches
                current, rival = rival, _Group()
        else:
            rival = _Group(match)
    yield current.matches


def _offset(matches: Sequence[_Match]) -> float:
    """Return the median of the differences, each weighted by how exact its time is."""
    weighted = sorted((match.difference, 1 / match.error**2) for match in matches)
    half, total = sum(weight for _, weight in weighted) / 2, 0.0
    for difference, weight in weighted:
        total += weight
        if total >= half:
            return difference
    return weighted[-1][0]
