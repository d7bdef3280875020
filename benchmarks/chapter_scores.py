"""How well a reader read chapters: precision, recall, whole lists, crashes, time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.chapter_cases import ChapterCase, Chapters

WITHIN = 1.0
"""A start is right if it is off by so many seconds at most."""
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True)
class Reading:
    """What one reader made of one case."""

    chapters: Chapters
    seconds: float
    """Of one thread's processor."""
    error: str = ""
    """What the reading ended with, if it crashed."""


@dataclass(frozen=True)
class Score:
    """What one reader made of all cases of a kind."""

    cases: int
    right: int
    found: int
    expected: int
    whole: int
    """Cases of which every chapter was read, and nothing else."""
    crashes: int
    seconds: float
    """For one case, on average."""

    @property
    def precision(self) -> float:
        """Share of what was read that is right; 1 if nothing was read."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the chapters that was read."""
        return self.right / self.expected if self.expected else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.right / (self.found + self.expected) if self.found + self.expected else 1.0


def plain(title: str) -> str:
    """Return a title as it is compared: its words, whatever their case and the marks between them."""
    return " ".join(_WORDS.findall(unicodedata.normalize("NFKC", title).casefold()))


def right_ones(found: Chapters, expected: Chapters) -> int:
    """Count the chapters that were found, each of them once."""
    left = [(start, plain(title)) for start, title in found]
    count = 0
    for start, title in expected:
        same = [one for one in left if one[1] == plain(title) and abs(one[0] - start) <= WITHIN]
        if same:
            left.remove(min(same, key=lambda one: abs(one[0] - start)))
            count += 1
    return count


def scored(cases: Sequence[ChapterCase], readings: Sequence[Reading]) -> Score:
    """Compare readings with what there is to read; raises ZeroDivisionError without cases."""
    right = whole = 0
    for case, reading in zip(cases, readings, strict=True):
        count = right_ones(reading.chapters, case.chapters)
        right += count
        whole += count == len(reading.chapters) == len(case.chapters) and not reading.error
    return Score(
        cases=len(cases),
        right=right,
        found=sum(len(reading.chapters) for reading in readings),
        expected=sum(len(case.chapters) for case in cases),
        whole=whole,
        crashes=sum(bool(reading.error) for reading in readings),
        seconds=sum(reading.seconds for reading in readings) / len(readings),
    )
