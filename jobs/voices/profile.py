"""What is known of one voice under one model: computed from what episodes contributed, whenever it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from storage.documents import EngineInfo
from storage.voices import Embedding, Voice, VoiceSample

FULL_WEIGHT = 60.0
"""Seconds of talk after which an episode's sample is worth no more than others."""


@dataclass(frozen=True, eq=False)
class Profile:
    """A voice as one model hears it."""

    voice_id: str
    centroid: Embedding
    """Weighted mean of the samples, unit length."""
    episodes: frozenset[str]
    likeness: float | None
    """How alike each sample is to the others' mean (cosine), on average; none with less than two episodes."""
    spread: float | None
    """Standard deviation of that; none with less than three."""


def model_key(engine: EngineInfo) -> str:
    """Return what names a model whose embeddings can be compared: the same weights, on whatever device."""
    return f"{engine.name} {engine.model} {engine.model_digest or engine.version}"


def profiles_of(voices: Sequence[Voice], model: str, *, without: str | None = None) -> tuple[Profile, ...]:
    """Return the profiles of voices under a model; what the episode `without` contributed does not count."""
    found = (profile_of(voice, model, without=without) for voice in voices)
    return tuple(profile for profile in found if profile is not None)


def profile_of(voice: Voice, model: str, *, without: str | None = None) -> Profile | None:
    """Return the profile of a voice under a model; none if it has no sample of it."""
    samples = [sample for sample in voice.samples if sample.model == model and sample.episode_id != without]
    if not samples:
        return None
    weights = np.array([min(sample.seconds, FULL_WEIGHT) for sample in samples], dtype=np.float32)
    weighted = np.stack([sample.embedding for sample in samples]) * np.maximum(weights, 1.0)[:, None]
    alike = _likenesses(samples, weighted)
    return Profile(
        voice_id=voice.id,
        centroid=unit(weighted.sum(axis=0)),
        episodes=frozenset(sample.episode_id for sample in samples),
        likeness=float(alike.mean()) if len(alike) else None,
        spread=float(alike.std(ddof=1)) if len(alike) > 2 else None,
    )


def unit(vector: Embedding) -> Embedding:
    """Return a vector with length one."""
    scaled: Embedding = (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
    return scaled


def _likenesses(samples: Sequence[VoiceSample], weighted: Embedding) -> Embedding:
    """Return for each sample its cosine to the mean of all others."""
    if len(samples) < 2:
        return np.zeros(0, dtype=np.float32)
    total = weighted.sum(axis=0)
    return np.array([unit(total - own) @ sample.embedding for own, sample in zip(weighted, samples, strict=True)])
