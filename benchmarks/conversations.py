"""Conversations put together by script, with seeds, from recordings of single readers; truth comes with them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from jobs.engines.protocols import SAMPLE_RATE, Samples
from storage.documents import Span, Turn, Word

WORD_LENGTH = 0.3
"""The readers' texts are not known, so truth words are pieces of speech of this length, seconds."""


@dataclass(frozen=True)
class Voice:
    """Everything that one reader says, and where there is speech in it."""

    name: str
    samples: Samples
    speech: tuple[Span, ...]


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

    @property
    def speech(self) -> tuple[Span, ...]:
        """Where anybody speaks."""
        return merge([Span(start=turn.start, end=turn.end) for turn in self.turns])

    def read(self, start: float, end: float) -> Samples:
        """Return the samples between two times (this is an `AudioSource`)."""
        return self.samples[max(0, round(start * SAMPLE_RATE)) : max(0, round(end * SAMPLE_RATE))]


@dataclass(frozen=True)
class Recipe:
    """How a conversation is put together."""

    speakers: int
    seconds: float
    shortest: float = 1.0
    longest: float = 30.0
    overlap: float = 0.0
    """Share of turns that begin before the last one has ended."""
    back_channels: float = 0.1
    """Share of turns into which another speaker says 0.5 … 1 s, in a pause made for it."""
    noise_db: float = -55.0
    """Level of white background noise relative to full scale."""
    uneven: float = 0.0
    """0: all speak alike often; 1: the first speaks most of the time."""


def load_audio(path: Path) -> Samples:
    """Decode a file to 16 kHz mono."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    with av.open(str(path)) as container:
        frames = [out.to_ndarray() for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += [out.to_ndarray() for out in resampler.resample(None)]
    samples: Samples = np.concatenate(frames, axis=1)[0].astype(np.float32)
    return samples


def find_speech(samples: Samples) -> tuple[Span, ...]:
    """Return speech regions by the Silero model that faster-whisper carries."""
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    options = VadOptions(min_silence_duration_ms=300, speech_pad_ms=60)
    found = get_speech_timestamps(samples, options)
    return tuple(Span(start=s["start"] / SAMPLE_RATE, end=s["end"] / SAMPLE_RATE) for s in found)


def load_voices(folder: Path, shortest: float = 4.0) -> list[Voice]:
    """Return one voice per reader of a folder of `READER-CHAPTER-N.flac`, by name; readers with less speech are left out."""
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.flac")):
        files.setdefault(path.name.split("-")[0], []).append(path)
    voices = []
    for name, paths in sorted(files.items()):
        samples = np.concatenate([load_audio(path) for path in paths])
        if len(samples) >= shortest * SAMPLE_RATE:
            voices.append(Voice(name, samples / np.sqrt(np.mean(samples**2)) * 0.06, find_speech(samples)))
    return voices


def converse(name: str, voices: list[Voice], recipe: Recipe, seed: int) -> Conversation:
    """Let voices chosen by `seed` take turns."""
    random = np.random.default_rng(seed)
    chosen = [voices[i] for i in random.choice(len(voices), recipe.speakers, replace=False)]
    gains = 10 ** (random.uniform(-4, 4, recipe.speakers) / 20)
    cursors = [int(random.integers(0, len(voice.samples))) for voice in chosen]
    mix = np.zeros(int((recipe.seconds + 60) * SAMPLE_RATE), dtype=np.float32)
    turns: list[Turn] = []
    clock, who = 0.5, -1
    order = list(random.permutation(recipe.speakers))
    while clock < recipe.seconds:
        who = order.pop() if order else _next_speaker(random, recipe, who)
        length = float(np.exp(random.uniform(np.log(recipe.shortest), np.log(recipe.longest))))
        if turns and random.random() < recipe.overlap:
            clock -= float(random.uniform(0.3, 1.0))
        clock = _say(mix, turns, chosen[who], cursors, who, gains[who], clock, length)
        if recipe.speakers > 1 and random.random() < recipe.back_channels:
            other = int(random.choice([i for i in range(recipe.speakers) if i != who]))
            clock += float(random.uniform(0.05, 0.3))
            clock = _say(mix, turns, chosen[other], cursors, other, gains[other], clock, float(random.uniform(0.5, 1.0)))
            clock += float(random.uniform(0.05, 0.3))
            clock = _say(mix, turns, chosen[who], cursors, who, gains[who], clock, float(random.uniform(2, 8)))
        clock += float(random.uniform(0.05, 1.0))
    samples = mix[: int((clock + 0.5) * SAMPLE_RATE)]
    samples += (10 ** (recipe.noise_db / 20) * random.standard_normal(len(samples))).astype(np.float32)
    turns.sort(key=lambda turn: (turn.start, turn.end))
    return Conversation(name, samples, tuple(turns), tuple(words_in(turns)))


def _next_speaker(random: np.random.Generator, recipe: Recipe, last: int) -> int:
    if recipe.speakers == 1:
        return 0
    if last != 0 and random.random() < recipe.uneven:
        return 0
    return int(random.choice([i for i in range(recipe.speakers) if i != last]))


def _say(  # noqa: PLR0917 - the state of the mix, of the voice and of the clock
    mix: Samples, turns: list[Turn], voice: Voice, cursors: list[int], who: int, gain: float, clock: float, length: float
) -> float:
    """Add `length` seconds of a voice, starting with speech, and return when it has ended."""
    begin = cursors[who] / SAMPLE_RATE
    begin = next((max(span.start, begin) for span in voice.speech if span.end > begin + 0.2), voice.speech[0].start)
    piece = np.resize(np.roll(voice.samples, -round(begin * SAMPLE_RATE)), round(length * SAMPLE_RATE)).copy()
    fade = np.linspace(0, 1, 160, dtype=np.float32)
    piece[:160] *= fade
    piece[-160:] *= fade[::-1]
    at = round(clock * SAMPLE_RATE)
    mix[at : at + len(piece)] += piece * gain
    cursors[who] = (round(begin * SAMPLE_RATE) + len(piece)) % len(voice.samples)
    whole = len(voice.samples) / SAMPLE_RATE
    for lap in range(int((begin + length) // whole) + 1):
        for span in voice.speech:
            start, end = max(span.start + lap * whole, begin), min(span.end + lap * whole, begin + length)
            if end - start > 0.05:
                turns.append(Turn(start=clock + start - begin, end=clock + end - begin, speaker=voice.name))
    return clock + length


def words_in(turns: Sequence[Turn]) -> list[Word]:
    """Cut the turns into words."""
    words = []
    for turn in turns:
        count = max(1, round((turn.end - turn.start) / WORD_LENGTH))
        edges = np.linspace(turn.start, turn.end, count + 1)
        words += [Word(start=float(a), end=float(b), text="…", speaker=turn.speaker) for a, b in itertools.pairwise(edges)]
    return sorted(words, key=lambda word: (word.start, word.end))


def merge(spans: list[Span], gap: float = 0.0) -> tuple[Span, ...]:
    """Return the union of spans, closing gaps up to `gap` seconds."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if merged and span.start <= merged[-1].end + gap:
            merged[-1] = Span(start=merged[-1].start, end=max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)
