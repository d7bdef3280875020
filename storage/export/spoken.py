"""The words of a segment as an export shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from storage.documents import Segment, Word
from storage.plain import one_line
from storage.words import words_of


def spoken(segment: Segment) -> Iterator[tuple[Word, str | None]]:
    """Yield each word that has something to show, its text on one line, with the label of who says it."""
    for word in words_of(segment):
        text = one_line(word.text)
        if text:
            yield (word if text == word.text else replace(word, text=text)), word.speaker or segment.speaker
