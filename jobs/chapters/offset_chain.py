"""A hidden Markov model over the offsets of a list of chapters; see `title_evidence` for what goes in."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobs.chapters.title_words import Floats, Indexes

_STAYS = 0.85
"""Probability that the offset is the same at the next chapter."""
_INSERTED, _CUT = 0.10, 0.05
"""Probability that something was inserted, or cut, between two chapters, or before the first one."""
_USUAL, _BIN = 240.0, 4.0
"""What is inserted or cut lasts up to four minutes, rarely more; offsets within a bin of seconds are one."""
_BRIEF, _BRIEFLY = 8.0, 0.1
"""Hardly anything shorter is inserted or cut: so much less probable. People who print times by hand are off by as much."""
_STALE = 0.2
"""Share of the published durations that are wrong, or of another version."""
_NOTHING_BEHIND = 0.75
"""Probability that nothing is inserted or cut behind the last chapter's beginning."""
_SAME_LENGTH = 4.0
"""Seconds by which durations of one thing differ."""
_NEVER = -1e6


@dataclass(frozen=True)
class Priors:
    """What is known before anything is heard, as log-probabilities."""

    first: Floats
    steps: Sequence[Floats]
    """From each offset (rows) to each (columns), for each chapter but the last."""
    last: Floats


def priors(offsets: Floats, published: Floats, excess: float | None) -> Priors:
    """Return the prior of offsets; `excess`: measured minus published duration, seconds, none if not known."""
    change = offsets[None, :] - offsets[:, None]
    step = _step(change)
    steps = [np.where(gap + change >= 0, step, _NEVER) for gap in np.diff(published)]  # places never turn back
    return Priors(_step(offsets), steps, _last(offsets, excess))


def _step(change: Floats) -> Floats:
    """Return the log-probability of a change of offset."""
    size = np.maximum(1.0, np.abs(change) / _USUAL)
    rare = np.where(change > 0, _INSERTED, _CUT) * _BIN / _USUAL / size**2
    rare = np.where(np.abs(change) < _BRIEF, _BRIEFLY * rare, rare)
    return np.asarray(np.log(np.where(change == 0, _STAYS, rare)))


def _last(offsets: Floats, excess: float | None) -> Floats:
    """Return what the durations say for the last offset: the rest was inserted, or cut, behind the last chapter's beginning."""
    if excess is None:
        return np.zeros(len(offsets))
    rest = np.exp(_step(excess - offsets))
    told = np.where(np.abs(excess - offsets) <= _SAME_LENGTH, _NOTHING_BEHIND, rest)
    return np.asarray(np.log((1 - _STALE) * told + _STALE * _BIN / _USUAL))


@dataclass(frozen=True)
class Decided:
    """The outcome of one chain."""

    path: Indexes
    """Index of the best offset for each chapter."""
    posterior: Floats
    """Probability of each offset (columns) for each chapter (rows)."""
    score: float
    """Log-probability of the best path."""
    steady: Floats
    """Log-probability of each offset from beginning to end."""
    total: float
    """Log-probability of all paths together."""


class Chain:
    """Evidence and priors, ready to be solved."""

    def __init__(self, onsets: Floats, extents: Sequence[Floats], known: Priors) -> None:
        #: what the mentions of each chapter's title (rows) say for each offset (columns), if the next chapter has the same
        self.inside = np.array([np.diag(extent) for extent in extents])
        #: the same with its beginning: all that a chapter says by itself
        self.alone = onsets + self.inside
        self._own = onsets.copy()
        self._own[0] += known.first
        # nothing comes behind the last chapter, so its extent depends on its own offset alone
        self._own[-1] += extents[-1][:, 0] + known.last
        self._onward = [extent + step for extent, step in zip(extents[:-1], known.steps, strict=True)]

    def without(self, offset: int) -> Chain:
        """Return the chain in which no path takes one offset."""
        other = copy.copy(self)
        other._own = self._own.copy()  # noqa: SLF001 - it is this class's own
        other._own[:, offset] = _NEVER  # noqa: SLF001
        return other

    def solve(self) -> Decided:
        """Return the best path (Viterbi) and the posterior (forward-backward)."""
        path, score = self._best()
        steady = self._own.sum(axis=0) + sum((np.diag(onward) for onward in self._onward), np.zeros(self._own.shape[1]))
        posterior, total = self._posterior()
        return Decided(path, posterior, score, steady, total)

    def _best(self) -> tuple[Indexes, float]:
        best, back = self._own[0], []
        for own, onward in zip(self._own[1:], self._onward, strict=True):
            ways = best[:, None] + onward
            back.append(ways.argmax(axis=0))
            best = ways.max(axis=0) + own
        path = [int(best.argmax())]
        for links in reversed(back):
            path.append(int(links[path[-1]]))
        return np.array(path[::-1], dtype=np.int64), float(best.max())

    def _posterior(self) -> tuple[Floats, float]:
        """Return the probability of each offset for each chapter, and the log-probability of everything."""
        tops = [float(onward.max()) for onward in self._onward]
        ways = [np.exp(onward - top) for onward, top in zip(self._onward, tops, strict=True)]
        peaks = [float(row.max()) for row in self._own]
        own = [np.exp(row - peak) for row, peak in zip(self._own, peaks, strict=True)]
        first, total = _scaled(own[0])
        forward, totals = [first], [total]
        for here, way in zip(own[1:], ways, strict=True):
            row, total = _scaled((forward[-1] @ way) * here)
            forward.append(row)
            totals.append(total)
        backward = [np.ones_like(own[0])]
        for here, way in zip(own[:0:-1], reversed(ways), strict=True):
            backward.append(_scaled(way @ (here * backward[-1]))[0])
        both = np.array([_scaled(f * b)[0] for f, b in zip(forward, reversed(backward), strict=True)])
        return both, sum(totals) + sum(tops) + sum(peaks)


def _scaled(values: Floats) -> tuple[Floats, float]:
    """Return values that add up to 1, and the logarithm of what they added up to."""
    total = float(values.sum())
    if total <= 0:
        return np.full(len(values), 1 / len(values)), _NEVER
    return values / total, math.log(total)
