"""To which of two chapters the words around their boundary belong: evidence for where exactly the topic changes.

Away from its ends a chapter is known, though its beginning is not: what is said between two printed times, `reach` seconds from
both, is of that chapter alone. So each boundary has a vocabulary before it and one behind it, and every word near the printed
time is likelier under one of them. A boundary is worth the sum over all words near it, those before it under the first and
those behind it under the second vocabulary: the two-segment case of the model of Utiyama and Isahara (ACL 2001), with
vocabularies that are learnt from outside.

Where a chapter begins, its topic is mostly named at once: of the places around a printed time, one whose first words have a term
of the second vocabulary is the likelier (`Boundary.opens`).

Decisions: a term counts for a vocabulary only as far as it is really more frequent there than in the rest of the episode (the
log-likelihood ratio of Dunning, "Accurate Methods for the Statistics of Surprise and Coincidence", 1993), since most of what is
said is said everywhere. Nothing counts more than `_MOST`, for a word that is said once will be said again, and a place not more
than `_MOST_SAYS`. A side of fewer than `_FEWEST` terms is not known, and nothing is said of its boundary.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jobs.chapters.topic_words import terms_of
from storage.documents import Word

_WIDEST = 400.0
"""Seconds of a chapter that tell its vocabulary."""
_FEWEST = 20
_PSEUDO = 0.5
"""Times that a term is counted everywhere without having been said."""
_BY_CHANCE = 6.0
"""Twice the log-likelihood ratio at which a higher rate is as likely real as not."""
_MOST = 4.0
_MOST_SAYS = 5.0
_TELLING = 1.0
"""Nats from which on a term is one of the topic's own."""


class TopicSides:
    """The words of an episode, asked for the boundaries of its chapters."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._terms = terms_of(words)
        self._starts = [word.start for word in words]
        self._all = self._vocabulary(0, len(words))
        self._total = self._all.total()

    def boundary(self, between: tuple[float, float], neighbours: tuple[float, float]) -> Boundary:
        """Return what is known of a chapter that begins between two times, in the middle of them as printed.

        `neighbours`: the printed times of the chapters before and behind it, which are off by as much.
        """
        reach = (between[1] - between[0]) / 2
        first = max(neighbours[0] + reach, between[0] - _WIDEST)
        last = min(neighbours[1] - reach, between[1] + _WIDEST)
        begin, start, end, stop = (bisect.bisect_left(self._starts, time) for time in (first, *between, last))
        before, behind = self._vocabulary(begin, start), self._vocabulary(end, stop)
        near = self._terms[start:end]
        if min(before.total(), behind.total()) < _FEWEST:
            return Boundary(start, near, {})
        terms = set(itertools.chain.from_iterable(near))
        return Boundary(start, near, {term: self._lift(term, behind) - self._lift(term, before) for term in terms})

    def _vocabulary(self, start: int, end: int) -> Counter[str]:
        return Counter(itertools.chain.from_iterable(self._terms[start:end]))

    def _lift(self, term: str, side: Counter[str]) -> float:
        """Return by how much, in nats, a term is likelier on a side than elsewhere in the episode."""
        size, elsewhere = side.total(), self._total - side.total()
        here, there = side[term], self._all[term] - side[term]
        lift = math.log((here + _PSEUDO) / (size + 1)) - math.log((there + _PSEUDO) / (elsewhere + 1))
        if lift <= 0:
            return 0.0
        surprise = _surprise(here, size - here, there, elsewhere - there)
        return min(_MOST, lift) / (1 + math.exp(min(50.0, (_BY_CHANCE - surprise) / 2)))


@dataclass(frozen=True)
class Boundary:
    """The words around the beginning of a chapter."""

    first: int
    """Index of the first of them."""
    terms: Sequence[Sequence[str]]
    """Of each word."""
    leaning: Mapping[str, float]
    """By how much, in nats, a term belongs to the chapter that begins; negative: to the one before."""

    def evidence(self, places: Sequence[int]) -> list[float]:
        """Return the log-odds for the topic to change at each of some words, given by index, against the mean of them."""
        sums = [0.0, *itertools.accumulate(sum(self.leaning.get(term, 0.0) for term in terms) for terms in self.terms)]
        found = [-sums[min(len(self.terms), max(0, place - self.first))] for place in places]
        middle = sum(found) / len(found) if found else 0.0
        return [max(-_MOST_SAYS, min(_MOST_SAYS, value - middle)) for value in found]

    def opens(self, start: int, end: int) -> bool:
        """Tell whether a range of words, given by index, names the topic of the chapter."""
        near = self.terms[max(0, start - self.first) : max(0, end - self.first)]
        return any(self.leaning.get(term, 0.0) >= _TELLING for terms in near for term in terms)


def _surprise(a: int, rest_a: int, b: int, rest_b: int) -> float:
    """Return twice the log-likelihood ratio of two rates against one rate for both (Dunning's G²)."""
    rows = (a + rest_a, b + rest_b)
    columns = (a + b, rest_a + rest_b)
    total = sum(rows)
    cells = ((a, 0, 0), (rest_a, 0, 1), (b, 1, 0), (rest_b, 1, 1))
    return 2 * sum(n * math.log(n * total / (rows[r] * columns[c])) for n, r, c in cells if n)
