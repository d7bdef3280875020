"""Placing: published times, jittered in several ways, come back to where the topics begin; right ones stay."""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.chapters.anchor import OffsetMap, Piece
from jobs.chapters.place import Placed, chapters_of, find_starts
from storage.documents import ChapterMark, Coverage, CoverageKind, Segment, SourceKind, Turn, Word

RIGHT = 0.5
"""Seconds from the truth within which a start counts as right."""

# ------------------------------------------------------------------ episodes with known truth


@dataclass(frozen=True)
class Truth:
    """An episode as it was really spoken."""

    chapters: tuple[tuple[float, str], ...]
    words: tuple[Word, ...]
    turns: tuple[Turn, ...]
    coverage: tuple[Coverage, ...]
    duration: float


class _Speaking:
    """Writes an episode down, moment by moment."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.vocabulary = ["".join(self.random.choices("abcdefghiklmnoprstuvw", k=self.random.randint(3, 9))) for _ in range(400)]
        self.now = 0.0
        self.chapters: list[tuple[float, str]] = []
        self.words: list[Word] = []
        self.turns: list[Turn] = []
        self.coverage: list[Coverage] = []
        self.speaker = "Speaker 1"

    def sound(self, kind: CoverageKind, seconds: float) -> None:
        self.coverage.append(Coverage(start=self.now, end=self.now + seconds, kind=kind))
        self.now += seconds

    def say(self, texts: list[str]) -> None:
        start = self.now
        for at, text in enumerate(texts):
            end = self.now + self.random.uniform(0.15, 0.55)
            shown = (text.capitalize() if at == 0 else text) + ("." if at == len(texts) - 1 else "")
            self.words.append(Word(start=round(self.now, 3), end=round(end, 3), text=shown, speaker=self.speaker))
            self.now = end + self.random.uniform(0.0, 0.05)
        self.coverage.append(Coverage(start=start, end=self.now, kind="speech"))
        self.turns.append(Turn(start=start, end=self.now, speaker=self.speaker))

    def sentence(self, said: list[str]) -> None:
        texts = self.random.choices(self.vocabulary, k=self.random.randint(3, 22))
        if said:
            at = self.random.randint(0, len(texts))
            texts[at:at] = said
        self.say(texts)


def episode(seed: int, chapters: int = 9) -> Truth:
    """Return an episode with pauses of 0.25 to 1.2 s inside topics; half of the chapters open with a jingle, a third with a long pause."""
    e = _Speaking(seed)
    e.sound("music", e.random.uniform(2, 8))
    for number in range(chapters):
        how = e.random.random()
        if number and how < 0.5:
            e.sound("music", e.random.uniform(1.5, 4.0))
        e.sound("silence", e.random.uniform(1.1, 2.5) if 0.5 <= how < 0.8 else e.random.uniform(0.25, 1.2))
        title = e.random.choices(e.vocabulary, k=e.random.randint(1, 3))
        spoken = e.random.random()
        e.speaker = e.random.choice(["Speaker 1", "Speaker 2"])
        e.chapters.append((e.now, " ".join(title).capitalize()))
        for at in range(e.random.randint(8, 20)):
            if at:
                e.speaker = e.random.choice(["Speaker 1", "Speaker 1", "Speaker 2"])
                e.sound("silence", e.random.uniform(0.25, 1.2))
            e.sentence(title if (at == 0 and spoken < 0.55) or (at == 1 and 0.55 <= spoken < 0.8) else [])
    e.sound("silence", 1.0)
    return Truth(tuple(e.chapters), tuple(e.words), tuple(e.turns), tuple(e.coverage), e.now)


def as_recognised(truth: Truth, seed: int) -> Truth:
    """Return the episode as a recogniser hears it: word times off by about 0.1 s, first words up to 0.4 s early, a twelfth of the words wrong."""
    noise = random.Random(seed)
    words: list[Word] = []
    for word in truth.words:
        gap = word.start - (words[-1].end if words else 0.0)
        early = noise.uniform(0.1, 0.4) if gap > 0.2 else 0.0
        start = max(words[-1].start if words else 0.0, word.start - early + noise.gauss(0, 0.07))
        text = "noise" if noise.random() < 1 / 12 else word.text
        words.append(word.model_copy(update={"start": start, "end": max(start, word.end + noise.gauss(0, 0.07)), "text": text}))
    return replace(truth, words=tuple(words))


def sample(shared: Path, name: str) -> Truth:
    """Return one of the sample episodes that were spoken by synthetic voices."""
    told = json.loads((shared / "models" / "toy-whisper" / "samples" / f"{name}.json").read_text())
    words = [
        Word(start=w["start"], end=w["end"], text=w["word"], speaker=s["speaker"]) for s in told["sentences"] for w in s["words"]
    ]
    pieces = [Coverage(start=s["start"], end=s["end"], kind="speech") for s in told["sentences"]]
    pieces += [Coverage(start=n["start"], end=n["end"], kind="music") for n in told["non_speech"]]
    return Truth(
        tuple((c["start"], c["title"]) for c in told["chapters"]),
        tuple(words),
        tuple(Turn(start=s["start"], end=s["end"], speaker=s["speaker"]) for s in told["sentences"]),
        _tiled(pieces, told["duration"]),
        told["duration"],
    )


def _tiled(pieces: list[Coverage], duration: float) -> tuple[Coverage, ...]:
    tiles, at = [], 0.0
    for piece in [*sorted(pieces, key=lambda c: c.start), Coverage(start=duration, end=duration, kind="silence")]:
        if piece.start > at:
            tiles.append(Coverage(start=at, end=piece.start, kind="silence"))
        if piece.end > max(at, piece.start):
            tiles.append(piece.model_copy(update={"start": max(at, piece.start)}))
        at = max(at, piece.end)
    return tuple(tiles)


# ------------------------------------------------------------------ measuring


@dataclass
class Score:
    """What became of many chapters."""

    total: int = 0
    right: int = 0
    worse: int = 0
    """Farther from the truth by more than 0.05 s than the published time was."""
    much_worse: int = 0
    """The same by more than a second."""
    sure: int = 0
    sure_and_right: int = 0

    def add(self, error: float, before: float, confidence: float) -> None:
        self.total += 1
        self.right += error <= RIGHT
        self.worse += error > before + 0.05
        self.much_worse += error > before + 1
        self.sure += confidence >= 0.9
        self.sure_and_right += confidence >= 0.9 and error <= RIGHT


def measure(truths: list[Truth], printed: Callable[[random.Random, float], float], kind: SourceKind = "show_notes") -> Score:
    """Print each episode's chapters, place them, and count."""
    score = Score()
    for seed, truth in enumerate(truths):
        noise = random.Random(seed)
        published = [max(0.0, printed(noise, start)) for start, _ in truth.chapters]
        marks = [ChapterMark(start=p, title=t) for p, (_, t) in zip(published, truth.chapters, strict=True)]
        placed = place(truth, marks, kind)
        for mark, before, (start, _) in zip(marks, published, truth.chapters, strict=True):
            here = next(p for p in placed if p.mark is mark)
            score.add(abs(here.start - start), abs(before - start), here.confidence)
    return score


def place(truth: Truth, marks: list[ChapterMark], kind: SourceKind = "show_notes") -> tuple[Placed, ...]:
    return find_starts(marks, kind, words=truth.words, turns=truth.turns, coverage=truth.coverage, duration=truth.duration)[0]


def jittered(noise: random.Random, start: float) -> float:
    return start + noise.uniform(-3, 3)


def exactly(noise: random.Random, start: float) -> float:
    return round(start, 3)


def cut_to_seconds(noise: random.Random, start: float) -> float:
    return float(math.floor(start))


SAMPLES = ("ep1", "ep2", "ep3", "ep4", "ep6")


@pytest.fixture(scope="module")
def episodes() -> list[Truth]:
    return [episode(seed) for seed in range(40)]


@pytest.fixture(scope="module")
def recognised(episodes: list[Truth]) -> list[Truth]:
    return [as_recognised(truth, seed) for seed, truth in enumerate(episodes)]
