"""Conversations put together by script, with seeds, from recordings of single voices; truth comes with them.

A voice that has said all that there is of it begins again. So that the same sentence does not come back as the same numbers,
every speaker has a microphone and a room, every turn its own level, and the whole a background noise and perhaps a lossy codec.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
import numpy.typing as npt

from benchmarks.readers import Voice
from jobs.engines.protocols import SAMPLE_RATE, Samples
from storage.documents import Turn, Word

Times: TypeAlias = npt.NDArray[np.float64]

WORD_LENGTH = 0.3
"""The texts are not known, so truth words are pieces of speech of this length, seconds."""
_CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))
_MOST_OVERLAP = 3.0
"""Two speak at once for at most so long at a change, seconds."""


@dataclass(frozen=True)
class Conversation:
    """Audio and who speaks when; `turns` may overlap."""

    name: str
    samples: Samples
    turns: tuple[Turn, ...]
    words: tuple[Word, ...]

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE


@dataclass(frozen=True)
class Recipe:
    """How a conversation is put together."""

    speakers: int
    seconds: float
    shortest: float = 0.5
    longest: float = 60.0
    """Turns are drawn between these, short ones as often as long ones (uniform in the logarithm), seconds."""
    overlap: float = 0.1
    """Share of the spoken time in which two speak at once."""
    back_channels: float = 0.1
    """Share of turns into which another speaker says 0.5 … 1 s: half of them over the other, half in a pause made for it."""
    noise_db: float = -55.0
    """Level of the background noise relative to full scale."""
    uneven: float = 0.0
    """0: all speak alike often; 1: the first speaks most of the time."""
    music: bool = False
    """Music before, after, and under the first half minute."""


class _Mix:
    """A conversation in the making."""

    def __init__(self, voices: Sequence[Voice], recipe: Recipe, random: np.random.Generator) -> None:
        self.samples: Samples = np.zeros(int((recipe.seconds + 2 * recipe.longest + 60) * SAMPLE_RATE), dtype=np.float32)
        self.turns: list[Turn] = []
        self.clock = 0.5
        self.spoken = self.overlapped = 0.0
        self._voices = [Voice(voice.name, _recorded(voice.samples, random), voice.speech) for voice in voices]
        self._gains = 10 ** (random.uniform(-4, 4, len(voices)) / 20)
        self._cursors = [int(random.integers(0, len(voice.samples))) for voice in voices]
        self._random = random

    def say(self, who: int, length: float, at: float) -> float:
        """Add `length` seconds of a voice, beginning with speech, and return when it has ended."""
        voice, cursor = self._voices[who], self._cursors[who] / SAMPLE_RATE
        begin = next((max(span.start, cursor) for span in voice.speech if span.end > cursor + 0.2), voice.speech[0].start)
        piece = np.resize(np.roll(voice.samples, -round(begin * SAMPLE_RATE)), round(length * SAMPLE_RATE)).copy()
        fade = np.linspace(0, 1, 160, dtype=np.float32)
        piece[:160] *= fade
        piece[-160:] *= fade[::-1]
        first = round(at * SAMPLE_RATE)
        self.samples[first : first + len(piece)] += piece * np.float32(
            self._gains[who] * 10 ** (self._random.uniform(-2, 2) / 20)
        )
        self._cursors[who] = (round(begin * SAMPLE_RATE) + len(piece)) % len(voice.samples)
        said = _spoken(voice, begin, length, at)
        self.spoken += sum(turn.end - turn.start for turn in said)
        self.overlapped += _shared(said, self.turns)
        self.turns += said
        return at + length


def converse(name: str, voices: Sequence[Voice], recipe: Recipe, seed: int) -> Conversation:
    """Let voices chosen by `seed` take turns."""
    random = np.random.default_rng(seed)
    mix = _Mix([voices[i] for i in random.choice(len(voices), recipe.speakers, replace=False)], recipe, random)
    if recipe.music:
        mix.clock += float(random.uniform(4, 12))
    begin, who, before = mix.clock, -1, 0.0
    order = list(random.permutation(recipe.speakers))
    while mix.clock < recipe.seconds:
        who = int(order.pop()) if order else _next_speaker(random, recipe, who)
        length = float(np.exp(random.uniform(np.log(recipe.shortest), np.log(recipe.longest))))
        shared = min(
            recipe.overlap * mix.spoken - mix.overlapped, float(random.uniform(0.3, _MOST_OVERLAP)), before / 2, length / 2
        )
        if shared > 0.2:
            mix.clock -= shared
        elif mix.turns:
            mix.clock += float(random.uniform(0.05, 1.0))
        mix.clock = mix.say(who, length, mix.clock)
        if recipe.speakers > 1 and random.random() < recipe.back_channels:
            _answer(mix, random, recipe, who)
        before = length
    samples = mix.samples[: int((mix.clock + (8 if recipe.music else 0.5)) * SAMPLE_RATE)]
    if recipe.music:
        _add_music(samples, begin, mix.clock, random)
    samples += _noise(len(samples), recipe.noise_db, random)
    turns = sorted(mix.turns, key=lambda turn: (turn.start, turn.end))
    return Conversation(name, samples, tuple(turns), tuple(words_in(turns)))


def _answer(mix: _Mix, random: np.random.Generator, recipe: Recipe, who: int) -> None:
    """Let somebody else say a word or two, over the end of the speaker's words or between them; the speaker goes on."""
    other = int(random.choice([i for i in range(recipe.speakers) if i != who]))
    length = float(random.uniform(0.5, 1.0))
    if random.random() < 0.5:
        rest = float(random.uniform(2, 8))
        mix.say(other, length, mix.clock + float(random.uniform(0.2, rest - length)))
        mix.clock = mix.say(who, rest, mix.clock)
    else:
        mix.clock = mix.say(other, length, mix.clock + float(random.uniform(0.05, 0.3)))
        mix.clock = mix.say(who, float(random.uniform(2, 8)), mix.clock + float(random.uniform(0.05, 0.3)))


def _next_speaker(random: np.random.Generator, recipe: Recipe, last: int) -> int:
    if recipe.speakers == 1:
        return 0
    if last != 0 and random.random() < recipe.uneven:
        return 0
    return int(random.choice([i for i in range(recipe.speakers) if i != last]))


def _spoken(voice: Voice, begin: float, length: float, at: float) -> list[Turn]:
    """Return the turns of a piece of a voice that is said at a time, its pauses left out."""
    whole = len(voice.samples) / SAMPLE_RATE
    laps = range(int((begin + length) // whole) + 1)
    pieces = [
        (max(span.start + lap * whole, begin), min(span.end + lap * whole, begin + length))
        for lap in laps
        for span in voice.speech
    ]
    return [Turn(start=at + a - begin, end=at + b - begin, speaker=voice.name) for a, b in pieces if b - a > 0.05]


def _shared(said: Sequence[Turn], before: Sequence[Turn]) -> float:
    """Return for how long the new turns lie over those before them."""
    late = [turn for turn in before if turn.end > said[0].start] if said else []
    return sum(max(0.0, min(a.end, b.end) - max(a.start, b.start)) for a in said for b in late)


# ------------------------------------------------------------------ microphones, rooms, music, codecs


def _recorded(samples: Samples, random: np.random.Generator) -> Samples:
    """Return a voice as a microphone in a small room hears it: reflections of 0.1 … 0.35 s, and a tilted spectrum."""
    length = int(random.uniform(0.1, 0.35) * SAMPLE_RATE)
    room = random.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    room *= 10 ** (-random.uniform(9, 20) / 20) / np.sqrt(np.sum(room**2))
    room[0] = 1.0
    size = len(samples) + length
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    tilt = np.maximum(hertz, 100.0) / 1000.0
    spectrum = np.fft.rfft(samples, size) * np.fft.rfft(room, size) * tilt ** random.uniform(-0.2, 0.2)
    heard = np.fft.irfft(spectrum, size)[: len(samples)]
    levelled: Samples = (heard * np.sqrt(np.mean(samples**2) / np.mean(heard**2))).astype(np.float32)
    return levelled


def _noise(count: int, level_db: float, random: np.random.Generator) -> Samples:
    """Return the noise of a room, with more of it below than above."""
    white = random.standard_normal(count, dtype=np.float32)
    white[1:] += 0.9 * white[:-1]
    white *= np.float32(10 ** (level_db / 20) / 1.35)
    return white


def _add_music(samples: Samples, begin: float, end: float, random: np.random.Generator) -> None:
    """Add music up to `begin` and from `end` on, and quietly under the first half minute of talk."""
    place = np.arange(len(samples), dtype=np.float64) / SAMPLE_RATE
    loudness = np.interp(place, [0, 0.5, begin - 1, begin, begin + 20, begin + 30, end, end + 1], [0, 1, 1, 0.08, 0.08, 0, 0, 1])
    audible = np.flatnonzero(loudness > 0)
    samples[audible] += (music(place[audible], random) * loudness[audible]).astype(np.float32)


def music(time: Times, random: np.random.Generator) -> Times:
    """Return what a piece of music, drawn from the generator, sounds like at these times (seconds): a few chords, plucked."""
    bar, root = float(random.uniform(1.4, 2.4)), float(random.uniform(110, 220))
    chord = np.array(_CHORDS)[(time / bar).astype(np.intp) % len(_CHORDS)]
    decay = np.exp(-2 * (time % (bar / 4)) / bar)
    tones = [np.sin(2 * np.pi * n * root * 2 ** (chord[:, i] / 12) * time) / n for i in range(3) for n in (1, 2, 3)]
    heard: Times = 0.03 * np.sum(tones, axis=0) * decay
    return heard


def write_mp3(samples: Samples, path: Path, kilobits: int) -> Path:
    """Write mono audio as MP3 and return the path; decoders that know the encoder's delay keep the times."""
    with av.open(str(path), "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=SAMPLE_RATE, layout="mono")
        stream.bit_rate = kilobits * 1000
        resampler = av.AudioResampler(format=stream.format, layout="mono", rate=SAMPLE_RATE, frame_size=stream.frame_size)
        for first in range(0, len(samples), 60 * SAMPLE_RATE):
            block = (np.clip(samples[first : first + 60 * SAMPLE_RATE], -1, 1) * 32767).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(block[None], format="s16", layout="mono")
            frame.rate, frame.pts = SAMPLE_RATE, first
            container.mux(packet for piece in resampler.resample(frame) for packet in stream.encode(piece))
        container.mux(packet for piece in resampler.resample(None) for packet in stream.encode(piece))
        container.mux(stream.encode(None))
    return path


# ------------------------------------------------------------------ truth


def words_in(turns: Sequence[Turn]) -> list[Word]:
    """Cut the turns into words."""
    words = []
    for turn in turns:
        count = max(1, round((turn.end - turn.start) / WORD_LENGTH))
        edges = np.linspace(turn.start, turn.end, count + 1)
        words += [Word(start=float(a), end=float(b), text="word", speaker=turn.speaker) for a, b in itertools.pairwise(edges)]
    return sorted(words, key=lambda word: (word.start, word.end))
