"""Several readings of the same stretch put together word by word: what most of them have stays.

The readings are aligned one after the other into slots, each of which holds a reading's word or nothing, by least cost; then each
slot is voted on (ROVER: Fiscus, "A post-processing system to yield reduced word error rates", ASRU 1997).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from storage.documents import Word
from storage.words import letters_of

Slot: TypeAlias = tuple[Word | None, ...]
"""What each reading has at one place, the first reading's word first."""

SAME = 2.0
"""Seconds by which two readings of one word may lie apart: Whisper puts words into the pause before them."""

OTHER = 1.0
"""Seconds by which different words may lie apart to be two readings of one word."""

_GAP, _OTHER_WORD, _SECOND = 0.6, 1.0, 0.1
"""Costs of a word that the others lack, of a different word, and of each second between two readings."""

NOTHING = 0.75
"""What a reading's having no word at a place weighs, where a word weighs between a half and one by its probability."""


def slots_of(readings: Sequence[Sequence[Word]]) -> list[Slot]:
    """Align the readings; every word of each is in one slot, in its order."""
    slots: list[Slot] = []
    for count, reading in enumerate(readings):
        slots = list(_aligned(slots, reading, count))
    return slots


def is_unanimous(slot: Slot) -> bool:
    """Tell whether all readings have the same word in a slot."""
    return len(set(map(_key, slot))) == 1


def elected(slot: Slot) -> Word | None:
    """Return the word that has the most weight in a slot, or nothing; the first reading's where they are equal."""
    weights: dict[str, float] = {}
    for word in slot:
        key = _key(word)
        weights[key] = weights.get(key, 0.0) + (NOTHING if word is None else 0.5 + (word.probability or 0.0) / 2)
    best = max(weights, key=lambda key: weights[key])
    if slot[0] is not None and _key(slot[0]) == best:
        return slot[0]
    voters = [word for word in slot if word is not None and _key(word) == best]
    return max(voters, key=lambda word: word.probability or 0.0) if voters else None


def _aligned(slots: Sequence[Slot], reading: Sequence[Word], count: int) -> Iterator[Slot]:
    """Yield the slots with one more reading in them; `count` readings are there already."""
    rows, columns = len(slots), len(reading)
    costs = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows, -1, -1):
        for j in range(columns, -1, -1):
            if i < rows or j < columns:
                costs[i][j] = min(cost for cost, _, _ in _ways(costs, slots, reading, i, j))
    i = j = 0
    while i < rows or j < columns:
        _, down, right = min(_ways(costs, slots, reading, i, j))
        yield (*(slots[i] if down else (None,) * count), reading[j] if right else None)
        i, j = i + down, j + right


def _ways(
    costs: Sequence[Sequence[float]], slots: Sequence[Slot], reading: Sequence[Word], i: int, j: int
) -> Iterator[tuple[float, int, int]]:
    """Yield what it costs to go on from a place by a slot, by a word, or by both."""
    if i < len(slots):
        yield costs[i + 1][j] + _GAP * _share(slots[i]), 1, 0
    if j < len(reading):
        yield costs[i][j + 1] + _GAP, 0, 1
    if i < len(slots) and j < len(reading):
        together = _difference(slots[i], reading[j])
        if together is not None:
            yield costs[i + 1][j + 1] + together, 1, 1


def _share(slot: Slot) -> float:
    return sum(word is not None for word in slot) / len(slot)


def _difference(slot: Slot, word: Word) -> float | None:
    """Return what it costs to take a word for one that a slot holds; nothing if it is too far away."""
    found = []
    for other in slot:
        if other is not None:
            same, apart = _key(other) == _key(word), abs(_middle(other) - _middle(word))
            if apart <= (SAME if same else OTHER):
                found.append((0.0 if same else _OTHER_WORD) + _SECOND * apart)
    return min(found, default=None)


def _key(word: Word | None) -> str:
    return "" if word is None else letters_of(word) or word.text


def _middle(word: Word) -> float:
    return (word.start + word.end) / 2
