"""Which place each published time means: one inference over the whole list.

People print chapter times in a few ways, and one list is nearly always printed in one of them (a `Habit`): exactly, with the
second cut off, by hand within a few seconds, or rounded to minutes. Each habit gives the density of the difference
`true start - published time`. Neither the habit nor the places are known, so both are inferred together:

- Each time means one of the places near it (`topic_starts`) or none of them ("stay"). Times keep their order: two chapters never
  swap, and never fall on one place unless they were published so.
- For each habit, a forward-backward pass over the list (Rabiner 1989) gives the probability of every place for every chapter,
  and of the whole list; the latter says how probable each habit is. Mixing by it gives the posterior.
- A Viterbi pass over the posterior picks the places, in order.

So a list whose times all lie on beginnings of sentences is recognised as exact and left alone, while the same distance to a
nearby beginning in a list that is off everywhere is no reason to stay. That is what keeps false moves out.

Confidence is the posterior probability that the true start lies within half a second of the chosen one. A time that
stays because nothing near it fits counts as right only under the habits that print close times.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

RIGHT = 0.5
"""Seconds within which a start is right."""
_NO_PLACE = 0.04
"""Density, per second, of chapters that begin where no place is, against an ordinary beginning of a sentence: one in twenty.

It is spread evenly over time, so it weighs the same under every habit, and a list without places near it tells none.
"""
_TINY = 1e-12


@dataclass(frozen=True)
class Habit:
    """A way of printing times: the density of `true start - published` is flat from `low` to `high`, with soft edges."""

    name: str
    low: float
    high: float
    edge: float
    """Standard deviation of the edges, seconds; covers the errors of word times too."""
    close: float
    """Probability that a time printed so is right as it stands."""
    slips: float = 0.0
    """Share of the times in such a list that are off as if by hand."""

    def density(self, distance: float) -> float:
        """Return the density per second at a distance: a uniform one convolved with a normal one."""
        a, b = (distance - self.low) / self.edge, (distance - self.high) / self.edge
        width = self.high - self.low
        if width <= 0:
            return math.exp(-a * a / 2) / (self.edge * math.sqrt(2 * math.pi))
        return 0.5 * (math.erf(a / math.sqrt(2)) - math.erf(b / math.sqrt(2))) / width

    @property
    def reach(self) -> float:
        """Return how far from a published time a place can be under this habit, seconds."""
        return max(-self.low, self.high) + 3 * self.edge


EXACT = Habit("exact", 0.0, 0.0, 0.16, 1.0, slips=0.001)
WHOLE_SECONDS = Habit("whole seconds", -0.05, 1.0, 0.16, 0.5, slips=0.03)
BY_HAND = Habit("by hand", -3.0, 3.0, 0.4, 0.15)
ESTIMATED = Habit("by hand, from an estimated offset", -5.5, 5.5, 0.8, 0.08)
WHOLE_MINUTES = Habit("whole minutes", -30.0, 30.0, 1.0, 0.02)


def habits_of(published: Sequence[float], *, on_file: bool, estimated: bool = False) -> dict[Habit, float]:
    """Return the habits that a list of published times may follow, with their prior probabilities.

    `on_file`: the times were stored with the audio itself, mostly by an editing program. `estimated`: they are moved by an
    offset that was found from other times of the list, and bear the errors of those too.
    """
    later = [p for p in published if p >= RIGHT]
    whole = all(abs(p - round(p)) < 0.001 for p in later)
    minutes = len(later) >= 3 and all(abs(p % 60) < 0.001 for p in later)
    weights = {
        EXACT: 0.8 if on_file else 0.4,
        WHOLE_SECONDS: 0.3 if whole else 0.0,
        BY_HAND: 0.12 if on_file else 0.3,
        ESTIMATED: 0.3 if estimated else 0.0,
        WHOLE_MINUTES: 1.0 if minutes else 0.0,
    }
    total = sum(weights.values())
    return {habit: weight / total for habit, weight in weights.items() if weight}


@dataclass(frozen=True)
class Option:
    """A place that a published time may mean."""

    time: float
    evidence: float = 0.0
    stay: bool = False
    """The published time itself, because no place fits."""


@dataclass(frozen=True)
class Pick:
    """What was decided for one published time."""

    time: float
    confidence: float
    exact: float
    """Probability that the list was printed exactly."""


def snap(published: Sequence[float], options: Sequence[Sequence[Option]], habits: dict[Habit, float]) -> tuple[Pick, ...]:
    """Pick one option for each published time.

    `published`: strictly increasing, seconds in the file. `options`: for each of them at least one, sorted by time.
    """
    if not published:
        return ()
    runs = {habit: _marginals(published, options, habit) for habit in habits}
    top = max(evidence for _, evidence in runs.values())
    weights = {h: habits[h] * math.exp(max(-700.0, runs[h][1] - top)) for h in habits}
    total = sum(weights.values())
    weights = {h: w / total for h, w in weights.items()}
    mixed = [[sum(weights[h] * runs[h][0][i][s] for h in habits) for s in range(len(row))] for i, row in enumerate(options)]
    path = _best_path(options, mixed)
    return tuple(
        Pick(options[i][s].time, _confidence(i, s, options, runs, weights), weights.get(EXACT, 0.0)) for i, s in enumerate(path)
    )


def _weight(habit: Habit, option: Option, published: float) -> float:
    if option.stay:
        return _NO_PLACE
    distance = option.time - published
    density = (1 - habit.slips) * habit.density(distance)
    if habit.slips:
        density += habit.slips * BY_HAND.density(distance)
    return max(_TINY, density) * math.exp(option.evidence)


def _marginals(published: Sequence[float], options: Sequence[Sequence[Option]], habit: Habit) -> tuple[list[list[float]], float]:
    """Return the probability of each option under a habit, and the log-likelihood of the whole list."""
    weights = [[_weight(habit, o, p) for o in row] for p, row in zip(published, options, strict=True)]
    forward, log_total = [_scaled(weights[0])[0]], _scaled(weights[0])[1]
    for i in range(1, len(options)):
        reached = _sums_before(options[i - 1], forward[-1], options[i])
        row, log_part = _scaled([w * r for w, r in zip(weights[i], reached, strict=True)])
        forward.append(row)
        log_total += log_part
    backward = [[1.0] * len(row) for row in options]
    for i in range(len(options) - 2, -1, -1):
        onward = [w * b for w, b in zip(weights[i + 1], backward[i + 1], strict=True)]
        backward[i] = _scaled(_sums_behind(options[i + 1], onward, options[i]))[0]
    return [_scaled([f * b for f, b in zip(fs, bs, strict=True)])[0] for fs, bs in zip(forward, backward, strict=True)], log_total


def _scaled(values: list[float]) -> tuple[list[float], float]:
    total = sum(values)
    if total <= 0:
        return [1.0 / len(values)] * len(values), math.log(_TINY)
    return [v / total for v in values], math.log(total)


def _sums_before(earlier: Sequence[Option], values: Sequence[float], later: Sequence[Option]) -> list[float]:
    """Return for each later option the sum over the earlier options that lie before it."""
    sums = [0.0, *itertools.accumulate(values)]
    times = [o.time for o in earlier]
    return [sums[bisect.bisect_left(times, o.time)] for o in later]


def _sums_behind(later: Sequence[Option], values: Sequence[float], earlier: Sequence[Option]) -> list[float]:
    """Return for each earlier option the sum over the later options that lie behind it."""
    sums = [0.0, *itertools.accumulate(reversed(values))]
    times = [o.time for o in later]
    return [sums[len(times) - bisect.bisect_right(times, o.time)] for o in earlier]


def _best_path(options: Sequence[Sequence[Option]], scores: Sequence[Sequence[float]]) -> list[int]:
    """Return the increasing choice of options with the largest product of scores (Viterbi)."""
    best = [math.log(max(_TINY, s)) for s in scores[0]]
    back: list[list[int]] = []
    for i in range(1, len(options)):
        times = [o.time for o in options[i - 1]]
        leaders = _leaders(best)
        here, links = [], []
        for option, score in zip(options[i], scores[i], strict=True):
            before = bisect.bisect_left(times, option.time)
            links.append(leaders[before - 1] if before else 0)
            here.append((best[links[-1]] if before else -1e9 + best[0]) + math.log(max(_TINY, score)))
        back.append(links)
        best = here
    path = [max(range(len(best)), key=best.__getitem__)]
    for links in reversed(back):
        path.append(links[path[-1]])
    return path[::-1]


def _leaders(values: Sequence[float]) -> list[int]:
    """Return for each place the index of the largest value up to there."""
    leaders: list[int] = []
    for at, value in enumerate(values):
        leaders.append(at if not leaders or value > values[leaders[-1]] else leaders[-1])
    return leaders


def _confidence(
    i: int,
    chosen: int,
    options: Sequence[Sequence[Option]],
    runs: dict[Habit, tuple[list[list[float]], float]],
    weights: dict[Habit, float],
) -> float:
    place = options[i][chosen].time
    total = 0.0
    for habit, weight in weights.items():
        for option, probability in zip(options[i], runs[habit][0][i], strict=True):
            if abs(option.time - place) <= RIGHT:
                total += weight * probability * (habit.close if option.stay else 1.0)
    return min(1.0, total)
