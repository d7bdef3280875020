"""The offsets of a file from its chapters' titles alone: what is said around each candidate place, all chapters at once.

A hidden Markov model over the list (Rabiner 1989). The state of a chapter is the offset of the file there, one of some hundred
candidates; 0 is always one. A chapter speaks for an offset

- by its *onset*: near the place that the offset gives, is there one where a topic may begin (pauses, speakers, music), and are
  the title's words, or the phrases that go with an "Intro" or "Outro", said there for the first time? And
- by its *extent*: are the title's words said between this place and the next chapter's, more than elsewhere?

What the notes say of a chapter besides its title (`beside_rows`) counts as its title does, if a little less at its beginning.
Both are likelihood ratios against "anywhere in the file", so a title that is said nowhere, or everywhere, speaks for nothing.
From one chapter to the next the offset mostly stays; it rises where something was inserted and falls where something was cut,
both at a price (`offset_chain`: how rare that is). The measured duration minus the published one, where known, says what the
last offset should be. The best path is accepted only if it is `_MARGIN` better than no offset at all and `_SUPPORT` chapters
speak for each of its pieces: one title may be mentioned anywhere, and a wrong move is worse than none. The posterior of the
chosen offset is the trust in each chapter, also where the map stays the identity.

How near a chapter is to its printed time depends on how the list was printed (`snap.Habit`). The chain is solved for each
habit that the list may follow; the one under which it is most probable decides, and has to be better than no offset under
those, too, by which times are off by as much: a few times that are late by the same two seconds or three look like an exact
list behind a cut, and are as well one that was printed by hand. Trust is over all habits. Lists in whole minutes are not moved.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jobs.chapters.anchor import OffsetMap, Piece, Trust
from jobs.chapters.offset_chain import Chain, Decided, priors
from jobs.chapters.snap import WHOLE_MINUTES, Habit, habits_of
from jobs.chapters.title_places import SPACING, Places
from jobs.chapters.title_words import Floats, Indexes, TitleWords
from jobs.chapters.topic_starts import topic_starts
from storage.documents import AnchorMethod, ChapterMark, Coverage, Turn, Word

_CLEAR = 1.0
"""Log-odds from which on a chapter speaks for an offset against those around it."""
_SAID = 0.2
"""Share of a title's words that must be said where its chapter speaks for an offset."""
_MARGIN = 6.0
"""Log-odds by which moving must be better than not moving."""
_SUPPORT = 2
"""Chapters that must speak for each piece."""
_NO_CHANCE = 18.0
"""Log-odds that a piece needs without them: with some hundred offsets and a dozen pieces there are a thousand chances."""
_SAME = 2 * SPACING
"""Seconds within which two offsets are one."""
_ROUGH = 6.0
"""Seconds by which the excess duration and an offset found by titles may differ."""
_LATE = 0.999
_TICK = 0.5


def title_offsets(
    marks: Sequence[ChapterMark],
    *,
    words: Sequence[Word],
    turns: Sequence[Turn],
    coverage: Sequence[Coverage],
    duration: float,
    published_duration: float | None,
    beside: Mapping[float, str] | None = None,
) -> OffsetMap:
    """Return the map that the titles of the visible marks, sorted by time, speak for in a file of `duration` seconds.

    `beside`: by start, what the notes say of chapters besides. The identity, with its trust, where all that says too little.
    """
    listed = [mark for mark in marks if not mark.hidden]
    places = [place for place in topic_starts(words, turns, coverage) if place.time < duration]
    if not listed or not places:
        return OffsetMap()
    told = [(beside or {}).get(mark.start, "") for mark in listed]
    evidence = Places(listed, places, TitleWords([mark.title for mark in listed], words, told), duration)
    excess = None if published_duration is None else duration - published_duration
    habits = habits_of([mark.start for mark in listed], on_file=False)
    if WHOLE_MINUTES in habits:
        habits = {WHOLE_MINUTES: 1.0}  # nobody prints whole minutes by chance
    solved = [_Solved.of(evidence, habit, math.log(weight), excess) for habit, weight in habits.items()]
    best = max(solved, key=lambda one: one.total)
    path = best.path(solved)
    pieces = best.pieces(path)
    method: AnchorMethod = "title_evidence" if pieces else "as_published"
    return OffsetMap(pieces, method, _trust(solved, evidence.published, best.offsets[path]))


@dataclass(frozen=True)
class _Solved:
    """The chain of a list for one habit."""

    evidence: Places
    habit: Habit
    prior: float
    """Log-probability of the habit before anything is heard."""
    excess: float | None
    offsets: Floats
    chain: Chain
    found: Decided

    @classmethod
    def of(cls, evidence: Places, habit: Habit, prior: float, excess: float | None) -> _Solved:
        """Build the chain and solve it."""
        offsets = evidence.candidates(habit, excess)
        known = priors(offsets, evidence.published, excess)
        chain = Chain(evidence.onsets(offsets, habit), evidence.extents(offsets), known)
        return cls(evidence, habit, prior, excess, offsets, chain, chain.solve())

    @property
    def total(self) -> float:
        """Return the log-probability of the habit and whatever offsets there are, together."""
        return self.prior + self.found.total

    @property
    def unmoved(self) -> float:
        """Return the log-probability of the habit and no offset at all, together."""
        return self.prior + float(self.found.steady[self._zero])

    def path(self, habits: Sequence[_Solved]) -> Indexes:
        """Return the best path whose pieces all have their chapters; that of no offset if it is not good enough.

        It must be better than no offset under its own habit, and under those by which times are off by as much.
        """
        chain, best = self.chain, self.found
        while (lonely := self._unsupported(best.path, self._zero)) is not None:
            chain = chain.without(lonely)
            best = chain.solve()
        # within a rounded minute, something fits everywhere
        most = float(np.abs(self.offsets[best.path]).max())
        unmoved = max(one.unmoved for one in habits if one is self or one.habit.reach >= most)
        clear = self.prior + best.score - unmoved >= _MARGIN and self.habit is not WHOLE_MINUTES
        return best.path if clear else np.full(len(best.path), self._zero)

    @property
    def _zero(self) -> int:
        return int(np.flatnonzero(self.offsets == 0)[0])

    def _unsupported(self, path: Indexes, zero: int) -> int | None:
        """Return an offset of a path, other than 0, for which too few chapters speak; none if there is none.

        A chapter must prefer it to 0 and to the offset before it, and its title must be said at its beginning, or inside it
        more than elsewhere; pauses alone prove nothing, unless so many agree that it is no chance. The excess duration counts
        as a chapter more for the last piece.
        """
        own, before = self.chain.alone, zero
        for group in _stretches(path):
            offset = int(path[group[0]])
            last = group[-1] == len(path) - 1
            told = last and self.excess is not None and abs(self.offsets[offset] - self.excess) <= _ROUGH
            gains, topical = (
                said[group, offset] - np.maximum(said[group, zero], said[group, before]) for said in (own, self.chain.inside)
            )
            opening = np.array([self.evidence.said(row, self.offsets[offset], self.habit)[1] >= _SAID for row in group])
            speak = (gains >= _CLEAR) & (opening | (topical >= _CLEAR))
            if offset != zero and speak.sum() + told < _SUPPORT and gains.sum() < _NO_CHANCE:
                return offset
            before = offset
        return None

    def pieces(self, path: Indexes) -> tuple[Piece, ...]:
        """Return the map of a path; a step lies as far before its first chapter as people are off.

        Nothing for no offset at all.
        """
        if (path == self._zero).all():
            return ()
        pieces: list[Piece] = []
        published, reach = self.evidence.published, self.habit.reach
        for group in _stretches(path):
            rough = float(self.offsets[path[group[0]]])
            offset = self._refined(group, rough, last=group[-1] == len(path) - 1) if rough else 0.0
            if not pieces:
                pieces.append(Piece(0.0, offset))
                continue
            before, first = published[group[0] - 1], published[group[0]]
            start = max(first - reach, (before + first) / 2, pieces[-1].published_start + _TICK)
            pieces.append(Piece(float(max(start, pieces[-1].place - offset + _TICK)), offset))
        return tuple(pieces)

    def _refined(self, group: Sequence[int], rough: float, *, last: bool) -> float:
        """Return the offset of a piece: of the last one the excess duration, which is exact, if that is about the same."""
        offset = self.evidence.refined(group, rough, self.habit)
        told = last and self.excess is not None and abs(offset - self.excess) <= self.habit.reach
        return self.excess if told and self.excess is not None else offset

    def near(self, chosen: Floats) -> Floats:
        """Return the probability, under the habit, that each chapter has the offset that was chosen for it, in seconds."""
        same = np.abs(self.offsets[None, :] - chosen[:, None]) <= _SAME
        return np.asarray((self.found.posterior * same).sum(axis=1))


def _trust(solved: Sequence[_Solved], times: Floats, chosen: Floats) -> tuple[Trust, ...]:
    """Return the posterior of the chosen offsets over all habits; of chapters at one time, that of the least sure."""
    top = max(one.total for one in solved)
    weights = [math.exp(one.total - top) for one in solved]
    certain = sum((weight * one.near(chosen) for weight, one in zip(weights, solved, strict=True)), np.zeros(len(chosen)))
    kept: dict[float, float] = {}
    for published, share in zip(times, np.minimum(_LATE, certain / sum(weights)), strict=True):
        kept[float(published)] = min(float(share), kept.get(float(published), 1.0))
    return tuple(Trust(published, share) for published, share in kept.items())


def _stretches(path: Indexes) -> list[list[int]]:
    return [list(group) for _, group in itertools.groupby(range(len(path)), key=lambda at: path[at])]
