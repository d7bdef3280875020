"""What speaks for each place of each chapter of a list: see `title_evidence`, which puts it together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobs.chapters.snap import RIGHT, Habit
from jobs.chapters.title_words import Floats, Indexes, Mention, TitleWords
from jobs.chapters.topic_starts import TopicStart
from storage.documents import ChapterMark

_W_TITLE, _W_PLACE = 4.0, 1.0
"""Weight of the title's words said at a place, and of its pause, change of speaker or music, in log-odds."""
_NOWHERE = -3.0
"""The same where nothing begins."""
_RELIABLE = 0.75
"""Share of the chapters whose onset follows the model at all."""
_TOPICAL = 0.6
"""Share of the mentions of a title's words that fall into its own chapter."""
_ENOUGH_SAID = 8.0
"""Mentions of one title's words beyond which more of them say nothing new."""
_MOST_SAYS = 6.0
"""Log-odds that one chapter's onset or extent says at most: whatever is said of it, it may be a coincidence."""
_SAMPLES = 2000
"""Places of the file that stand for all of it."""
_TOP = 15
"""Candidate places for each chapter."""
_FARTHEST = 1800.0
"""Seconds by which a chapter is off at most."""
_MOST = 120
"""Candidate offsets at most."""
SPACING = 2.0
"""Seconds between two candidates that are by hand; exact ones may be as near as `_FINE`."""
_FINE = 0.5
_SHARES = (0.25, 0.5, 0.75, 1.0)
"""Parts of the excess duration that are candidates in any case."""


@dataclass(frozen=True)
class _Highest:
    """The highest value between any two places, for every chapter (a sparse table)."""

    levels: tuple[Floats, ...]

    @classmethod
    def of(cls, values: Floats) -> _Highest:
        """Prepare a table of chapters (rows) by places (columns)."""
        levels, width = [values], 1
        while 2 * width <= values.shape[1]:
            last = levels[-1]
            levels.append(np.maximum(last[:, :-width], last[:, width:]))
            width *= 2
        return cls(tuple(levels))

    def between(self, row: int, low: Indexes, high: Indexes) -> Floats:
        """Return the highest of the places `low … high`, half-open, for each pair; `_NOWHERE` where there is none."""
        found = np.full(len(low), _NOWHERE)
        sizes = high - low
        levels = np.log2(np.maximum(1, sizes)).astype(np.int64)
        for level in np.unique(levels[sizes > 0]):
            here = (levels == level) & (sizes > 0)
            line = self.levels[level][row]
            found[here] = np.maximum(line[low[here]], line[high[here] - (1 << int(level))])
        return found


class Places:
    """The evidence for a list of chapters in one file."""

    def __init__(self, marks: Sequence[ChapterMark], places: Sequence[TopicStart], said: TitleWords, duration: float) -> None:
        self.published = np.array([mark.start for mark in marks], dtype=np.float64)
        self._duration = duration
        self._mentions = said.mentions
        self._times = np.array([place.time for place in places], dtype=np.float64)
        self._titles = said.at(places)
        self._values = _W_TITLE * self._titles + _W_PLACE * np.array([place.evidence for place in places])[None, :]
        self._highest = _Highest.of(self._values)

    def candidates(self, habit: Habit, excess: float | None) -> Floats:
        """Return the offsets worth considering: those that several chapters point to first; sorted, 0 among them."""
        votes: list[tuple[float, float]] = []
        for row, published in enumerate(self.published):
            telling = np.flatnonzero(self._titles[row] > 0)
            best = telling[np.argsort(-self._values[row, telling])[:_TOP]]
            votes += [(float(self._times[k] - published), float(self._titles[row, k])) for k in best]
        # what is off by no more than people are is no offset
        votes = sorted(vote for vote in votes if habit.reach + 1 < abs(vote[0]) <= _FARTHEST)
        fixed = [0.0] + ([excess * share for share in _SHARES] if excess is not None and abs(excess) > SPACING else [])
        return np.array(sorted(_peaks(votes, fixed, min(SPACING, max(_FINE, habit.reach / 2)))))

    def onsets(self, offsets: Floats, habit: Habit) -> Floats:
        """Return what each chapter's beginning (rows) says for each offset (columns), if times are printed by a habit.

        A log-likelihood ratio against any other place of the file.
        """
        anywhere = np.linspace(0, self._duration, _SAMPLES)
        found = []
        for row, published in enumerate(self.published):
            place = published + offsets
            usual = np.log(np.mean(np.exp(self._near(row, anywhere, habit))))
            likely = np.log(_RELIABLE * np.exp(self._near(row, place, habit) - usual) + 1 - _RELIABLE)
            likely = np.minimum(_MOST_SAYS, likely)
            found.append(np.where((place >= -RIGHT) & (place < self._duration), likely, np.log(1 - _RELIABLE) / 2))
        # the beginning of the episode has no title said before it, and an ad in its place begins as well
        return np.where(self.published[:, None] < RIGHT, 0.0, np.array(found))

    def _near(self, row: int, place: Floats, habit: Habit) -> Floats:
        """Return the highest evidence that a chapter begins where a habit would print these times."""
        low, high = habit.low - 2 * habit.edge, habit.high + 2 * habit.edge
        return self._highest.between(row, np.searchsorted(self._times, place + low), np.searchsorted(self._times, place + high))

    def extents(self, offsets: Floats) -> list[Floats]:
        """Return for each chapter what the mentions of its title say for each offset (rows) and the next one's (columns)."""
        ends = [*self.published[1:], self._duration]
        found = []
        for at, (mentions, start, end) in enumerate(zip(self._mentions, self.published, ends, strict=True)):
            last = at == len(self.published) - 1
            stop = np.full(len(offsets), self._duration) if last else end + offsets
            found.append(self._extent(mentions, start + offsets, stop))
        return found

    def _extent(self, mentions: Sequence[Mention], start: Floats, stop: Floats) -> Floats:
        length = np.clip(stop[None, :] - start[:, None], 1.0, self._duration)
        inside = np.log(_TOPICAL * self._duration / length + 1 - _TOPICAL)
        outside = float(np.log(1 - _TOPICAL))
        total = np.zeros_like(length)
        count = sum(len(m.times) for m in mentions)
        for mention in mentions:
            own = np.searchsorted(mention.times, stop)[None, :] - np.searchsorted(mention.times, start)[:, None]
            own = np.maximum(0, own)
            total += mention.weight * (own * inside + (len(mention.times) - own) * outside)
        return np.minimum(_MOST_SAYS, total * min(1.0, _ENOUGH_SAID / count) if count else total)

    def refined(self, rows: Sequence[int], offset: float, habit: Habit) -> float:
        """Return the median offset of those chapters whose words are said near an offset of theirs."""
        near = [(row, *self.said(row, offset, habit)) for row in rows]
        differences = [time - self.published[row] for row, time, share in near if share > 0]
        middle = (habit.low + habit.high) / 2  # times that are cut to seconds are late by half of one
        return float(np.median(differences)) - middle if differences else offset

    def said(self, row: int, offset: float, habit: Habit) -> tuple[float, float]:
        """Return the best place for a chapter near an offset, and how much of its title is said there or next to it."""
        place = float(self.published[row] + offset)
        low, high = np.searchsorted(self._times, (place + habit.low - 1, place + habit.high + 1))
        if low == high:
            return place, 0.0
        at = int(low + np.argmax(self._values[row, low:high]))
        return float(self._times[at]), float(self._titles[row, low:high].max())


def _peaks(votes: Sequence[tuple[float, float]], fixed: Sequence[float], spacing: float) -> list[float]:
    """Return the fixed offsets, and those for which most votes lie within a spacing, none close to another."""
    chosen = list(dict.fromkeys(fixed))
    if not votes:
        return chosen
    at, weight = (np.array(column) for column in zip(*votes, strict=True))
    sums = np.concatenate([[0.0], np.cumsum(weight)])
    support = sums[np.searchsorted(at, at + spacing, "right")] - sums[np.searchsorted(at, at - spacing)]
    for k in np.argsort(-support):
        if len(chosen) >= _MOST:
            break
        if all(abs(float(at[k]) - other) >= spacing for other in chosen):
            chosen.append(float(at[k]))
    return chosen
