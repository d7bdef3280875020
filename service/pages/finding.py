"""A phrase inside one episode: where it is said, and the text around it with the places marked."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from service.pages.episode_view import SectionView
from service.pages.spoken_text import Piece, Said

LONGEST = 200
"""Characters of a phrase."""

MOST = 500
"""Places that are marked."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the phrase is said."""

    start: float
    """Of the word in which it begins, in seconds."""
    anchor: str
    """Id of the paragraph."""


@dataclass(frozen=True, slots=True)
class Findings:
    """All places of a phrase."""

    phrase: str
    places: tuple[Place, ...] = ()
    marked: Mapping[int, tuple[Piece, ...]] = field(default_factory=dict)
    """The paragraphs that have it, by their number in the episode."""
    more: bool = False
    """There are more places than are marked."""


def find(phrase: str, sections: Sequence[SectionView]) -> Findings:
    """Return where a phrase is said, in any case, whatever space is between its words; nothing is found of an empty one."""
    words = phrase.split()
    if not words:
        return Findings("")
    pattern = re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)
    places: list[Place] = []
    marked: dict[int, tuple[Piece, ...]] = {}
    paragraphs = [paragraph for section in sections for paragraph in section.paragraphs]
    for number, paragraph in enumerate(paragraphs):
        spans = [found.span() for found in pattern.finditer(paragraph.text)]
        if spans:
            places += [Place(second_of(paragraph, begin), paragraph.anchor) for begin, _ in spans]
            marked[number] = _pieces(paragraph.text, spans)
        if len(places) > MOST:
            return Findings(phrase, tuple(places[:MOST]), marked, more=True)
    return Findings(phrase, tuple(places), marked)


def second_of(paragraph: Said, character: int) -> float:
    """Return when the word begins that has a character of a paragraph."""
    starts = list(accumulate(map(int, paragraph.times.split(","))))
    lengths = list(map(int, paragraph.lengths.split(","))) if paragraph.lengths else _parted_by_spaces(paragraph.text)
    units = len(paragraph.text[:character].encode("utf-16-le", "surrogatepass")) // 2
    word = bisect_right(list(accumulate(lengths)), units)
    return starts[min(word, len(starts) - 1)] / 100


def _parted_by_spaces(text: str) -> list[int]:
    first, *others = (len(word.encode("utf-16-le", "surrogatepass")) // 2 for word in text.split(" "))
    return [first, *(length + 1 for length in others)]


def _pieces(text: str, spans: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    at = 0
    for begin, end in spans:
        pieces += [Piece(text[at:begin]), Piece(text[begin:end], found=True)]
        at = end
    return tuple(piece for piece in [*pieces, Piece(text[at:])] if piece.text)
