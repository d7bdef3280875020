"""Arithmetic on mel frames of 10 ms: what lies behind the speech, another tempo, Whisper's scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FRAMES_A_SECOND = 100
QUIETEST = 1e-10


def background(rng: np.random.Generator, pool: NDArray[np.float16], frames: int) -> Floats:
    """Return pieces of the pool joined to `frames`, as power of mean one."""
    pieces: list[NDArray[np.float16]] = []
    while sum(map(len, pieces)) < frames:
        piece = pool[rng.integers(len(pool))]
        pieces.append(piece[rng.integers(0, 500) :])
    power = 10.0 ** np.concatenate(pieces)[:frames].astype(np.float32)
    return np.asarray(power / power.mean(), dtype=np.float32)


def resampled(log_mel: Floats, positions: NDArray[np.float64]) -> Floats:
    """Return frames at fractional positions."""
    before = positions.astype(int)
    after = np.minimum(before + 1, len(log_mel) - 1)
    weight = (positions - before)[:, None].astype(np.float32)
    return np.asarray(log_mel[before] * (1 - weight) + log_mel[after] * weight, dtype=np.float32)


def normalised(rng: np.random.Generator, power: Floats, content: int) -> Floats:
    """Scale power as Whisper does (80, frames); the loudest frame may lie elsewhere in the episode, and padding is zero."""
    log_mel = np.maximum(np.log10(np.maximum(power, QUIETEST)) + rng.normal(-0.3, 0.5), -10)
    loudest = log_mel[:content].max() + (rng.uniform(0, 0.7) if rng.random() < 0.5 else 0)
    scaled = (np.maximum(log_mel, loudest - 8) + 4) / 4
    scaled[content:] = 0
    return np.ascontiguousarray(scaled.T, dtype=np.float32)
