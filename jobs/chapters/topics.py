"""Where the topic of an episode changes, told from its words, pauses and speakers alone.

The words are cut into blocks of about `_BLOCK` seconds at the likeliest beginnings of a topic (`topic_starts`). A chapter of
several blocks is worth how well its own vocabulary foretells its words: the model of Utiyama and Isahara, "A Statistical Model
for Domain-Independent Text Segmentation" (ACL 2001). To that come the evidence of pauses, music and speakers at its beginning,
and a preference for the usual length. The best division is found by dynamic programming; a chapter has a longest length, so time
is linear in the length of the episode.

Words are not independent, as the model has it: who says a word will say it again. So its log-likelihood is taken at `_TRUST`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from jobs.chapters.topic_starts import topic_starts
from jobs.chapters.topic_words import telling, terms_of
from storage.documents import Coverage, Turn, Word

SHORTEST, USUAL, LONGEST = 120.0, 390.0, 840.0
"""Seconds of a chapter: at least, usually, and at most where a topic begins anywhere."""
_BLOCK = 20.0
_LONGEST_BLOCK = 40.0
_TRUST = 0.4
_EVIDENCE = 0.5
"""Weight of pauses, music and speakers at a boundary."""
_SPREAD = 0.45
"""Standard deviation of the logarithm of a chapter's length."""
_MEAN = (300.0, 480.0)
"""Seconds of the chapters of one episode in the mean, between which the price of a boundary is left as it is."""
_PRICE, _PRICES = 4.0, (-40.0, 120.0)
"""Nats that a boundary costs, and between which prices another is looked for."""
_TRIES = 12


@dataclass(frozen=True)
class Topic:
    """A stretch of an episode about one thing."""

    start: float
    words: tuple[int, int]
    """Half-open range of indexes of its words."""
    gain: float
    """By how much, in nats, its beginning explains the words better than no boundary there; 0 for the first."""


@dataclass(frozen=True)
class _Block:
    """A short stretch between two places where a topic may begin."""

    start: float
    first: int
    evidence: float


def find_topics(words: Sequence[Word], turns: Sequence[Turn], coverage: Sequence[Coverage], duration: float) -> tuple[Topic, ...]:
    """Divide an episode of `duration` seconds into topics, in order; one topic if nothing divides it, none without words."""
    blocks = _blocks(words, turns, coverage)
    if not blocks:
        return ()
    edges = [block.first for block in blocks] + [len(words)]
    terms = terms_of(words)
    said = telling([itertools.chain.from_iterable(terms[a:b]) for a, b in itertools.pairwise(edges)])
    times = [0.0, *(block.start for block in blocks[1:]), duration]
    likelihood = _Likelihood(said)
    starts = _divide(blocks, times, likelihood)
    bounds = [*starts, len(blocks)]
    return tuple(
        Topic(times[a], (edges[a], edges[b]), likelihood.gain(bounds[n - 1], a, b) if n else 0.0)
        for n, (a, b) in enumerate(itertools.pairwise(bounds))
    )


def _blocks(words: Sequence[Word], turns: Sequence[Turn], coverage: Sequence[Coverage]) -> list[_Block]:
    """Cut at the likeliest place between `_BLOCK` and `_LONGEST_BLOCK` seconds behind the last cut."""
    blocks: list[_Block] = []
    waiting: _Block | None = None
    for place in topic_starts(words, turns, coverage):
        if place.word is None:
            continue
        here = _Block(place.time, place.word, place.evidence)
        if not blocks:
            blocks.append(here)
            continue
        if waiting is not None and here.start > blocks[-1].start + _LONGEST_BLOCK:
            blocks.append(waiting)
            waiting = None
        if here.start >= blocks[-1].start + _BLOCK and (waiting is None or here.evidence > waiting.evidence):
            waiting = here
    return [*blocks, waiting] if waiting is not None else blocks


class _Likelihood:
    """The log-likelihood of the terms of a run of blocks under their own vocabulary, smoothed."""

    def __init__(self, said: Sequence[Sequence[str]]) -> None:
        numbers = {term: n for n, term in enumerate(dict.fromkeys(itertools.chain.from_iterable(said)))}
        self._said = [[numbers[term] for term in block] for block in said]
        self._kinds = max(1, len(numbers))
        most = sum(map(len, said)) + 2
        self._added = [(n + 1) * math.log(n + 2) - n * math.log(n + 1) for n in range(most)]

    def backwards(self, end: int, begin: int) -> list[float]:
        """Return the log-likelihood of the blocks from `n` to `end`, for `n` = `end` - 1, `end` - 2, … `begin`."""
        counts, added = [0] * self._kinds, self._added
        total, of_terms = 0, 0.0
        found = []
        for n in range(end - 1, begin - 1, -1):
            for term in self._said[n]:
                count = counts[term]
                counts[term] = count + 1
                of_terms += added[count]
            total += len(self._said[n])
            found.append(_TRUST * (of_terms - total * math.log(total + self._kinds)))
        return found

    def of(self, begin: int, end: int) -> float:
        """Return the log-likelihood of a run of blocks."""
        return self.backwards(end, begin)[-1]

    def gain(self, begin: int, middle: int, end: int) -> float:
        """Return how much better two runs of blocks are foretold apart than together."""
        return self.of(begin, middle) + self.of(middle, end) - self.of(begin, end)


@dataclass(frozen=True)
class _Choice:
    """A chapter that could end with some block: the block with which it begins, and what it is worth."""

    begin: int
    worth: float


def _divide(blocks: Sequence[_Block], times: Sequence[float], likelihood: _Likelihood) -> list[int]:
    """Return the blocks with which the topics of the best division begin.

    A boundary has a price. Where that gives far more or fewer chapters than people make, another is found by bisection.
    """
    choices = [_choices(end, blocks, times, likelihood) for end in range(1, len(blocks) + 1)]
    starts = _cheapest(choices, _PRICE)
    low, high = _PRICES
    price = _PRICE
    for _ in range(_TRIES):
        mean = times[-1] / len(starts)
        if _MEAN[0] <= mean <= _MEAN[1]:
            break
        low, high = (price, high) if mean < _MEAN[0] else (low, price)
        price = (low + high) / 2
        starts = _cheapest(choices, price)
    return starts


def _choices(end: int, blocks: Sequence[_Block], times: Sequence[float], likelihood: _Likelihood) -> list[_Choice]:
    """Return the chapters that could end where a block does."""
    begin = end - 1
    while begin > 0 and times[end] - times[begin - 1] <= LONGEST:
        begin -= 1
    found = []
    for here, words in zip(range(end - 1, begin - 1, -1), likelihood.backwards(end, begin), strict=True):
        length = times[end] - times[here]
        if length >= SHORTEST or (here == 0 and end == len(blocks)):
            found.append(_Choice(here, words + _usual(length) + (_EVIDENCE * blocks[here].evidence if here else 0.0)))
    return found


def _cheapest(choices: Sequence[Sequence[_Choice]], price: float) -> list[int]:
    """Return where the chapters of the best division begin, at a price for each."""
    best = [0.0] + [-math.inf] * len(choices)
    back = [0] * (len(choices) + 1)
    for end, these in enumerate(choices, 1):
        for choice in these:
            score = best[choice.begin] + choice.worth - price
            if score > best[end]:
                best[end], back[end] = score, choice.begin
    starts: list[int] = []
    end = len(choices)
    while end > 0:
        end = back[end]
        starts.append(end)
    return starts[::-1]


def _usual(length: float) -> float:
    """Return the log-density of a chapter's length."""
    return -0.5 * (math.log(max(length, 1.0) / USUAL) / _SPREAD) ** 2
