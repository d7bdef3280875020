"""Real audio files for the tests, made on the spot: numpy makes the sound, PyAV writes the file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Sound = npt.NDArray[np.float32]
"""-1 … 1; shape `(n,)` for mono or `(channels, n)`."""

DATA = Path(__file__).parent / "data" / "audio"

CODECS = {
    ".mp3": "libmp3lame",
    ".m4a": "aac",
    ".aac": "aac",
    ".ogg": "flac",
    ".opus": "libopus",
    ".webm": "libopus",
    ".flac": "flac",
    ".wav": "pcm_s16le",
    ".mka": "pcm_s16le",
    ".ts": "aac",
}


def silence(seconds: float, rate: int = 48_000) -> Sound:
    """Return digital silence."""
    return np.zeros(round(seconds * rate), np.float32)


def tone(seconds: float, rate: int = 48_000, *, hertz: float = 440.0, level: float = 0.5) -> Sound:
    """Return a sine."""
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def noise(seconds: float, rate: int = 48_000, *, level: float = 0.1) -> Sound:
    """Return white noise, the same each time."""
    return (level * np.random.default_rng(7).standard_normal(round(seconds * rate))).astype(np.float32)


def music(seconds: float, rate: int = 48_000) -> Sound:
    """Return a chord that changes every half second, plucked."""
    pieces = []
    for index in range(round(seconds * 2)):
        root = 220.0 * 2 ** ((0, 5, 7, 3)[index % 4] / 12)
        chord = sum((tone(0.5, rate, hertz=root * ratio, level=0.15) for ratio in (1, 1.25, 1.5, 2)), start=silence(0.5, rate))
        pieces.append(chord * np.exp(-3 * np.arange(len(chord)) / rate).astype(np.float32))
    return np.concatenate(pieces)


def write_audio(
    path: Path,
    sound: Sound,
    rate: int = 48_000,
    *,
    tags: dict[str, str] | None = None,
    layout: str | None = None,
    bit_rate: int = 96_000,
) -> Path:
    """Encode a sound; the suffix of the path chooses container and codec."""
    with av.open(str(path), "w") as container:
        container.metadata.update(tags or {})
        stream = add_stream(container, CODECS[path.suffix], sound, rate, layout=layout, bit_rate=bit_rate)
        mux(container, stream, sound, rate)
    return path


def add_stream(container: Any, codec: str, sound: Sound, rate: int, *, layout: str | None = None, bit_rate: int = 96_000) -> Any:
    """Add an audio stream that fits the sound."""
    layout = layout or ("mono" if sound.ndim == 1 else "stereo")
    options = {} if codec in {"flac", "pcm_s16le"} else {"bit_rate": bit_rate}
    return container.add_stream(codec, rate=rate, layout=layout, **options)


def mux(container: Any, stream: Any, sound: Sound, rate: int, *, start: float = 0.0) -> None:
    """Encode a sound into a stream, its first sample at `start`, and close the stream."""
    feed(container, stream, sound, rate, start=start)
    for packet in stream.encode(None):
        container.mux(packet)


def feed(container: Any, stream: Any, sound: Sound, rate: int, *, start: float = 0.0) -> None:
    """Encode a sound into a stream that stays open."""
    planes = np.clip(np.atleast_2d(sound), -1, 1)
    for first in range(0, planes.shape[1], rate):
        piece = np.ascontiguousarray(planes[:, first : first + rate])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=stream.layout.name)
        frame.sample_rate = rate
        frame.time_base = Fraction(1, rate)
        frame.pts = round(start * rate) + first
        for packet in stream.encode(frame):
            container.mux(packet)


def onset(samples: npt.NDArray[np.float32], level: float = 0.1, rate: int = 16_000) -> float:
    """Return where the first sample louder than `level` is, seconds."""
    return float(np.flatnonzero(np.abs(samples) > level)[0]) / rate
