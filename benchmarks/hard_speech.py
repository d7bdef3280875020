"""Speech that transcribers lose, double and invent words of, with every word known: made of the example's sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.conversations import music
from benchmarks.recordings import EXAMPLE, Recording, SaidWord, read_recording, without_pauses
from jobs.engines.protocols import SAMPLE_RATE, Samples

_HISS = 10 ** (-60 / 20)
"""Loudness of the room; nothing is ever wholly silent."""


@dataclass(frozen=True)
class Case:
    """What is heard, and what is said in it."""

    name: str
    samples: Samples
    words: tuple[str, ...]
    at_once: bool = False
    """Whether two talk at once, so that the words have no order."""
    times: tuple[SaidWord, ...] = ()
    """When each word is said, where that is known."""


def cases(seconds: float, seed: int) -> Iterator[Case]:
    """Yield every case, of about this length."""
    story = read_recording(EXAMPLE / "episode.mp3", EXAMPLE / "truth.json")
    dense = without_pauses("dense", [story], seconds=seconds, seed=seed)
    yield Case("speech across every seam", dense.samples, tuple(word.text for word in dense.words), times=dense.words)
    phrases = _phrases(story, seed)
    for name, put in (("long silences", _apart), ("music between and under", _with_music), ("every other whispered", _whispered)):
        yield put(name, phrases, seconds, np.random.default_rng(seed))
    yield _both_at_once("two voices at once", phrases, seconds)


@dataclass(frozen=True)
class _Phrase:
    samples: Samples
    words: tuple[str, ...]


def _phrases(story: Recording, seed: int) -> list[_Phrase]:
    """Return the sentences of the story, cut a quarter of a second around them, in an order that is drawn."""
    found = [
        _Phrase(
            story.samples[max(0, round((phrase[0].start - 0.25) * SAMPLE_RATE)) : round((phrase[-1].end + 0.25) * SAMPLE_RATE)],
            tuple(word.text for word in phrase),
        )
        for phrase in story.phrases
    ]
    return [found[index] for index in np.random.default_rng(seed).permutation(len(found))]


def _again_and_again(phrases: Sequence[_Phrase]) -> Iterator[_Phrase]:
    while True:
        yield from phrases


def _apart(name: str, phrases: Sequence[_Phrase], seconds: float, random: np.random.Generator) -> Case:
    """Put 30 to 120 s of nothing between groups of one to four sentences."""
    pieces, words, length = list[Samples](), list[str](), 0.0
    group = 0
    for phrase in _again_and_again(phrases):
        if length >= seconds:
            break
        pieces.append(phrase.samples)
        words += phrase.words
        group -= 1
        if group < 0:
            pieces.append(np.zeros(round(float(random.uniform(30, 120)) * SAMPLE_RATE), np.float32))
            group = int(random.integers(0, 4))
        length = sum(map(len, pieces)) / SAMPLE_RATE
    return Case(name, _in_a_room(np.concatenate(pieces), random), tuple(words))


def _with_music(name: str, phrases: Sequence[_Phrase], seconds: float, random: np.random.Generator) -> Case:
    """Put 5 to 30 s of music between groups of sentences; it goes on more quietly under every second group."""
    pieces, words, loudness = list[Samples](), list[str](), list[Samples]()
    under = False
    for number, phrase in enumerate(_again_and_again(phrases)):
        if sum(map(len, pieces)) >= seconds * SAMPLE_RATE:
            break
        if number % 4 == 0:
            pieces.append(np.zeros(round(float(random.uniform(5, 30)) * SAMPLE_RATE), np.float32))
            loudness.append(np.ones(len(pieces[-1]), np.float32))
            under = not under
        pieces.append(phrase.samples)
        words += phrase.words
        loudness.append(np.full(len(phrase.samples), 0.1 if under else 0.0, np.float32))
    level = np.convolve(np.concatenate(loudness), np.full(SAMPLE_RATE // 2, 2 / SAMPLE_RATE, np.float32), "same")
    heard = np.concatenate(pieces)
    played = music(np.arange(len(heard)) / SAMPLE_RATE, random) * level
    return Case(name, _in_a_room(heard + played.astype(np.float32), random), tuple(words))


def _whispered(name: str, phrases: Sequence[_Phrase], seconds: float, random: np.random.Generator) -> Case:
    """Whisper every other sentence."""
    pieces, words = list[Samples](), list[str]()
    for number, phrase in enumerate(_again_and_again(phrases)):
        if sum(map(len, pieces)) >= seconds * SAMPLE_RATE:
            break
        pieces.append(whisper(phrase.samples, random) if number % 2 else phrase.samples)
        words += phrase.words
    return Case(name, _in_a_room(np.concatenate(pieces), random), tuple(words))


def whisper(samples: Samples, random: np.random.Generator) -> Samples:
    """Return speech without a voice: noise that has its spectrum, smoothed over the harmonics, in each 32 ms; 12 dB quieter."""
    size, hop, wide = 512, 128, 9
    window = np.hanning(size).astype(np.float32)
    padded = np.concatenate([np.zeros(size, np.float32), samples, np.zeros(2 * size, np.float32)])
    out = np.zeros(len(padded), np.float32)
    smooth = np.full(wide, 1 / wide)
    for at in range(0, len(padded) - size, hop):
        power = np.convolve(np.abs(np.fft.rfft(window * padded[at : at + size])) ** 2, smooth, "same")
        phases = np.exp(2j * np.pi * random.random(len(power)))
        out[at : at + size] += window * np.fft.irfft(np.sqrt(power) * phases, size).astype(np.float32)
    heard = out[size : size + len(samples)]
    quieter: Samples = heard * np.float32(0.25 * np.sqrt(np.mean(samples**2) / max(float(np.mean(heard**2)), 1e-12)))
    return quieter


def _both_at_once(name: str, phrases: Sequence[_Phrase], seconds: float) -> Case:
    """Let two sentences be said at once, and then one alone."""
    pieces, words, source = list[Samples](), list[str](), _again_and_again(phrases)
    while sum(map(len, pieces)) < seconds * SAMPLE_RATE:
        first, second, alone = next(source), next(source), next(source)
        both = np.zeros(max(len(first.samples), len(second.samples)), np.float32)
        both[: len(first.samples)] += first.samples
        both[: len(second.samples)] += second.samples
        pieces += [both, alone.samples]
        words += [*first.words, *second.words, *alone.words]
    return Case(name, np.concatenate(pieces), tuple(words), at_once=True)


def _in_a_room(samples: Samples, random: np.random.Generator) -> Samples:
    heard: Samples = samples + np.float32(_HISS) * random.standard_normal(len(samples), dtype=np.float32)
    return heard
