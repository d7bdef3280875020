"""Changes of speaker at the ends of phrases.

A diarizer places a change of speaker within some tenths of a second, while people change at the ends of phrases; so a change
that falls inside an uninterrupted phrase moves to the phrase's edge if that is near. Only words near a change are looked at, all
changes together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import attrgetter
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

_CLOSING = "\"'”’»)]}」』）"
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")
_ABBREVIATION = re.compile(r"(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|vs|No|e\.g|i\.e)\.")


def moved_to_phrase_edges(words: Sequence[Word], starts: Times, ends: Times, speakers: Indexes, between: Times) -> Indexes:
    """Return who says each word, once changes inside a phrase have moved to the phrase's edge where it is near.

    Words begin one after the other and end no earlier than they begin. `speakers` may be `NOBODY`; `between`: for each word the
    middle between the turn of the word before and its own, seconds.
    """
    changes = np.flatnonzero(speakers[1:] != speakers[:-1]) + 1
    if not len(changes):
        return speakers
    times = np.minimum(np.maximum(between[changes], starts[changes - 1]), ends[changes])
    kinds = _edge_kinds(words, starts, ends, _near(starts, changes, times))
    known = (speakers[changes - 1] != NOBODY) & (speakers[changes] != NOBODY)
    costs, places = _candidates(starts, ends, kinds, changes, times)
    bounds = _chosen(changes, places, np.where(known & (kinds[changes] == 0), costs, np.inf))
    labels = speakers[np.concatenate(([0], changes))]
    return _filled(bounds, _without_splinters(starts, ends, kinds, bounds, labels), len(words))


def _near(starts: Times, changes: Indexes, times: Times) -> Indexes:
    """Return the words that begin so near to a change that it may move there, the changes themselves among them."""
    reach = EDGE_REACH + _ROUNDING
    first = np.minimum(np.searchsorted(starts, times - reach), changes)
    last = np.maximum(np.searchsorted(starts, times + reach, side="right"), changes)
    size = len(starts) + 2
    covered = np.cumsum(np.bincount(first, minlength=size) - np.bincount(last + 1, minlength=size))
    return np.flatnonzero(covered[1 : len(starts)]) + 1


def _edge_kinds(words: Sequence[Word], starts: Times, ends: Times, near: Indexes) -> Kinds:
    """Return for each word whether a phrase begins with it: 0 no (or not asked), 1 after a pause or a sentence's end, 2 both."""
    kinds = np.zeros(len(words), dtype=np.int8)
    texts = map(attrgetter("text"), map(words.__getitem__, (near - 1).tolist()))
    ending = np.fromiter(map(_SentenceEnds().__getitem__, texts), dtype=np.int8, count=len(near))
    kinds[near] = (starts[near] - ends[near - 1] > PHRASE_PAUSE) + ending
    return kinds


class _SentenceEnds(dict[str, bool]):
    """Whether a word ends a sentence; each is looked at once."""

    def __missing__(self, text: str) -> bool:
        self[text] = ends = _ends_sentence(text)
        return ends


def _ends_sentence(text: str) -> bool:
    if text[-1:].isalnum():
        return False
    bare = text.rstrip(_CLOSING)
    return bare.endswith(_SENTENCE_ENDS) and not _ABBREVIATION.fullmatch(bare)


def _candidates(starts: Times, ends: Times, kinds: Kinds, changes: Indexes, times: Times) -> tuple[Times, Indexes]:
    """Return what it costs each change to move to the phrase edge before it and to the one behind it, and where these are.

    Infinity where the edge is out of reach, or not strictly between the neighbouring changes.
    """
    edges = np.concatenate(([0], np.flatnonzero(kinds), [len(starts)]))
    before = edges[np.searchsorted(edges, changes) - 1]
    behind = edges[np.searchsorted(edges, changes, side="right")]
    places = np.stack([before, behind])
    free = (places > np.concatenate(([0], changes[:-1]))) & (places < np.concatenate((changes[1:], [len(starts)])))
    asked = np.where(free, places, 1)
    gap = np.maximum(np.maximum(ends[asked - 1] - times, times - starts[asked]), 0.0)
    costs = gap - FIRM_EDGE * (kinds[asked] == 2)
    return np.where(free & (gap <= EDGE_REACH), costs, np.inf), places


def _chosen(changes: Indexes, places: Indexes, costs: Times) -> Indexes:
    """Return where each change lies in the end: at the cheaper of its places, but behind the change before it."""
    bounds = changes.tolist()
    floor = 0
    some = np.flatnonzero(np.isfinite(costs).any(axis=0))
    for number, before, behind, back, on in zip(some.tolist(), *places[:, some].tolist(), *costs[:, some].tolist(), strict=True):
        if before > floor and back <= on:
            bounds[number] = floor = before
        elif on < np.inf:
            bounds[number] = floor = behind
    return np.array(bounds, dtype=np.intp)


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


def _filled(bounds: Indexes, labels: Indexes, count: int) -> Indexes:
    return np.repeat(labels, np.diff(bounds, prepend=0, append=count))
