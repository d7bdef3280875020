"""The offsets of a file from its chapters' titles alone: what is said around each candidate place, all chapters at once.

A hidden Markov model over the list (Rabiner 1989). The state of a chapter is the offset of the file there, one of some hundred
candidates; 0 is always one. A chapter speaks for an offset

- by its *onset*: near the place that the offset gives, is there one where a topic may begin (pauses, speakers, music), and are
  the title's words, or the phrases that go with an "Intro" or "Outro", said there for the first time? And
- by its *extent*: are the title's words said between this place and the next chapter's, more than elsewhere?

Both are likelihood ratios against "anywhere in the file", so a title that is said nowhere, or everywhere, speaks for nothing.
From one chapter to the next the offset mostly stays; it rises where something was inserted and falls where something was cut,
both at a price (`offset_chain`: how rare that is). The measured duration minus the published one, where known, says what the
last offset should be. The best path is accepted only if it is `_MARGIN` better than no offset at all and `_SUPPORT` chapters
speak for each of its pieces: one title may be mentioned anywhere, and a wrong move is worse than none. The posterior of the
chosen offset is the trust in each chapter, also where the map stays the identity.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jobs.chapters.anchor import OffsetMap, Piece, Trust
from jobs.chapters.offset_chain import Chain, priors
from jobs.chapters.snap import RIGHT, habits_of
from jobs.chapters.title_words import Floats, Mention, TitleWords
from jobs.chapters.topic_starts import TopicStart, topic_starts
from storage.documents import AnchorMethod, ChapterMark, Coverage, Turn, Word

STEP = 0.5
"""Seconds between the places of the file for which evidence is kept."""
_W_TITLE, _W_PLACE = 4.0, 0.6
"""Weight of the title's words said at a place, and of its pause, change of speaker or music, in log-odds."""
_NOWHERE = -3.0
_RELIABLE = 0.75
"""Share of the chapters whose onset follows the model at all."""
_TOPICAL = 0.6
"""Share of the mentions of a title's words that fall into its own chapter."""
_ENOUGH_SAID = 4.0
"""Mentions of one title's words beyond which more of them say nothing new."""
_CLEAR = 1.0
"""Log-odds from which on a chapter speaks for an offset by itself."""
_MARGIN = 6.0
"""Log-odds by which moving must be better than not moving."""
_SUPPORT = 2
"""Chapters that must speak for each piece."""
_TOP = 15
"""Candidate places for each chapter."""
_FARTHEST = 1800.0
_MOST = 120
"""Candidate offsets at most; each is `_SPACING` seconds or more from the others."""
_SPACING = 2.0
_SHARES = (0.25, 0.5, 0.75, 1.0)
"""Parts of the excess duration that are candidates in any case."""
_LATE = 0.999
_REFINED = 6.0
"""Seconds by which the excess duration and an offset found by titles may differ."""


@dataclass(frozen=True)
class TitleEvidence:
    """What the titles say."""

    offsets: OffsetMap
    """The identity, with its trust, where they say too little."""
    supported: int
    """Chapters that speak for the map."""


def title_offsets(
    marks: Sequence[ChapterMark],
    *,
    words: Sequence[Word],
    turns: Sequence[Turn],
    coverage: Sequence[Coverage],
    duration: float,
    published_duration: float | None,
) -> TitleEvidence:
    """Return the map that the titles of the visible marks, sorted by time, speak for in a file of `duration` seconds."""
    listed = [mark for mark in marks if not mark.hidden]
    places = [place for place in topic_starts(words, turns, coverage) if place.time < duration]
    if not listed or not places:
        return TitleEvidence(OffsetMap(), 0)
    evidence = _Evidence(listed, places, TitleWords([m.title for m in listed], words), duration)
    excess = None if published_duration is None else duration - published_duration
    offsets = evidence.candidates(excess)
    chain = Chain(evidence.onsets(offsets), evidence.extents(offsets), priors(offsets, evidence.published, excess))
    return _decided(evidence, offsets, chain, excess)


def _decided(evidence: _Evidence, offsets: Floats, chain: Chain, excess: float | None) -> TitleEvidence:
    """Take the best path whose pieces all have their chapters; without one that is good enough, the published times."""
    zero = int(np.flatnonzero(offsets == 0)[0])
    found = best = chain.solve()
    while (lonely := evidence.unsupported(offsets[best.path], excess)) is not None:
        chain = chain.without(int(np.flatnonzero(offsets == lonely)[0]))
        best = chain.solve()
    path = best.path if best.margin(zero) >= _MARGIN else np.full(len(best.path), zero)
    near = np.abs(offsets[None, :] - offsets[path][:, None]) <= 2 * _SPACING
    certain = np.minimum(_LATE, (found.posterior * near).sum(axis=1))
    pieces = evidence.pieces(offsets[path]) if (path != zero).any() else ()
    trust = tuple(Trust(p, float(c)) for p, c in zip(evidence.published, certain, strict=True))
    method: AnchorMethod = "title_evidence" if pieces else "as_published"
    clear = evidence.clear(offsets[path])
    return TitleEvidence(OffsetMap(pieces, method, _distinct(trust)), int(clear.sum()))


def _distinct(trust: Sequence[Trust]) -> tuple[Trust, ...]:
    """Keep one for each time: the least sure."""
    kept: dict[float, Trust] = {}
    for item in trust:
        known = kept.get(item.published_start)
        kept[item.published_start] = item if known is None or item.share < known.share else known
    return tuple(kept.values())


class _Evidence:
    """What speaks for each place of each chapter."""

    def __init__(self, marks: Sequence[ChapterMark], places: Sequence[TopicStart], said: TitleWords, duration: float) -> None:
        self.published = np.array([mark.start for mark in marks], dtype=np.float64)
        self._duration = duration
        self._mentions = said.mentions
        self._times = np.array([place.time for place in places], dtype=np.float64)
        self._titles = said.at(places)
        self._values = _W_TITLE * self._titles + _W_PLACE * np.array([place.evidence for place in places])[None, :]
        later = [p for p in self.published if p >= RIGHT]
        self.reach = max((habit.reach for habit in habits_of(later, on_file=False)), default=RIGHT)
        self._grid = self._spread()

    def _spread(self) -> Floats:
        """Return the log-likelihood ratio of each chapter (rows) to begin near each `STEP` of the file (columns)."""
        cells = int(self._duration / STEP) + 1
        grid = np.full((len(self.published), cells), _NOWHERE)
        np.maximum.at(grid.T, np.minimum(cells - 1, (self._times / STEP).astype(np.int64)), self._values.T)
        grid = _highest_near(grid, round(self.reach / STEP))
        usual = np.log(np.mean(np.exp(grid), axis=1, keepdims=True))
        return np.asarray(np.log(_RELIABLE * np.exp(grid - usual) + 1 - _RELIABLE))

    def candidates(self, excess: float | None) -> Floats:
        """Return the offsets worth considering: those that several chapters point to first; sorted, 0 among them."""
        votes: list[tuple[float, float]] = []
        for row, published in enumerate(self.published):
            telling = np.flatnonzero(self._titles[row] > 0)
            best = telling[np.argsort(-self._values[row, telling])[:_TOP]]
            votes += [(float(self._times[k] - published), float(self._titles[row, k])) for k in best]
        votes = sorted(vote for vote in votes if abs(vote[0]) <= _FARTHEST)
        fixed = [0.0] + ([excess * share for share in _SHARES] if excess is not None and abs(excess) > _SPACING else [])
        return np.array(sorted(_peaks(votes, fixed)))

    def onsets(self, offsets: Floats) -> Floats:
        """Return what each chapter's beginning (rows) says for each offset (columns)."""
        place = self.published[:, None] + offsets[None, :]
        cells = np.clip(place / STEP, 0, self._grid.shape[1] - 1).astype(np.int64)
        found = np.take_along_axis(self._grid, cells, axis=1)
        found = np.where((place >= -RIGHT) & (place < self._duration), found, np.log(1 - _RELIABLE) / 2)
        # the beginning of the episode has no title said before it, and an ad in its place begins as well
        return np.where(self.published[:, None] < RIGHT, 0.0, found)

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
        return total * min(1.0, _ENOUGH_SAID / count) if count else total

    # -------------------------------------------------------------- of a path

    def clear(self, path: Floats) -> Floats:
        """Tell which chapters speak for the offsets of a path by the words at their beginnings."""
        found = self.onsets(np.unique(path))
        mine = found[np.arange(len(path)), np.searchsorted(np.unique(path), path)]
        said = np.array([self._nearest(row, p + o)[1] for row, (p, o) in enumerate(zip(self.published, path, strict=True))])
        return np.asarray((mine >= _CLEAR) & (said > 0), dtype=np.float64)

    def unsupported(self, path: Floats, excess: float | None) -> float | None:
        """Return an offset of a path, other than 0, for which too few chapters speak; none if there is none.

        The excess duration counts as a chapter more for the last piece.
        """
        clear = self.clear(path)
        for group in _stretches(path):
            offset = float(path[group[0]])
            told = group[-1] == len(path) - 1 and excess is not None and abs(offset - excess) <= _REFINED
            if offset and clear[list(group)].sum() + told < _SUPPORT:
                return offset
        return None

    def pieces(self, path: Floats) -> tuple[Piece, ...]:
        """Return the map of a path; a step lies as far before its first chapter as people are off."""
        pieces: list[Piece] = []
        for group in _stretches(path):
            offset, first = self._refined(group, float(path[group[0]])), float(self.published[group[0]])
            before = float(self.published[group[0] - 1]) if group[0] else -first
            start = max(first - self.reach, (before + first) / 2) if pieces else 0.0
            if pieces:
                start = max(start, pieces[-1].place - offset + STEP)
            pieces.append(Piece(start, offset))
        return tuple(pieces)

    def _refined(self, group: Sequence[int], offset: float) -> float:
        """Return the median offset of those chapters of a piece whose words are said near it."""
        if offset == 0:
            return 0.0
        near = [self._nearest(row, self.published[row] + offset) for row in group]
        differences = [time - self.published[row] for row, (time, said) in zip(group, near, strict=True) if said > 0]
        return float(np.median(differences)) if differences else offset

    def _nearest(self, row: int, place: float) -> tuple[float, float]:
        """Return the best place for a chapter near a time, and how much of its title is said there."""
        low, high = np.searchsorted(self._times, (place - self.reach - STEP, place + self.reach + STEP))
        if low == high:
            return place, 0.0
        at = int(low + np.argmax(self._values[row, low:high]))
        return float(self._times[at]), float(self._titles[row, at])


def _stretches(path: Floats) -> list[list[int]]:
    return [list(group) for _, group in itertools.groupby(range(len(path)), key=lambda at: path[at])]


def _highest_near(grid: Floats, cells: int) -> Floats:
    """Return for each cell the highest value within so many cells, by doubling."""
    found, width = grid.copy(), 1
    while width < 2 * cells + 1:
        shift = min(width, 2 * cells + 1 - width)
        found[:, :-shift] = np.maximum(found[:, :-shift], found[:, shift:].copy())
        width += shift
    return np.concatenate([np.repeat(found[:, :1], cells, axis=1), found], axis=1)[:, : grid.shape[1]]


def _peaks(votes: Sequence[tuple[float, float]], fixed: Sequence[float]) -> list[float]:
    """Return the fixed offsets, and those for which most votes lie within `_SPACING`, none close to another."""
    chosen = list(dict.fromkeys(fixed))
    if not votes:
        return chosen
    at, weight = (np.array(column) for column in zip(*votes, strict=True))
    sums = np.concatenate([[0.0], np.cumsum(weight)])
    support = sums[np.searchsorted(at, at + _SPACING, "right")] - sums[np.searchsorted(at, at - _SPACING)]
    for k in np.argsort(-support):
        if len(chosen) >= _MOST:
            break
        if all(abs(float(at[k]) - other) >= _SPACING for other in chosen):
            chosen.append(float(at[k]))
    return chosen
