"""A made archive of podcast episodes, as large as wanted: words by Zipf's law, shows, speakers, chapters, dates over ten years.

Every tenth show speaks a script without spaces, of 3,000 characters. What an episode holds depends on the seed and its
number alone, so that any of them can be made again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from storage.documents import Audio, Chapter, EngineInfo, Episode, Made, Segment, Speaker, Transcript, Word
from storage.search.passages import PASSAGE_WORDS, Entry, Passage, Said

VOCABULARY = 200_000
CHARACTERS = 3_000
SHOWS = 200
CHAPTERS = 10
SEGMENT = 20
"""Words that a speaker says in one segment."""

STEP = 350
"""Milliseconds from one word to the next."""

_FIRST_DAY = datetime(2016, 1, 1, tzinfo=UTC)
_DAYS = 3650
_CONSONANTS, _VOWELS = "bcdfghjklmnprstvz", "aeiou"


@dataclass(frozen=True)
class MadeEpisode:
    """An episode before it is a transcript: its words in order, and a chapter every so many."""

    number: int
    words: tuple[str, ...]
    show: str
    speakers: tuple[str, str]
    chapters: tuple[str, ...]
    published: datetime
    unspaced: bool

    @property
    def title(self) -> str:
        """Its title."""
        return f"{self.chapters[0]} {self.number}"

    @property
    def entry(self) -> Entry:
        """What the index says of it."""
        published = self.published
        return Entry(f"ep_{self.number}", self.title, self.show, published.date(), published.timestamp(), f"{self.number}")

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Yield for each chapter where its words begin and end."""
        size = len(self.words) // len(self.chapters)
        for number in range(len(self.chapters)):
            yield number * size, (number + 1) * size

    def segments(self, begin: int, end: int) -> Iterator[tuple[int, int, str]]:
        """Yield the segments of a chapter: where their words begin and end, and who says them."""
        for first in range(begin, end, SEGMENT):
            yield first, min(end, first + SEGMENT), self.speakers[first // SEGMENT // 3 % 2]

    def pieces(self, first: int, last: int) -> tuple[str, ...]:
        """Return words with the space before each."""
        space = "" if self.unspaced else " "
        return (self.words[first], *(f"{space}{word}" for word in self.words[first + 1 : last]))


class Archive:
    """Episodes of a seed, of so many words each."""

    def __init__(self, seed: int, words: int) -> None:
        self._seed = seed
        self._words = words
        self.vocabulary = [_pronounced(number) for number in range(VOCABULARY)]
        self.characters = [chr(0x4E00 + number * 5) for number in range(CHARACTERS)]
        self._steps = {VOCABULARY: _zipf(VOCABULARY), CHARACTERS: _zipf(CHARACTERS)}

    def episode(self, number: int) -> MadeEpisode:
        """Return an episode."""
        draw = np.random.default_rng((self._seed, number))
        show = number % SHOWS
        unspaced = show % 10 == 9
        known = self.characters if unspaced else self.vocabulary
        ranks = np.searchsorted(self._steps[len(known)], draw.random(self._words)).tolist()
        space = "" if unspaced else " "
        titles = tuple(space.join(known[rank] for rank in draw.integers(50, len(known) // 10, 3)) for _ in range(CHAPTERS))
        return MadeEpisode(
            number=number,
            words=tuple(known[rank] for rank in ranks),
            show=f"Show {self.vocabulary[3000 + show]}",
            speakers=(self.vocabulary[1000 + show].title(), self.vocabulary[5000 + int(draw.integers(20_000))].title()),
            chapters=titles,
            published=_FIRST_DAY + timedelta(days=int(draw.integers(_DAYS))),
            unspaced=unspaced,
        )


def passages_made(made: MadeEpisode) -> list[Passage]:
    """Return what `passages_of` makes of the episode's transcript, without making one: an index is filled faster so."""
    passages: list[Passage] = []
    known: set[str] = set()
    for title, (begin, end) in zip(made.chapters, made.blocks(), strict=True):
        start = begin * STEP / 1000
        for first in range(begin, end, PASSAGE_WORDS):
            segments = made.segments(first, min(end, first + PASSAGE_WORDS))
            said = tuple(Said(who, made.pieces(a, b), tuple(range(a * STEP, b * STEP, STEP))) for a, b, who in segments)
            speakers = {words.speaker for words in said if words.speaker}
            passages.append(Passage(title, start, first == 0, first == begin, bool(speakers - known), said))
            known |= speakers
    return passages


def transcript_made(made: MadeEpisode) -> Transcript:
    """Return the episode's transcript."""
    segments: list[Segment] = []
    chapters: list[Chapter] = []
    for title, (begin, end) in zip(made.chapters, made.blocks(), strict=True):
        opened = len(segments)
        segments += [_segment(made, first, last, who) for first, last, who in made.segments(begin, end)]
        chapters.append(_chapter(title, begin, end, (opened, len(segments))))
    engine = EngineInfo(name="made", version="1", model="none")
    return Transcript(
        episode=Episode(id=f"ep_{made.number}", title=made.title, show=made.show, published=made.published),
        audio=Audio(sha256="0" * 64, bytes=1, media_type="audio/mpeg", duration=_at(len(made.words)), fetched_at=made.published),
        made=Made(earmark_version="0", made_at=made.published, transcriber=engine),
        language="ja" if made.unspaced else "en",
        segments=tuple(segments),
        speakers=tuple(Speaker(label=name) for name in made.speakers),
        chapters=tuple(chapters),
        chapter_sources=(),
        coverage=(),
        warnings=(),
    )


def _segment(made: MadeEpisode, first: int, last: int, who: str) -> Segment:
    words = tuple(
        Word(start=_at(place), end=_at(place + 1), text=made.words[place], speaker=who, joined=made.unspaced and place > first)
        for place in range(first, last)
    )
    return Segment(start=_at(first), end=_at(last), text="".join(made.pieces(first, last)), speaker=who, words=words)


def _chapter(title: str, begin: int, end: int, segments: tuple[int, int]) -> Chapter:
    told: dict[str, Any] = {"published_start": _at(begin), "offset": 0.0, "method": "as_published", "confidence": 1.0}
    return Chapter(title=title, start=_at(begin), end=_at(end), source="psc", segments=segments, **told)


def _at(place: int) -> float:
    return place * STEP / 1000


def _zipf(count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the cumulative shares of words by rank."""
    shares = 1 / np.arange(1, count + 1)
    return np.cumsum(shares / shares.sum())


def _pronounced(number: int) -> str:
    """Return a word for a number, the shortest for the smallest."""
    syllables: Sequence[str] = [consonant + vowel for consonant in _CONSONANTS for vowel in _VOWELS]
    word, rest = "", number + 1
    while rest:
        rest, place = divmod(rest, len(syllables))
        word += syllables[place]
    return word
