"""Voice embeddings: Resemblyzer's speaker encoder (GE2E, Wan et al. 2018), run on windows of a long recording.

The weights are those that the Resemblyzer wheel carries. The library itself is not imported: its import costs seconds
(librosa, numba), needs webrtcvad with `pkg_resources`, and its mel spectrogram holds a whole file in memory. The network and
the mel scale are rebuilt here; a test holds them equal to the library's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from jobs.engines.protocols import SAMPLE_RATE, Samples
from storage.errors import EngineUnavailable, ModelInvalid, ModelMissing

Matrix: TypeAlias = npt.NDArray[np.float32]

EMBEDDING_SIZE = 256
MEL_BANDS = 40
FRAME_STEP = 160
"""Samples between two mel frames: 10 ms."""
FRAMES_PER_SECOND = SAMPLE_RATE // FRAME_STEP
_FRAME_LENGTH = 400
_HIDDEN_SIZE = 256
_LAYERS = 3
_BATCH = 64


def mel_frames(samples: Samples) -> Matrix:
    """Return the mel power spectrogram, shape `(1 + n // 160, 40)`: 25-ms Hann frames, each centred on its 10-ms step."""
    padded = np.pad(samples.astype(np.float32, copy=False), _FRAME_LENGTH // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME_LENGTH)[::FRAME_STEP]
    spectrum = np.fft.rfft(frames * _hann(), axis=1)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    mel: Matrix = power @ _mel_filters().T
    return mel


@cache
def _hann() -> Matrix:
    phase = 2 * np.pi * np.arange(_FRAME_LENGTH) / _FRAME_LENGTH
    return (0.5 - 0.5 * np.cos(phase)).astype(np.float32)


@cache
def _mel_filters() -> Matrix:
    """Return Slaney's mel filter bank (Auditory Toolbox, 1998) with unit area per band, shape `(40, 201)`."""
    corners = _mel_to_hertz(np.linspace(0.0, _hertz_to_mel(SAMPLE_RATE / 2), MEL_BANDS + 2))
    bins = np.linspace(0.0, SAMPLE_RATE / 2, _FRAME_LENGTH // 2 + 1)
    widths = np.diff(corners)
    rising = -(corners[:-2, None] - bins) / widths[:-1, None]
    falling = (corners[2:, None] - bins) / widths[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    area = 2.0 / (corners[2:] - corners[:-2])
    return (triangles * area[:, None]).astype(np.float32)


_BREAK_HERTZ, _BREAK_MEL, _LOG_STEP = 1000.0, 15.0, np.log(6.4) / 27.0
"""Slaney's scale is linear (200/3 Hz a mel) below 1 kHz and logarithmic above."""


def _hertz_to_mel(hertz: float) -> float:
    return float(_BREAK_MEL + np.log(hertz / _BREAK_HERTZ) / _LOG_STEP)


def _mel_to_hertz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(mel < _BREAK_MEL, mel * 200.0 / 3.0, _BREAK_HERTZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL)))


class VoiceEncoder:
    """Resemblyzer's encoder: stretches of mel frames to unit vectors whose cosine says how alike two voices are."""

    def __init__(self, device: str = "cpu", *, threads: int = 0) -> None:
        """Load the weights; raise `EngineUnavailable` without torch, `ModelMissing` without the wheel's weights."""
        self._device = device
        self._threads = threads
        self._lstm, self._linear = _load(weights_path(), device)

    def embed(self, stretches: Matrix) -> Matrix:
        """Return unit embeddings, shape `(n, 256)`, of stretches of equal length, shape `(n, frames, 40)`."""
        import torch

        if not len(stretches):
            return np.zeros((0, EMBEDDING_SIZE), dtype=np.float32)
        with torch.inference_mode(), _torch_threads(self._threads):
            batches = [
                self._embed_batch(torch.from_numpy(np.ascontiguousarray(stretches[first : first + _BATCH])))
                for first in range(0, len(stretches), _BATCH)
            ]
        return np.concatenate(batches)

    def _embed_batch(self, stretches: Any) -> Matrix:
        _, (hidden, _) = self._lstm(stretches.to(self._device))
        raw = self._linear(hidden[-1]).relu()
        embeddings: Matrix = (raw / raw.norm(dim=1, keepdim=True).clamp_min(1e-6)).cpu().numpy()
        return embeddings


def weights_path() -> Path:
    """Return the weights inside the installed Resemblyzer package, without importing it."""
    spec = find_spec("resemblyzer")
    if spec is None or spec.origin is None:
        raise EngineUnavailable(
            "The package Resemblyzer, which carries the voice model, is not installed.",
            hint="Install earmark with its `diarize` extra, or use --diarizer none.",
        )
    path = Path(spec.origin).parent / "pretrained.pt"
    if not path.is_file():
        raise ModelMissing(f"Resemblyzer's weights are missing: {path}.", hint="Install Resemblyzer again (0.1.4 carries them).")
    return path


def _load(path: Path, device: str) -> tuple[Any, Any]:
    try:
        import torch
    except ImportError as error:
        raise EngineUnavailable(
            f"torch cannot be imported: {error}.", hint="Install earmark with its `diarize` extra, or use --diarizer none."
        ) from error
    lstm = torch.nn.LSTM(MEL_BANDS, _HIDDEN_SIZE, _LAYERS, batch_first=True)
    linear = torch.nn.Linear(_HIDDEN_SIZE, EMBEDDING_SIZE)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
        for name, module in (("lstm.", lstm), ("linear.", linear)):
            module.load_state_dict({key.removeprefix(name): value for key, value in state.items() if key.startswith(name)})
    except Exception as error:
        raise ModelInvalid(
            f"{path} does not hold Resemblyzer's voice encoder: {error}.", hint="Install Resemblyzer 0.1.4 again."
        ) from error
    return lstm.to(device).eval(), linear.to(device).eval()


@contextmanager
def _torch_threads(threads: int) -> Iterator[None]:
    """Hold torch to a number of threads for a while; 0 leaves it as it is."""
    import torch

    before = torch.get_num_threads()
    if threads:
        torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
