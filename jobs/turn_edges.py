"""Changes of speaker at the ends of phrases.

A diarizer places a change of speaker within some tenths of a second, while people change at the ends of phrases; so a change
that falls inside an uninterrupted phrase moves to the phrase's edge if that is near. Only words near a change are looked at, all
changes together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from storage.documents import Word

PHRASE_PAUSE = 0.15
"""Words nearer than this belong to one phrase unless a sentence ends between them, seconds."""
EDGE_REACH = 0.5
"""How far the edge of a turn may move to reach the edge of a phrase, seconds."""
FIRM_EDGE = 0.15
"""A sentence end with a pause is preferred to another edge that is this much nearer, seconds."""
NOBODY = -1
_ROUNDING = 1e-6

Indexes: TypeAlias = npt.NDArray[np.intp]
Times: TypeAlias = npt.NDArray[np.float64]
Kinds: TypeAlias = npt.NDArray[np.int8]
"""For each word whether a phrase begins with it: 0 no, 1 after a pause or a sentence's end, 2 after both. Pauses are known of all
words, sentences' ends only where they matter."""

_CLOSING = "\"'”’»)]}」』）"
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")
_ABBREVIATION = re.compile(r"(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|vs|No|e\.g|i\.e)\.")


@dataclass(frozen=True)
class _Inside:
    """Changes inside a phrase, in order, each with the word that is the change before it and the one behind it."""

    changes: Indexes
    times: Times
    """When each change is by the turns, no farther off than the two words around it, seconds."""
    previous: Indexes
    following: Indexes


def moved_to_phrase_edges(
    words: Sequence[Word], starts: Times, ends: Times, *, changes: Indexes, speakers: Indexes, between: Times
) -> tuple[Indexes, Indexes]:
    """Return changes and speakers, once changes inside a phrase have moved to the phrase's edge where it is near.

    Words begin one after the other and end no earlier than they begin. `changes`: the words with which somebody else begins;
    `speakers`: who speaks before the first of them, from it to the second, and so on, or `NOBODY`; `between`: for each change the
    middle between the turn that ends and the one that begins, seconds.
    """
    kinds = np.zeros(len(words), dtype=np.int8)
    kinds[1:] = starts[1:] - ends[:-1] > PHRASE_PAUSE
    unpaused = changes[kinds[changes] == 0]
    kinds[unpaused] = _after_sentences(words, unpaused)
    which = np.flatnonzero((kinds[changes] == 0) & (speakers[:-1] != NOBODY) & (speakers[1:] != NOBODY))
    times = np.minimum(np.maximum(between, starts[changes - 1]), ends[changes])
    limits = np.concatenate(([0], changes, [len(words)]))
    inside = _Inside(changes[which], times[which], limits[which], limits[which + 2])
    near = _near(starts, inside)
    kinds[near] += _after_sentences(words, near)
    bounds = changes.copy()
    bounds[which] = _moved(inside, *_candidates(starts, ends, kinds, inside))
    return bounds, _without_splinters(starts, ends, kinds, bounds, speakers)


def _near(starts: Times, inside: _Inside) -> Indexes:
    """Return the words, between a change and its neighbours, that begin so near to it that it may move there."""
    reach = EDGE_REACH + _ROUNDING
    first = np.maximum(np.searchsorted(starts, inside.times - reach), inside.previous + 1)
    stop = np.minimum(np.searchsorted(starts, inside.times + reach, side="right") + 1, inside.following)
    sizes = np.maximum(stop - first, 0)
    return np.repeat(stop - np.cumsum(sizes), sizes) + np.arange(sizes.sum())


def _after_sentences(words: Sequence[Word], at: Indexes) -> Kinds:
    """Return for each word asked 1 if the one before it ends a sentence, else 0."""
    texts = [words[place].text for place in (at - 1).tolist()]
    ends_sentence = {text: _ends_sentence(text) for text in set(texts)}
    return np.fromiter(map(ends_sentence.__getitem__, texts), np.int8, len(texts))


def _ends_sentence(text: str) -> bool:
    if text[-1:].isalnum():
        return False
    bare = text.rstrip(_CLOSING)
    return bare.endswith(_SENTENCE_ENDS) and not _ABBREVIATION.fullmatch(bare)


def _candidates(starts: Times, ends: Times, kinds: Kinds, inside: _Inside) -> tuple[Indexes, Times]:
    """Return where the phrase edges before and behind each change are, and what it costs to move there.

    Infinity where the edge is out of reach, or not strictly between the neighbouring changes.
    """
    edges = np.concatenate(([0], np.flatnonzero(kinds), [len(kinds)]))
    behind = np.searchsorted(edges, inside.changes)
    places = np.stack([edges[behind - 1], edges[behind]])
    free = (places > inside.previous) & (places < inside.following)
    asked = np.where(free, places, 1)
    gap = np.maximum(np.maximum(ends[asked - 1] - inside.times, inside.times - starts[asked]), 0.0)
    costs = gap - FIRM_EDGE * (kinds[asked] == 2)
    return places, np.where(free & (gap <= EDGE_REACH), costs, np.inf)


def _moved(inside: _Inside, places: Indexes, costs: Times) -> Indexes:
    """Return where each change lies in the end: at the cheaper of its places, but behind the change before it."""
    bounds = inside.changes.copy()
    floor = 0
    some = np.flatnonzero(np.isfinite(costs).any(axis=0))
    for index, before, behind, back, on in zip(some.tolist(), *places[:, some].tolist(), *costs[:, some].tolist(), strict=True):
        if before > floor and back <= on:
            bounds[index] = floor = before
        elif on < np.inf:
            bounds[index] = floor = behind
    return bounds


def _without_splinters(starts: Times, ends: Times, kinds: Kinds, bounds: Indexes, labels: Indexes) -> Indexes:
    """Return the labels of stretches between bounds; a word or two in the middle of somebody else's phrase is given back to it.

    A back-channel has a pause or a sentence's end on one of its sides; a splinter has neither.
    """
    begin, end = bounds[:-1], bounds[1:]
    around = (labels[:-2] == labels[2:]) & (labels[2:] != NOBODY)
    splinter = around & (kinds[begin] == 0) & (kinds[end] == 0) & (ends[end - 1] - starts[begin] <= EDGE_REACH)
    whole = labels.copy()
    whole[1:-1][splinter] = labels[2:][splinter]
    return whole
