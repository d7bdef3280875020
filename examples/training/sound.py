"""Everything about sound but speech: log-mel frames, the mp3 codec, music and noise."""

from __future__ import annotations

import io
import random
from functools import cache
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

SAMPLE_RATE = 16000
_SCALE = (0, 3, 4, 7, 9, 12, 14, 16, 19)  # semitones above the base that sound well together
_ROOTS = (110.0, 130.8, 146.8, 164.8, 196.0, 220.0)
_SEARCHED_DELAY = 2400  # samples within which the codec's delay is looked for


@cache
def _feature_extractor() -> Any:
    """Return faster-whisper's own extractor, so that training hears what the library hears."""
    from faster_whisper.feature_extractor import FeatureExtractor

    return FeatureExtractor(feature_size=80)


def log_mel(samples: Samples) -> NDArray[np.float32]:
    """Return log10 mel power (frames of 10 ms, 80), as Whisper has it before its normalisation."""
    extractor = _feature_extractor()
    window = np.hanning(401)[:-1].astype("float32")
    spectrum = extractor.stft(np.pad(samples, (0, 160)).astype(np.float32), 400, 160, window=window, return_complex=True)
    power = extractor.mel_filters @ (np.abs(spectrum[..., :-1]) ** 2)
    return np.asarray(np.log10(np.clip(power, 1e-10, None)).T, dtype=np.float32)


def write_mp3(target: BinaryIO | str, samples: Samples, sample_rate: int, kilobits: int) -> None:
    """Encode mono samples in [-1, 1] as constant bit rate mp3."""
    import av

    with av.open(target, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=sample_rate)
        stream.bit_rate, stream.layout = kilobits * 1000, "mono"
        pcm = (np.clip(samples, -1, 1) * 32767).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
        frame.sample_rate = sample_rate
        resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=sample_rate)
        for converted in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(converted))
        container.mux(stream.encode(None))


def through_mp3(samples: Samples, kilobits: int) -> Samples:
    """Return the samples as they sound after mp3 coding, of equal length and aligned."""
    from faster_whisper.audio import decode_audio

    buffer = io.BytesIO()
    write_mp3(buffer, samples, SAMPLE_RATE, kilobits)
    buffer.seek(0)
    decoded = np.asarray(decode_audio(buffer), dtype=np.float32)
    compared = min(len(samples), len(decoded)) - _SEARCHED_DELAY
    delay = 0
    if compared > _SEARCHED_DELAY:
        likeness = [
            float(np.dot(samples[:compared:4], decoded[shift : shift + compared : 4])) for shift in range(0, _SEARCHED_DELAY, 40)
        ]
        delay = int(np.argmax(likeness)) * 40
    kept = decoded[delay : delay + len(samples)]
    return np.asarray(np.pad(kept, (0, len(samples) - len(kept))), dtype=np.float32)


def music(rng: random.Random, seconds: float, sample_rate: int = SAMPLE_RATE) -> Samples:
    """Return chords, plucks and drum hits: something that is surely no speech."""
    count = int(seconds * sample_rate)
    mixed = np.zeros(count)
    clock = np.arange(count) / sample_rate
    beat, root, plucked = rng.choice([0.25, 0.3, 0.4, 0.5, 0.8]), rng.choice(_ROOTS), rng.random() < 0.7
    for step in range(int(seconds / beat) + 1):
        first = int(step * beat * sample_rate)
        length = min(count - first, int(sample_rate * beat * rng.choice([1, 2, 3])))
        if length <= 0:
            break
        since = clock[:length]
        envelope = np.exp(-since * rng.uniform(1, 8)) if plucked else np.minimum(1, since * 8) * np.exp(-since)
        for semitone in rng.sample(_SCALE, rng.randint(1, 3)):
            frequency = root * 2 ** (semitone / 12)
            for harmonic in range(1, rng.randint(2, 7)):
                mixed[first : first + length] += envelope * np.sin(2 * np.pi * frequency * harmonic * since) / harmonic**1.3
        if rng.random() < 0.4:
            hit = np.random.default_rng(rng.randint(0, 10**6)).standard_normal(length)
            mixed[first : first + length] += 0.7 * hit * np.exp(-since * 40)
    return np.asarray(0.3 * mixed / (np.abs(mixed).max() + 1e-9), dtype=np.float32)


def noise(rng: random.Random, seconds: float, sample_rate: int = SAMPLE_RATE) -> Samples:
    """Return coloured noise, sometimes with mains hum."""
    count = int(seconds * sample_rate)
    white = np.random.default_rng(rng.randint(0, 10**6)).standard_normal(count)
    frequencies = np.fft.rfftfreq(count, 1 / sample_rate)
    shaped = np.fft.irfft(np.fft.rfft(white) / np.maximum(frequencies, 50) ** rng.choice([0, 0.25, 0.5, 1.0]), count)
    if rng.random() < 0.3:
        hum = np.sin(2 * np.pi * rng.choice([50, 60, 100, 120]) * np.arange(count) / sample_rate)
        shaped = shaped / np.std(shaped) + rng.uniform(0.3, 2) * hum
    return (0.1 * shaped / np.std(shaped)).astype(np.float32)
