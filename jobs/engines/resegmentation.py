"""Where one voice ends and the next begins: windows scored against voices, then the cheapest path through time (Viterbi).

Each tenth of a second is scored by the windows that cover it, the nearer its middle the more. Changing the speaker costs; it
costs less in a pause, so that edges fall where people breathe.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from storage.documents import Span, Turn

Scores: TypeAlias = npt.NDArray[np.float64]
"""Likeness of steps or windows to voices, shape `(n, k)`."""

STEP = 0.1
"""Seconds between two decisions."""
SWITCH_COST = 0.7
"""Price of a speaker change in mid-speech, in units of cosine times steps."""
PAUSE_COST = 0.15
"""Price of a change in a pause, as a share of the price in mid-speech."""
PAUSE_DEPTH_DB = 25.0
"""How far below the level of speech a pause is silent."""
BRIDGED_PAUSE = 0.5
"""A pause up to this length inside one speaker's talk belongs to the turn, seconds."""
_EDGE_WEIGHT = 0.1


@dataclass(frozen=True)
class Stretches:
    """Unbroken speech, laid out in steps of a tenth of a second."""

    spans: tuple[Span, ...]

    @property
    def counts(self) -> npt.NDArray[np.intp]:
        """Steps in each stretch, at least one."""
        return np.array([max(1, round((span.end - span.start) / STEP)) for span in self.spans], dtype=np.intp)

    @property
    def firsts(self) -> npt.NDArray[np.intp]:
        """Index of the first step of each stretch, and the number of all steps at the end."""
        return np.concatenate([[0], np.cumsum(self.counts)]).astype(np.intp)


@dataclass(frozen=True)
class ScoredWindows:
    """Windows with their likeness to each voice."""

    centres: npt.NDArray[np.float64]
    """Seconds, shape `(n,)`."""
    length: float
    """Seconds that a window covers (a short stretch's only window covers the stretch)."""
    stretches: npt.NDArray[np.intp]
    scores: Scores
    weight: float = 1.0


def step_scores(stretches: Stretches, kinds: Sequence[ScoredWindows]) -> Scores:
    """Return the likeness of every step to every voice: the weighted mean over the windows that cover it."""
    firsts, counts = stretches.firsts, stretches.counts
    starts = np.array([span.start for span in stretches.spans])
    total = np.zeros((int(firsts[-1]), kinds[0].scores.shape[1]))
    weights = np.zeros(len(total))
    for kind in kinds:
        half = kind.length / 2
        middle = np.floor((kind.centres - starts[kind.stretches]) / STEP).astype(np.intp)
        reach = int(np.ceil(half / STEP))
        for shift in range(-reach, reach + 1):
            step = middle + shift
            distance = np.abs(starts[kind.stretches] + (step + 0.5) * STEP - kind.centres)
            valid = (step >= 0) & (step < counts[kind.stretches]) & (distance <= half)
            weight = kind.weight * (1 - distance[valid] / half + _EDGE_WEIGHT)
            rows = firsts[kind.stretches[valid]] + step[valid]
            np.add.at(total, rows, kind.scores[valid] * weight[:, None])
            np.add.at(weights, rows, weight)
    return _filled(total / np.maximum(weights, 1e-9)[:, None], weights > 0)


def _filled(scores: Scores, known: npt.NDArray[np.bool_]) -> Scores:
    """Give steps that no window covers the score of the nearest one that has some."""
    if known.all() or not known.any():
        return scores
    rows = np.flatnonzero(known)
    here = np.arange(len(scores))
    after = np.searchsorted(rows, here).clip(0, len(rows) - 1)
    before = (after - 1).clip(0)
    nearest = np.where(np.abs(rows[before] - here) <= np.abs(rows[after] - here), rows[before], rows[after])
    filled: Scores = scores[nearest]
    return filled


def change_costs(stretches: Stretches, levels: Sequence[npt.NDArray[np.float32]]) -> npt.NDArray[np.float64]:
    """Return what a change right before each step costs, shape `(steps,)`.

    `levels` holds, per stretch, the level of every 10 ms in dB. Between two stretches there is a pause.
    """
    costs = [_costs_inside(level, count) for level, count in zip(levels, stretches.counts, strict=True)]
    return np.concatenate(costs) if costs else np.zeros(0)


def _costs_inside(level: npt.NDArray[np.float32], steps: int) -> npt.NDArray[np.float64]:
    frames = max(1, round(STEP * 100))
    loud = np.percentile(level, 80) if len(level) else 0.0
    around = [level[max(0, step * frames - frames // 2) : step * frames + frames // 2] for step in range(steps)]
    quietest = np.array([piece.min() if len(piece) else loud for piece in around])
    depth = np.clip((loud - quietest) / PAUSE_DEPTH_DB, 0.0, 1.0)
    costs = SWITCH_COST * (1 - (1 - PAUSE_COST) * depth)
    costs[0] = SWITCH_COST * PAUSE_COST
    return np.asarray(costs, dtype=np.float64)


def best_path(scores: Scores, costs: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Return the voice of each step: the path with the most likeness less the price of its changes (Viterbi)."""
    steps, voices = scores.shape
    came_from = np.zeros((steps, voices), dtype=np.int16)
    best = scores[0].copy()
    stay = np.arange(voices)
    for step in range(1, steps):
        leader = int(best.argmax())
        moved = best[leader] - costs[step]
        change = moved > best
        came_from[step] = np.where(change, leader, stay)
        best = np.where(change, moved, best) + scores[step]
    path = np.empty(steps, dtype=np.intp)
    path[-1] = int(best.argmax())
    for step in range(steps - 1, 0, -1):
        path[step - 1] = came_from[step, path[step]]
    return path


def turns_along(stretches: Stretches, path: npt.NDArray[np.intp], names: Sequence[str]) -> tuple[Turn, ...]:
    """Return the turns of a path; pauses up to half a second inside one speaker's talk are bridged."""
    turns: list[Turn] = []
    for span, first, count in zip(stretches.spans, stretches.firsts[:-1], stretches.counts, strict=True):
        labels = path[first : first + count]
        edges = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), int(count)]
        for begin, end in itertools.pairwise(edges):
            start = span.start + begin * STEP
            stop = span.end if end == count else span.start + end * STEP
            speaker = names[labels[begin]]
            if turns and turns[-1].speaker == speaker and start - turns[-1].end <= BRIDGED_PAUSE:
                turns[-1] = Turn(start=turns[-1].start, end=stop, speaker=speaker)
            elif stop > start:
                turns.append(Turn(start=start, end=stop, speaker=speaker))
    return tuple(turns)
