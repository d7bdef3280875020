"""To which of two chapters the words around their boundary belong: evidence for where exactly the topic changes.

Away from its ends a chapter is known, though its beginning is not: what is said between two printed times, `reach` seconds from
both, is of that chapter alone. So each boundary has a vocabulary before it and one behind it, and every word near the printed
time is likelier under one of them. A boundary is worth the sum over all words near it, those before it under the first and
those behind it under the second vocabulary: the two-segment case of the model of Utiyama and Isahara (ACL 2001), with
vocabularies that are learnt from outside.

Decisions: a term counts only as far as its two rates really differ (the log-likelihood ratio of Dunning, "Accurate Methods for
the Statistics of Surprise and Coincidence", 1993): most of what is said is said everywhere. Nothing counts more than `_MOST`,
for a word that is said once will be said again, and a boundary not more than `_MOST_SAYS`.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence

from jobs.chapters.topic_words import terms_of
from storage.documents import Word

WIDEST = 400.0
"""Seconds of a chapter that tell its vocabulary."""
_FEWEST = 20
"""Terms without which a side is not known."""
_PSEUDO = 0.5
"""Times that a term is counted on each side without having been said."""
_BY_CHANCE = 6.0
"""Twice the log-likelihood ratio at which a difference of rates is as likely real as not."""
_MOST = 4.0
_MOST_SAYS = 5.0
_TELLING = 1.0
"""Nats from which on a term is one of the topic's own."""


class TopicSides:
    """The words of an episode, asked for the boundary between two chapters."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._terms = terms_of(words)
        self._all = self._vocabulary(0, len(words))
        self._total = self._all.total()

    def evidence(
        self, places: Sequence[int], window: tuple[int, int], before: tuple[int, int], behind: tuple[int, int]
    ) -> tuple[list[float], frozenset[str]]:
        """Return the log-odds for the topic to change at each of some words, against the mean of them; and the second topic's words.

        All are indexes of words; ranges are half-open. `places`: sorted, inside `window`; `before` and `behind`: what surely
        belongs to the chapters on both sides.
        """
        sides = [self._vocabulary(*span) for span in (before, behind)]
        if min(side.total() for side in sides) < _FEWEST or not places:
            return [0.0] * len(places), frozenset()
        first, second = sides
        near = self._terms[window[0] : window[1]]
        leaning = {term: self._lift(term, second) - self._lift(term, first) for term in set(itertools.chain.from_iterable(near))}
        sums = [0.0, *itertools.accumulate(sum(leaning[term] for term in terms) for terms in near)]
        found = [-sums[place - window[0]] for place in places]
        middle = sum(found) / len(found)
        telling = frozenset(term for term, leans in leaning.items() if leans >= _TELLING)
        return [max(-_MOST_SAYS, min(_MOST_SAYS, value - middle)) for value in found], telling

    def says(self, telling: frozenset[str], start: int, end: int) -> bool:
        """Tell whether one of some terms is among the words of a range."""
        return any(term in telling for terms in self._terms[start:end] for term in terms)

    def _vocabulary(self, start: int, end: int) -> Counter[str]:
        return Counter(itertools.chain.from_iterable(self._terms[start:end]))

    def _lift(self, term: str, side: Counter[str]) -> float:
        """Return by how much, in nats, a term is likelier on a side than elsewhere in the episode."""
        here, rest = side[term], self._all[term] - side[term]
        other_here, other_rest = side.total() - here, self._total - side.total() - rest
        lift = math.log((here + _PSEUDO) / (side.total() + 1)) - math.log((rest + _PSEUDO) / (self._total - side.total() + 1))
        if lift <= 0:
            return 0.0
        real = 1 / (1 + math.exp(min(50.0, (_BY_CHANCE - _surprise(here, other_here, rest, other_rest)) / 2)))
        return real * min(_MOST, lift)


def _surprise(a: int, rest_a: int, b: int, rest_b: int) -> float:
    """Return twice the log-likelihood ratio of two rates against one rate for both (Dunning's G²)."""
    rows = (a + rest_a, b + rest_b)
    columns = (a + b, rest_a + rest_b)
    total = sum(rows)
    cells = ((a, 0, 0), (rest_a, 0, 1), (b, 1, 0), (rest_b, 1, 1))
    return 2 * sum(n * math.log(n * total / (rows[r] * columns[c])) for n, r, c in cells if n)
