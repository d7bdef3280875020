"""An episode cut into passages: what is found, ranked and shown is a passage, never a whole episode.

A passage lies inside one chapter and has a minute or two of talk, whoever says it. So words of a query must be said near each
other to be found together, one passage says enough to be ranked, and a long archive has few: 10,000 hours make 400,000, where
sentences would make six million. Words with their times are kept beside the index, packed, so that a hit is shown and played
without reading the transcript.
"""

from __future__ import annotations

import json
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from storage.documents import Segment, Transcript
from storage.export.sections import by_chapter
from storage.export.spoken import spoken
from storage.export.voices import voices
from storage.plain import one_line
from storage.search.tokens import indexed_text

PASSAGE_WORDS = 200
"""Words after which a passage ends with its segment …"""

LONGEST_PASSAGE = 400
"""… and at which it ends in any case."""

LONGEST_WORD = 200
"""Characters of a word that are kept; longer ones are nobody's words."""

LONGEST_TITLE = 500


@dataclass(frozen=True)
class Entry:
    """What the index says of an episode."""

    id: str
    title: str
    show: str | None
    day: date
    """When it was published; when it was fetched, if its publisher does not say."""
    published: float | None
    """Seconds since 1970."""
    digest: str
    """Names all that was indexed; as long as it is the same, so is the index."""


@dataclass(frozen=True, slots=True)
class Said:
    """Words that one speaker says in one segment."""

    speaker: str | None
    """Their name where it is known, else their label."""
    pieces: tuple[str, ...]
    """The words with the space before each, if one goes there."""
    starts: tuple[int, ...]
    """When each word begins, in milliseconds."""

    @property
    def text(self) -> str:
        """The words as they are read."""
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of an episode."""

    chapter: str | None
    """The title; none before the first chapter, and where there are none."""
    chapter_start: float | None
    opens_episode: bool
    opens_chapter: bool
    new_speakers: bool
    """Somebody speaks for the first time in this episode."""
    said: tuple[Said, ...]

    @property
    def start(self) -> float:
        """The second from which it is played."""
        if self.opens_chapter and self.chapter_start is not None:
            return self.chapter_start
        return self.said[0].starts[0] / 1000 if self.said else 0.0

    @property
    def speakers(self) -> tuple[str, ...]:
        """Who speaks, in order."""
        return tuple(dict.fromkeys(said.speaker for said in self.said if said.speaker))

    @property
    def marks(self) -> str:
        """Letters for what a passage opens (episode, chapter) and for a new speaker, by which a title or name is found once."""
        letters = {"e": self.opens_episode, "c": self.opens_chapter, "s": self.new_speakers}
        return " ".join(letter for letter, is_so in letters.items() if is_so)

    @property
    def indexed_words(self) -> str:
        """The tokens of all that is said."""
        return " ".join(indexed_text(said.text) for said in self.said)


def passages_of(transcript: Transcript) -> Iterator[Passage]:
    """Yield the passages of an episode in order; each of its chapters has one at least, as has the episode."""
    names = voices(transcript)
    known: set[str] = set()
    opens_episode = True
    for chapter, segments in by_chapter(transcript):
        opens_chapter = chapter is not None
        title = title_of(chapter.title) if chapter is not None else None
        start = chapter.start if chapter is not None else None
        for said in _passages(segments, names):
            speakers = {words.speaker for words in said if words.speaker}
            yield Passage(title, start, opens_episode, opens_chapter, bool(speakers - known), said)
            known |= speakers
            opens_episode = opens_chapter = False
    if opens_episode:
        yield Passage(None, None, opens_episode=True, opens_chapter=False, new_speakers=False, said=())


def _passages(segments: Iterable[Segment], names: dict[str, str]) -> Iterator[tuple[Said, ...]]:
    """Cut the segments of a chapter into passages; a chapter without words is one without words."""
    gathered: list[Said] = []
    count = 0
    for said in (part for segment in segments for part in _said(segment, names)):
        if gathered and (count >= PASSAGE_WORDS or count + len(said.pieces) > LONGEST_PASSAGE):
            yield tuple(gathered)
            gathered, count = [], 0
        gathered.append(said)
        count += len(said.pieces)
    if gathered or count == 0:
        yield tuple(gathered)


def _said(segment: Segment, names: dict[str, str]) -> Iterator[Said]:
    """Yield what each speaker says in a segment; a segment without end is cut."""
    pieces: list[str] = []
    starts: list[int] = []
    speaker: str | None = None
    for word, label in spoken(segment):
        if pieces and (label != speaker or len(pieces) == PASSAGE_WORDS):
            yield _of(speaker, pieces, starts, names)
            pieces, starts = [], []
        speaker = label
        text = word.text if word.text.isascii() else unicodedata.normalize("NFC", word.text)
        pieces.append(text[:LONGEST_WORD] if word.joined or not pieces else f" {text[:LONGEST_WORD]}")
        starts.append(round(word.start * 1000))
    if pieces:
        yield _of(speaker, pieces, starts, names)


def _of(speaker: str | None, pieces: list[str], starts: list[int], names: dict[str, str]) -> Said:
    name = None if speaker is None else title_of(names.get(speaker, speaker))
    return Said(name, tuple(pieces), tuple(starts))


def packed(passage: Passage) -> bytes:
    """Return a passage as it is kept; times as differences, which are short."""
    said = [(words.speaker, words.pieces, _differences(words.starts)) for words in passage.said]
    marks = (passage.opens_episode, passage.opens_chapter, passage.new_speakers)
    document = (passage.chapter, passage.chapter_start, *map(int, marks), said)
    return zlib.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"), 1)


def unpacked(raw: bytes) -> Passage:
    """Return a passage that was packed."""
    chapter, start, opens_episode, opens_chapter, new_speakers, said = json.loads(zlib.decompress(raw))
    words = tuple(Said(speaker, tuple(pieces), _sums(steps)) for speaker, pieces, steps in said)
    return Passage(chapter, start, bool(opens_episode), bool(opens_chapter), bool(new_speakers), words)


def _differences(values: tuple[int, ...]) -> list[int]:
    return [value - before for value, before in zip(values, (0, *values), strict=False)]


def _sums(steps: list[int]) -> tuple[int, ...]:
    total, sums = 0, []
    for step in steps:
        total += step
        sums.append(total)
    return tuple(sums)


def title_of(text: str) -> str:
    """Return a title or a name as the index keeps it: on one line, and of a bearable length."""
    return one_line(text)[:LONGEST_TITLE]
