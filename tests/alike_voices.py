"""Embeddings of made-up voices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def alike(count: int, likeness: float, random: np.random.Generator | None = None) -> npt.NDArray[np.float64]:
    """Return unit vectors, shape `(count, 256)`, of which any two have this cosine."""
    random = random if random is not None else np.random.default_rng(5)
    basis = np.linalg.qr(random.standard_normal((256, count + 1)))[0].T
    return np.asarray(np.sqrt(likeness) * basis[0] + np.sqrt(1 - likeness) * basis[1:])
