"""Learns what channels do to Resemblyzer's embeddings: microphones, rooms, telephones, codecs, noise.

    python -m examples.training.voice_channels [--voices 60] [--takes 9] [--directions 5]

Voices of espeak-ng say something else through another channel each time, every third time on the telephone. In which directions
the embeddings of one voice scatter (nuisance attribute projection; Solomonoff, Campbell and Quillen 2004) says nothing about who
speaks, and where the telephone moves them tells who is on it; both hold for people's voices too. They are written to
`jobs/voices/resemblyzer_channels.npz` with the digest of the encoder's weights; no real voice has a part in them.
"""

from __future__ import annotations

import argparse
import io
import random
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt

from examples.training import grammar, sound
from examples.training.espeak import Espeak, Voice
from jobs.engines.protocols import SAMPLE_RATE, Samples, SpeakerHints
from jobs.engines.resemblyzer import ResemblyzerDiarizer
from jobs.voices.channels import RESEMBLYZER_CHANNELS
from storage.documents import Span

_NAMES = """
adam Alex Alicia Andrea Andy Annie antonio aunty belinda benjamin boris caleb david Denis Diogo ed edward Gene gustave
Henrique Hugo iven Jacky john Lee linda marcelo Marco Mario max Michael michel miguel pablo paul pedro quincy rob robert
steph zac anika f1 f2 f3 f4 f5 klatt klatt2 klatt3 klatt4 m1 m2 m3 m4 m5 m6 m7 m8 norbert sandro shelby travis victor
"""
_VARIANTS = tuple(_NAMES.split())
_ACCENTS = ("en-us", "en", "en-GB-scotland", "en-GB-x-rp", "en-029", "en-GB-x-gbclan")
_SECONDS = 12.0
_LEVEL = 0.06
_SAFELY = 0.2
"""So much nearer to those on the telephone than to others is one of them, as a share of half their distance."""

Embeddings = NDArray[np.float64]


@dataclass(frozen=True)
class _Recording:
    """A recording in memory (an `AudioSource`)."""

    samples: Samples

    @property
    def duration(self) -> float:
        return len(self.samples) / SAMPLE_RATE

    def read(self, start: float, end: float) -> Samples:
        return self.samples[max(0, round(start * SAMPLE_RATE)) : max(0, round(end * SAMPLE_RATE))]


# ------------------------------------------------------------------ channels


def through_channel(samples: Samples, rng: random.Random, *, telephone: bool) -> Samples:
    """Return speech as it arrives: from a room or not, by some microphone, with noise, by telephone or through a codec."""
    heard = samples
    if rng.random() < 0.4:
        heard = _in_room(heard, rng)
    if rng.random() < 0.6:
        heard = _tilted(heard, rng.uniform(-6, 6))
    heard = _noisy(_levelled(heard), rng)
    if telephone:
        return _levelled(_telephone(heard, rng))
    kind = rng.choice(("plain", "mp3", "opus"))
    if kind == "mp3":
        heard = sound.through_mp3(heard, rng.choice((24, 32, 48, 64)))
    elif kind == "opus":
        heard = _through_opus(heard, rng.choice((12, 16, 24, 32)))
    return _levelled(heard)


def _levelled(samples: Samples) -> Samples:
    level = float(np.sqrt(np.mean(samples**2))) + 1e-9
    return np.asarray(np.clip(samples * (_LEVEL / level), -1, 1), dtype=np.float32)


def _in_room(samples: Samples, rng: random.Random) -> Samples:
    """Add an exponentially fading tail: the impulse response of a room that nobody has measured."""
    seconds = rng.uniform(0.1, 0.5)
    clock = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tail = np.random.default_rng(rng.getrandbits(32)).standard_normal(len(clock)) * 10 ** (-3 * clock / seconds)
    tail *= 10 ** (-rng.uniform(0, 12) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return np.asarray(fftconvolve(samples, tail)[: len(samples)], dtype=np.float32)


def _tilted(samples: Samples, decibels: float) -> Samples:
    """Raise or lower what is above 1 kHz, decibels an octave at the most, as microphones and their distance do."""
    spectrum = np.fft.rfft(samples)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE), 60) / 1000)
    return np.asarray(np.fft.irfft(spectrum * 10 ** (decibels * np.clip(octaves, -2, 2) / 20), len(samples)), dtype=np.float32)


def _noisy(samples: Samples, rng: random.Random) -> Samples:
    added = sound.noise(rng, len(samples) / SAMPLE_RATE + 0.1)[: len(samples)]
    return samples + _levelled(added) * np.float32(10 ** (-rng.uniform(12, 40) / 20))


def _telephone(samples: Samples, rng: random.Random) -> Samples:
    """Return what a telephone lets through: some 3 kHz, sampled 8,000 times a second, half the time in mu-law (ITU-T G.711)."""
    edges = (rng.uniform(230, 380), rng.uniform(3000, 3700))
    band = butter(rng.choice((4, 5, 6, 8)), edges, "bandpass", fs=SAMPLE_RATE, output="sos")
    narrow = np.clip(resample_poly(sosfilt(band, samples), 1, 2), -1, 1)
    if rng.random() < 0.5:
        coded = np.round(np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256) * 127) / 127
        narrow = np.sign(coded) * np.expm1(np.abs(coded) * np.log(256)) / 255
    return np.asarray(resample_poly(narrow, 2, 1)[: len(samples)], dtype=np.float32)


def _through_opus(samples: Samples, kilobits: int) -> Samples:
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=48_000, layout="mono")
        stream.bit_rate = kilobits * 1000
        frame = av.AudioFrame.from_ndarray((np.clip(samples, -1, 1) * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=48_000)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    file.seek(0)
    back = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    with av.open(file) as read:
        frames = [made.to_ndarray() for found in read.decode(audio=0) for made in back.resample(found)]
        frames += [made.to_ndarray() for made in back.resample(None)]
    return np.asarray(np.concatenate(frames, axis=1)[0], dtype=np.float32)


# ------------------------------------------------------------------ voices


def embeddings_of_voices(voices: int, takes: int, seed: int = 1) -> tuple[Embeddings, Embeddings]:
    """Return what the encoder makes of voices, shape `(voices, takes, 256)`: not on the telephone, and on it, half as often."""
    espeak, diarizer, rng = Espeak(), ResemblyzerDiarizer(threads=1), random.Random(seed)
    wide, narrow = list[NDArray[np.float64]](), list[NDArray[np.float64]]()
    for number, variant in enumerate(_VARIANTS[:voices]):
        name = f"{_ACCENTS[number % len(_ACCENTS)]}+{variant}"
        voice = Voice(name, rng.randint(145, 185), rng.randint(30, 70), rng.randint(35, 65))
        for take in range(takes):
            telephone = take % 3 == 2
            samples = through_channel(_said(espeak, voice, rng), rng, telephone=telephone)
            (narrow if telephone else wide).append(_embedding(diarizer, samples))
        print(f"{number + 1} of {min(voices, len(_VARIANTS))} voices", flush=True)
    return np.stack(wide).reshape(-1, takes - takes // 3, 256), np.stack(narrow).reshape(-1, takes // 3, 256)


def _said(espeak: Espeak, voice: Voice, rng: random.Random) -> Samples:
    pieces: list[Samples] = []
    while sum(map(len, pieces)) < _SECONDS * SAMPLE_RATE:
        pieces.append(espeak.say(grammar.interview_sentence(rng), voice).samples)
    return _levelled(np.concatenate(pieces))


def _embedding(diarizer: ResemblyzerDiarizer, samples: Samples) -> NDArray[np.float64]:
    recording = _Recording(samples)
    speech = (Span(start=0.0, end=recording.duration),)
    heard = diarizer.diarize(recording, speech, SpeakerHints(exactly=1), lambda _: None)
    return np.array(next(iter(heard.embeddings.values())))


def scatter(wide: Embeddings, narrow: Embeddings, directions: int) -> tuple[NDArray[np.float32], float]:
    """Return the directions in which a voice's embeddings scatter most, one a row, of unit length, and their share of it all.

    The step to the telephone itself is none of them.
    """
    off = np.concatenate([(takes - takes.mean(axis=1, keepdims=True)).reshape(-1, takes.shape[-1]) for takes in (wide, narrow)])
    values, vectors = np.linalg.eigh(off.T @ off / len(off))
    return vectors[:, ::-1][:, :directions].T.astype(np.float32), float(values[::-1][:directions].sum() / values.sum())


def telephone_of(wide: Embeddings, narrow: Embeddings) -> tuple[NDArray[np.float32], float]:
    """Return the direction of the telephone, and how far along it an embedding has to be to be of somebody on it."""
    middle_wide, middle_narrow = wide.mean(axis=(0, 1)), narrow.mean(axis=(0, 1))
    direction = middle_narrow - middle_wide
    bound = direction @ (middle_wide + middle_narrow) / 2 + _SAFELY * direction @ direction / 2
    return direction.astype(np.float32), float(bound)


def main() -> None:
    """Learn the directions and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voices", type=int, default=60)
    parser.add_argument("--takes", type=int, default=9)
    parser.add_argument("--directions", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=RESEMBLYZER_CHANNELS)
    given = parser.parse_args()
    wide, narrow = embeddings_of_voices(given.voices, given.takes, given.seed)
    basis, share = scatter(wide, narrow, given.directions)
    telephone, bound = telephone_of(wide, narrow)
    weights = np.array(ResemblyzerDiarizer().info.model_digest)
    np.savez(given.output, basis=basis, telephone=telephone, bound=np.array(bound), weights=weights)
    found = ((wide @ telephone > bound).mean(), (narrow @ telephone > bound).mean())
    print(f"{given.output}: {len(basis)} directions with {share:.0%} of the scatter;", end=" ")
    print(f"of calls {found[1]:.1%} are known for it, of all else {found[0]:.1%} are taken for calls")


if __name__ == "__main__":
    main()
