"""Voice activity by Silero VAD v6, the ONNX model that faster-whisper carries, run as a stream.

The model reads frames of 512 samples (32 ms), each with the 64 samples before it, and carries the state of an LSTM from frame to
frame; handing that state from block to block makes memory independent of the length of the recording. Source of the model and of
the two thresholds: https://github.com/snakers4/silero-vad.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from jobs.engines.protocols import SAMPLE_RATE
from storage.documents import Span
from storage.errors import EngineUnavailable

FRAME = 512
"""Samples that the model judges together."""

FRAME_SECONDS = FRAME / SAMPLE_RATE

_CONTEXT = 64
_STATE = (1, 1, 128)
_INPUTS = {"input": [None, FRAME + _CONTEXT], "h": list(_STATE), "c": list(_STATE)}
_HINT = "Install the speech engines: pip install 'earmark[speech]'."

Probabilities: TypeAlias = npt.NDArray[np.float32]
"""One probability of speech for each frame of 32 ms; shape `(frames,)`."""


@dataclass(frozen=True)
class SpeechThresholds:
    """When a run of frames counts as speech."""

    onset: float = 0.5
    """Speech begins at a frame at least this probable …"""
    offset: float = 0.35
    """… and reaches over the frames around it down to this one."""
    min_speech: float = 0.25
    """Shorter bursts (seconds) count only if they are `sure`."""
    sure: float = 0.8
    """The probability that a short burst must reach once: "Yes." is an answer, a click is not."""
    min_silence: float = 0.1
    """Shorter pauses (seconds) do not end speech."""


class SileroDetector:
    """Hears audio block by block and judges every 32 ms of it. One recording per detector."""

    def __init__(self, model: Path | None = None) -> None:
        self._session = _open_session(model or bundled_model())
        self._h = np.zeros(_STATE, np.float32)
        self._c = np.zeros(_STATE, np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)
        self._rest = np.zeros(0, np.int16)
        self._judged: list[Probabilities] = []

    def feed(self, block: npt.NDArray[np.int16]) -> None:
        """Hear the next block of 16 kHz mono audio, of any length."""
        samples = np.concatenate([self._rest, block])
        whole = len(samples) - len(samples) % FRAME
        self._rest = samples[whole:]
        if whole:
            self._judge(samples[:whole])

    def finish(self) -> Probabilities:
        """Return the probabilities of all frames; the last one is filled up with silence."""
        if len(self._rest):
            self.feed(np.zeros(FRAME - len(self._rest), np.int16))
        return np.concatenate([np.zeros(0, np.float32), *self._judged])

    def _judge(self, samples: npt.NDArray[np.int16]) -> None:
        audio = samples.astype(np.float32) / np.float32(32768)
        frames = audio.reshape(-1, FRAME)
        before = np.concatenate([self._context[None, :], frames[:-1, -_CONTEXT:]])
        given = {"input": np.concatenate([before, frames], axis=1), "h": self._h, "c": self._c}
        output, self._h, self._c = self._session.run(None, given)
        self._context = frames[-1, -_CONTEXT:].copy()
        self._judged.append(np.asarray(output, np.float32).reshape(-1))


def speech_regions(probabilities: Probabilities, duration: float, thresholds: SpeechThresholds | None = None) -> tuple[Span, ...]:
    """Turn probabilities into speech regions by hysteresis: sorted, apart, inside `0 … duration`, and not padded.

    A region is a run of frames of at least `offset` that holds one of at least `onset`.
    """
    rule = thresholds or SpeechThresholds()
    spans: list[tuple[int, int]] = []
    for first, last in _runs(probabilities >= rule.offset):
        if probabilities[first:last].max() < rule.onset:
            continue
        if spans and (first - spans[-1][1]) * FRAME_SECONDS < rule.min_silence:
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    kept = (
        (first, last)
        for first, last in spans
        if (last - first) * FRAME_SECONDS >= rule.min_speech or probabilities[first:last].max() >= rule.sure
    )
    times = ((round(first * FRAME_SECONDS, 3), round(min(last * FRAME_SECONDS, duration), 3)) for first, last in kept)
    return tuple(Span(start=start, end=end) for start, end in times if start < end)


def bundled_model() -> Path:
    """Return the model file inside faster-whisper, without importing it; raises `EngineUnavailable` where there is none."""
    spec = importlib.util.find_spec("faster_whisper")
    for folder in (spec.submodule_search_locations if spec else None) or ():
        found = sorted(Path(folder, "assets").glob("silero_vad_v6*.onnx"))
        if found:
            return found[-1]
    what = "faster-whisper carries no Silero VAD v6" if spec else "faster-whisper is not installed"
    raise EngineUnavailable(f"Speech cannot be told from silence: {what}.", hint=_HINT)


@lru_cache(maxsize=1)
def _open_session(model: Path) -> Any:
    """Return the model, loaded; it keeps nothing of what it judged, so all recordings of a process share it."""
    try:
        import onnxruntime
    except ImportError as error:
        raise EngineUnavailable("Speech cannot be told from silence: onnxruntime is not installed.", hint=_HINT) from error
    options = onnxruntime.SessionOptions()
    # the network is too small to share among threads, and the arena would keep memory
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"], sess_options=options)
    except Exception as error:  # onnxruntime's errors share no public base
        raise EngineUnavailable(f"{model} cannot be loaded as a voice activity model: {error}.", hint=_HINT) from error
    inputs = {given.name: [size if isinstance(size, int) else None for size in given.shape] for given in session.get_inputs()}
    if inputs != _INPUTS:
        raise EngineUnavailable(f"{model} is not Silero VAD v6: its inputs are {inputs}.", hint=_HINT)
    return session


def _runs(mask: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield the half-open ranges in which the mask is true."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
