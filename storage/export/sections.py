"""A transcript as a page is read: chapters with paragraphs, each by one speaker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from storage.documents import Chapter, Segment, Transcript, Word
from storage.export.cues import SENTENCE_ENDS
from storage.export.spoken import spoken
from storage.words import text_of

_LONG_PARAGRAPH = 600
"""Characters after which a paragraph ends at the next sentence end."""

_LONG_PAUSE = 3.0
"""Seconds of pause that end a paragraph of somebody who goes on speaking."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """What one speaker says without a break; `speaker` is a label."""

    start: float
    speaker: str | None
    text: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter with its paragraphs; the first section may have no chapter: what comes before them."""

    chapter: Chapter | None
    paragraphs: tuple[Paragraph, ...]


def sections_of(transcript: Transcript) -> Iterator[Section]:
    """Yield all segments in order under the chapters that the publisher shows; a chapter without words has no paragraphs."""
    for chapter, segments in by_chapter(transcript):
        yield Section(chapter, tuple(_paragraphs(segments)))


def by_chapter(transcript: Transcript) -> Iterator[tuple[Chapter | None, tuple[Segment, ...]]]:
    """Yield each chapter that the publisher shows with its segments, of which it may have none.

    Those before the first chapter come first, with none.
    """
    chapters = sorted((chapter for chapter in transcript.chapters if not chapter.hidden), key=lambda chapter: chapter.start)
    opens: list[int] = []
    for chapter in chapters:
        first = min(chapter.segments[0], len(transcript.segments))
        opens.append(max(first, opens[-1]) if opens else first)
    bounds = [0, *opens, len(transcript.segments)]
    for place, chapter_or_none in enumerate([None, *chapters]):
        segments = transcript.segments[bounds[place] : bounds[place + 1]]
        if segments or chapter_or_none is not None:
            yield chapter_or_none, segments


def _paragraphs(segments: tuple[Segment, ...]) -> Iterator[Paragraph]:
    words: list[Word] = []
    length = 0
    speaker: str | None = None
    for segment in segments:
        for word, says in spoken(segment):
            if words and (says != speaker or word.start - words[-1].end > _LONG_PAUSE or _is_long(words, length)):
                yield _paragraph(words, speaker)
                words, length = [], 0
            words.append(word)
            length += len(word.text) + 1
            speaker = says
    if words:
        yield _paragraph(words, speaker)


def _is_long(words: list[Word], length: int) -> bool:
    return length > _LONG_PARAGRAPH and words[-1].text[-1] in SENTENCE_ENDS


def _paragraph(words: list[Word], speaker: str | None) -> Paragraph:
    return Paragraph(words[0].start, speaker, text_of(words), tuple(words))
