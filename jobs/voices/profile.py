"""What is known of one voice under one model: computed from what episodes contributed, whenever it is needed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.voices.channels import channels_of
from storage.documents import EngineInfo
from storage.voices import Embedding, NewSample, Voice, VoiceSample

FULL_WEIGHT = 60.0
"""Seconds of talk after which an episode's sample is worth no more than others."""


@dataclass(frozen=True, eq=False)
class Heard:
    """A speaker of an episode as one model hears them."""

    label: str
    embedding: Embedding
    """Without what the channel did to it, unit length."""
    telephone: bool


@dataclass(frozen=True, eq=False)
class Profile:
    """A voice as one model hears it, on the telephone or not; one that was heard both ways has two profiles."""

    voice_id: str
    telephone: bool
    centroid: Embedding
    """Weighted mean of the samples without what channels did to them, unit length."""
    episodes: frozenset[str]
    """All in which the voice was heard, either way."""
    since: int
    """In how many episodes any of the show's voices was heard since this one was for the first time, those included."""
    likenesses: tuple[float, ...]
    """How alike each sample is to the others' mean (cosine); none with less than two."""


def model_key(engine: EngineInfo) -> str:
    """Return what names a model whose embeddings can be compared: the same weights, on whatever device."""
    return f"{engine.name} {engine.model} {engine.model_digest or engine.version}"


def profiles_of(voices: Sequence[Voice], model: str, *, without: str | None = None) -> tuple[Profile, ...]:
    """Return the profiles of voices under a model; what the episode `without` contributed does not count."""
    samples = {
        voice.id: [sample for sample in voice.samples if sample.model == model and sample.episode_id != without]
        for voice in voices
    }
    times: dict[str, float] = {}
    for sample in sorted((sample for some in samples.values() for sample in some), key=lambda sample: sample.created_at):
        times.setdefault(sample.episode_id, sample.created_at)
    remembered = _Times(times, tuple(sorted(times.values())))
    return tuple(profile for voice_id, some in samples.items() for profile in _profiles_of(voice_id, some, model, remembered))


def heard_by(model: str, speakers: Sequence[NewSample]) -> tuple[Heard, ...]:
    """Return speakers so that they can be compared with profiles."""
    embeddings, telephone = _comparable([speaker.embedding for speaker in speakers], model)
    return tuple(
        Heard(speaker.label, embedding, bool(narrow))
        for speaker, embedding, narrow in zip(speakers, embeddings, telephone, strict=True)
    )


@dataclass(frozen=True)
class _Times:
    """When the episodes of a show were remembered."""

    of_episode: Mapping[str, float]
    in_order: Sequence[float]

    def since_first_of(self, episodes: Iterable[str]) -> int:
        """Return how many episodes were remembered from the first of these on; all if there are none."""
        first = min((self.of_episode[episode] for episode in episodes), default=0.0)
        return len(self.in_order) - bisect_left(self.in_order, first)


def _profiles_of(voice_id: str, samples: Sequence[VoiceSample], model: str, times: _Times) -> Iterator[Profile]:
    """Yield the profiles of a voice."""
    episodes = frozenset(sample.episode_id for sample in samples)
    since = times.since_first_of(episodes)
    embeddings, telephone = _comparable([sample.embedding for sample in samples], model)
    weights = np.array([max(1.0, min(sample.seconds, FULL_WEIGHT)) for sample in samples], dtype=np.float32)
    for narrow in (False, True):
        mine = telephone == narrow
        if mine.any():
            weighted = embeddings[mine] * weights[mine, None]
            likenesses = _likenesses(embeddings[mine], weighted)
            yield Profile(voice_id, narrow, unit(weighted.sum(axis=0)), episodes, since, likenesses)


def _comparable(embeddings: Sequence[Embedding], model: str) -> tuple[Embedding, npt.NDArray[np.bool_]]:
    """Return embeddings without what channels did to them, and which are of people on the telephone."""
    channels = channels_of(model)
    stacked = np.stack(embeddings) if embeddings else np.zeros((0, 1), dtype=np.float32)
    if channels is None or not embeddings:
        return stacked, np.zeros(len(stacked), dtype=bool)
    return channels.without(stacked).astype(np.float32), channels.by_telephone(stacked)


def unit(vector: Embedding) -> Embedding:
    """Return a vector with length one."""
    scaled: Embedding = (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
    return scaled


def _likenesses(embeddings: Embedding, weighted: Embedding) -> tuple[float, ...]:
    """Return for each sample its cosine to the mean of all others."""
    if len(embeddings) < 2:
        return ()
    total = weighted.sum(axis=0)
    return tuple(float(unit(total - part) @ own) for part, own in zip(weighted, embeddings, strict=True))
