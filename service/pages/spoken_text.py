"""What is said as a page shows it: paragraphs of plain text, and when each of their words begins.

A page has no element for each word: an episode of three hours has thirty thousand. It has the text, and beside each paragraph
the times of its words, from which the scripts find the word under a pointer and the word that is heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter, sub

from storage.documents import Word
from storage.export.sections import Paragraph

_START, _END, _TEXT = attrgetter("start"), attrgetter("end"), attrgetter("text")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; `found` if it is what was looked for."""

    text: str
    found: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """A paragraph by one speaker."""

    start: float
    end: float
    anchor: str
    """The fragment of an address, without the `#`, that names its second."""
    is_target: bool
    """Whether the fragment leads here: of several things that begin at one second, to the first."""
    voice: str | None
    """Label of the speaker."""
    text: str
    times: str
    """When the words begin: the first in hundredths of seconds, each other as the difference to the one before."""
    lengths: str
    """How many UTF-16 units each word takes with the space before it; empty where words are what spaces part."""


def said(paragraph: Paragraph, anchor: str, *, is_target: bool) -> Said:
    """Return a paragraph as a page shows it."""
    words = paragraph.words
    return Said(
        start=paragraph.start,
        end=max(map(_END, words)),
        anchor=anchor,
        is_target=is_target,
        voice=paragraph.speaker,
        text=paragraph.text,
        times=_times(words),
        lengths=_lengths(words, paragraph.text),
    )


def _times(words: Sequence[Word]) -> str:
    hundredths = [round(start * 100) for start in map(_START, words)]
    return ",".join(map(str, [hundredths[0], *map(sub, hundredths[1:], hundredths)]))


def _lengths(words: Sequence[Word], text: str) -> str:
    if text.split(" ") == list(map(_TEXT, words)):
        return ""
    spaces = [0, *(0 if word.joined else 1 for word in words[1:])]
    return ",".join(str(space + _units(word.text)) for space, word in zip(spaces, words, strict=True))


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
