"""Made-up voices for tests: directions in space with some noise around them, as alike as a real encoder's."""

from __future__ import annotations

import numpy as np

from jobs.engines.protocols import Diarization
from jobs.voices.matching import RESEMBLYZER
from jobs.voices.profile import unit
from jobs.voices.remember import remember
from storage.documents import Episode, Turn
from storage.voices import Embedding, VoiceMemory, VoiceSample

MODEL = "resemblyzer pretrained.pt 0123"


class Speakers:
    """Draws people, and what an encoder makes of them from episode to episode."""

    def __init__(self, seed: int = 1, *, size: int = 64) -> None:
        self._random = np.random.default_rng(seed)
        self._common = unit(self._random.standard_normal(size).astype(np.float32))
        self._people: dict[str, Embedding] = {}
        self._size = size

    def heard(self, who: str, noise: float = 0.25) -> Embedding:
        """Return the embedding of somebody in one episode; strangers are as alike as the encoder's are expected to be."""
        if who not in self._people:
            own = unit(self._random.standard_normal(self._size).astype(np.float32))
            share = RESEMBLYZER.strangers.mean - 0.05
            self._people[who] = unit(np.sqrt(share) * self._common + np.sqrt(1 - share) * own)
        blur = unit(self._random.standard_normal(self._size).astype(np.float32))
        return unit(self._people[who] + noise * blur)

    def episode(self, *people: str, seconds: float = 60.0) -> Diarization:
        """Return an episode in which these people speak one after the other."""
        turns = tuple(Turn(start=n * seconds, end=(n + 1) * seconds, speaker=who) for n, who in enumerate(people))
        return Diarization(turns, turns, {who: tuple(self.heard(who).tolist()) for who in people})


def add(
    memory: VoiceMemory, number: int | str, diarization: Diarization, *, show: str = "The Show", model: str = MODEL
) -> dict[str, VoiceSample]:
    """Remember an episode; return what is kept by label."""
    kept = remember(memory, Episode(id=f"ep_{number}", title=f"Episode {number}", show=show), model, diarization)
    return {sample.label: sample for sample in kept}
