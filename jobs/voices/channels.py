"""What a channel does to an embedding: it is taken out as far as it can be, and who is on the telephone is told.

The directions along which rooms, microphones, noise, codecs and words move the embeddings of one voice are known for the encoder
that ships (nuisance attribute projection; Solomonoff, Campbell and Quillen 2004), and one along which the telephone moves
those of all. They were learnt from voices of espeak-ng alone (`examples/training/voice_channels.py`), and hold for people's.
Nothing is known of other encoders: their embeddings stay as they are, and nobody is on the telephone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.floating]

RESEMBLYZER_CHANNELS = Path(__file__).with_name("resemblyzer_channels.npz")


@dataclass(frozen=True, eq=False)
class Channels:
    """What is known of the channels of one encoder."""

    basis: npt.NDArray[np.float32]
    """Orthogonal directions that say nothing of who speaks, shape `(k, d)`."""
    telephone: npt.NDArray[np.float32]
    """What an embedding is multiplied with, shape `(d,)`: who is on the telephone is above `bound`."""
    bound: float

    def without(self, embeddings: Vectors) -> Vectors:
        """Return embeddings (rows) without what channels do to them, of unit length."""
        left = embeddings - (embeddings @ self.basis.T) @ self.basis
        return np.asarray(left / np.maximum(np.linalg.norm(left, axis=-1, keepdims=True), 1e-9))

    def by_telephone(self, embeddings: Vectors) -> npt.NDArray[np.bool_]:
        """Tell which embeddings (rows, as the encoder gives them) are of people on the telephone."""
        return np.asarray(embeddings @ self.telephone > self.bound)


@cache
def channels_of(model: str) -> Channels | None:
    """Return what is known of a model, given by its key (`profile.model_key`); none if these are not the known weights."""
    if not model.startswith("resemblyzer "):
        return None
    with np.load(RESEMBLYZER_CHANNELS) as kept:
        if not model.endswith(f" {kept['weights']}"):
            return None
        return Channels(kept["basis"], kept["telephone"], float(kept["bound"]))
