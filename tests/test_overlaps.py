"""Two voices at once, from windows that have one embedding each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest

from jobs.engines.clustering import VoiceWindows
from jobs.engines.overlaps import REACH, second_voices, with_overlaps
from storage.documents import Span, Turn
from tests.alike_voices import alike

Vectors: TypeAlias = npt.NDArray[np.float32]


def voices(count: int, likeness: float = 0.6) -> Vectors:
    """Return unit voices of which any two have this cosine."""
    return alike(count, likeness).astype(np.float32)


def windows(shares: Sequence[tuple[float, ...]], who: Vectors, noise: float = 0.0) -> VoiceWindows:
    """Return windows every 0.4 s that are made of the voices in these shares."""
    random = np.random.default_rng(1)
    mixed = np.array(shares).reshape(-1, len(who)) @ who + random.standard_normal((len(shares), 256)) / 16 * noise
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    times = 1.0 + np.arange(len(shares), dtype=np.float64) * np.float64(0.4)
    return VoiceWindows(mixed.astype(np.float32), times, np.zeros(len(shares), dtype=np.intp))


def test_the_second_voice_is_named() -> None:
    """The nearer of the two comes first; a window of one voice has no second."""
    first, second = second_voices(windows([(1, 0, 0), (0.6, 0.4, 0), (0, 0.5, 0.6)], voices(3)), voices(3))
    assert first.tolist() == [0, 0, 2]
    assert second.tolist() == [-1, 1, 1]


def test_noise_is_no_second_voice() -> None:
    """Of 2,000 windows that stray from their voice as Resemblyzer's do, hardly one is taken for two."""
    alone = [tuple(float(k == n % 4) for k in range(4)) for n in range(2000)]
    _, second = second_voices(windows(alone, voices(4), noise=0.58), voices(4))
    assert np.mean(second >= 0) < 0.005


def test_both_turns_cover_what_two_say_at_once() -> None:
    """The speaker's turn goes on, the other's is added for the time of the windows, inside the stretch of speech."""
    heard = windows([(1, 0)] * 5 + [(0.55, 0.45)] * 3 + [(1, 0)] * 5, voices(2))
    turns = with_overlaps([Turn(start=0, end=7, speaker="A")], heard, voices(2), ["A", "B"], [Span(start=0, end=7)])
    assert [turn.speaker for turn in turns] == ["A", "B"]
    assert (turns[0].start, turns[0].end) == (0, 7)
    assert turns[1].start == pytest.approx(3.0 - REACH)
    assert turns[1].end == pytest.approx(3.8 + REACH)


def test_one_voice_or_none_overlaps_nobody() -> None:
    """The turns come back as they are."""
    turn = Turn(start=0, end=7, speaker="A")
    assert with_overlaps([turn], windows([(1,)] * 3, voices(1)), voices(1), ["A"], [Span(start=0, end=7)]) == (turn,)
    assert with_overlaps([], windows([], voices(2)), voices(2), ["A", "B"], []) == ()
