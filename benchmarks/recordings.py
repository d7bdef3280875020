"""Recordings with truth: where they are, and long ones made from short ones."""

from __future__ import annotations

import json
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks.children import REPOSITORY
from benchmarks.readers import load_audio
from jobs.engines.protocols import SAMPLE_RATE, Samples

SHARED = REPOSITORY.parent / "shared"
"""Test material that is not part of the project; benchmarks that have it by default leave it out where it is missing."""

_STEP = SAMPLE_RATE // 50
_QUIET = 30.0
"""Decibels under its loud parts from which on a stretch of speech is quiet."""
_BREATH = 3
"""Steps of a quiet stretch that are kept."""

EXAMPLE = REPOSITORY / "examples"

EXAMPLE_MODEL = EXAMPLE / "tiny-whisper"


@dataclass(frozen=True)
class SaidWord:
    """A word of the truth, or of what was heard."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Recording:
    """Audio and every word that is said in it."""

    name: str
    samples: Samples
    words: tuple[SaidWord, ...]
    phrases: tuple[tuple[SaidWord, ...], ...] = ()
    """The same words, by sentence."""

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self.samples) / SAMPLE_RATE


def read_recording(audio: Path, truth: Path) -> Recording:
    """Read audio and its truth: `sentences[].words[]` or `words[]`, each with word, start and end."""
    said = json.loads(truth.read_text("utf-8"))
    if "sentences" in said:
        phrases = [[_word(word) for word in sentence["words"]] for sentence in said["sentences"]]
    else:
        words = [_word(word) for word in said["words"]]
        spans = [(turn["start"], turn["end"]) for turn in said["turns"]]
        phrases = [[word for word in words if start <= (word.start + word.end) / 2 < end] for start, end in spans]
    named = tuple(tuple(phrase) for phrase in phrases if phrase)
    return Recording(audio.stem, load_audio(audio), tuple(word for phrase in named for word in phrase), named)


def joined(name: str, recordings: Sequence[Recording], *, at_least: float = 0.0) -> Recording:
    """Put recordings one after the other, again and again until they last `at_least` seconds."""
    pieces: list[Samples] = []
    phrases: list[tuple[SaidWord, ...]] = []
    clock = 0.0
    while not pieces or clock < at_least:
        for recording in recordings:
            phrases += [tuple(_moved(word, clock) for word in phrase) for phrase in recording.phrases]
            pieces.append(recording.samples)
            clock += recording.duration
    return Recording(name, np.concatenate(pieces), tuple(word for phrase in phrases for word in phrase), tuple(phrases))


def without_pauses(name: str, recordings: Sequence[Recording], *, seconds: float, seed: int) -> Recording:
    """Put phrases in a random order one after the other without gaps or quiet stretches, so that there is no pause to cut in."""
    random = np.random.default_rng(seed)
    every = [(recording, phrase) for recording in recordings for phrase in recording.phrases]
    pieces: list[Samples] = []
    phrases: list[tuple[SaidWord, ...]] = []
    clock = 0.0
    while clock < seconds:
        recording, phrase = every[int(random.integers(len(every)))]
        begin, end = round(phrase[0].start * SAMPLE_RATE), round(phrase[-1].end * SAMPLE_RATE)
        piece, words = _without_quiet(recording.samples[begin:end], [_moved(word, -phrase[0].start) for word in phrase])
        pieces.append(piece)
        phrases.append(tuple(_moved(word, clock) for word in words))
        clock += len(piece) / SAMPLE_RATE
    return Recording(name, np.concatenate(pieces), tuple(word for phrase in phrases for word in phrase), tuple(phrases))


def _without_quiet(samples: Samples, words: Sequence[SaidWord]) -> tuple[Samples, list[SaidWord]]:
    """Shorten every quiet stretch to `_BREATH` steps of 20 ms, and move the words along."""
    steps = len(samples) // _STEP
    power = np.mean(np.square(samples[: steps * _STEP].reshape(steps, _STEP)), axis=1)
    quiet = power < np.percentile(power, 90) * 10 ** (-_QUIET / 10)
    # how many quiet steps there are in a row up to each one
    count = np.arange(steps) - np.maximum.accumulate(np.where(quiet, -1, np.arange(steps)))
    keep = count <= _BREATH
    kept = np.concatenate([[0], np.cumsum(keep)]) * (_STEP / SAMPLE_RATE)
    edges = np.arange(steps + 1) * (_STEP / SAMPLE_RATE)
    moved = [SaidWord(word.text, *(float(np.interp(time, edges, kept)) for time in (word.start, word.end))) for word in words]
    return samples[: steps * _STEP].reshape(steps, _STEP)[keep].reshape(-1), moved


def write_wav(samples: Samples, path: Path) -> Path:
    """Write 16 kHz mono 16-bit audio and return the path."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def repeat_mp3(source: Path, target: Path, seconds: float, *, skip: int = 0) -> Path:
    """Write an MP3 of about this length by writing the packets of a short one again and again (nothing is encoded).

    With `skip`, so many packets of the beginning are left out, for another file of almost the same length.
    """
    with av.open(str(source)) as container:
        packets = [bytes(packet) for packet in container.demux(container.streams.audio[0]) if packet.size]
        length = container.duration / av.time_base
    with target.open("wb") as file:
        for time in range(max(round(seconds / length), 1)):
            file.writelines(packets[skip:] if time == 0 else packets)
    return target


def length_of(path: Path) -> float:
    """Return how long a file is, in seconds, as its container says."""
    with av.open(str(path)) as container:
        return float(container.duration / av.time_base)


def _word(fields: dict[str, float | str]) -> SaidWord:
    return SaidWord(str(fields["word"]), float(fields["start"]), float(fields["end"]))


def _moved(word: SaidWord, seconds: float) -> SaidWord:
    return SaidWord(word.text, word.start + seconds, word.end + seconds)


def story_for(seconds: float) -> list[dict[str, Any]]:
    """Return the sentences of the example, again and again, for the scripted engine: no speech is left without a word."""
    story = json.loads((EXAMPLE / "truth.json").read_text("utf-8"))["sentences"]
    period = length_of(EXAMPLE / "episode.mp3")
    return [
        {"speaker": sentence["speaker"], "words": [_later(word, time * period) for word in sentence["words"]]}
        for time in range(max(round(seconds / period), 1))
        for sentence in story
    ]


def _later(word: dict[str, Any], seconds: float) -> dict[str, Any]:
    return {**word, "start": word["start"] + seconds, "end": word["end"] + seconds}
