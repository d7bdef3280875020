"""Words and the text they make: the one place that knows where a space goes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from storage.documents import Segment, Word

_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
)
"""Scripts of narrow characters that are written without spaces between words."""


def text_of(words: Iterable[Word]) -> str:
    """Join words to text: one space before each word but the first and those marked `joined`."""
    text = "".join(word.text if word.joined else f" {word.text}" for word in words)
    return text.removeprefix(" ")


def words_of(segment: Segment) -> tuple[Word, ...]:
    """Return the segment's words; where it has text alone, estimate them, their times in proportion to their length."""
    if segment.words or not segment.text.strip():
        return segment.words
    pieces = [piece for token in segment.text.split() for piece in _pieces(token)]
    letters = sum(len(text) for text, _ in pieces)
    rate = max(0.0, segment.end - segment.start) / letters
    words, at = [], segment.start
    for text, joined in pieces:
        end = at + len(text) * rate
        words.append(Word(start=at, end=end, text=text, speaker=segment.speaker, joined=joined))
        at = end
    return tuple(words)


def letters_of(word: Word) -> str:
    """Return the letters and digits of a word in one case, by which two readings of it are compared; empty for a mere mark."""
    return "".join(c for c in word.text.casefold() if c.isalnum())


def width(text: str) -> int:
    """Return how many columns a text takes in a fixed-width font: two for wide characters, none for combining marks."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def is_unspaced(character: str) -> bool:
    """Whether a script without spaces uses this character, so that a line may break beside it."""
    if character < "\u0e00":
        return False
    code = ord(character)
    return unicodedata.east_asian_width(character) in "WF" or any(low <= code <= high for low, high in _UNSPACED)


def _columns(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pieces(token: str) -> list[tuple[str, bool]]:
    """Cut a token of an unspaced script into characters (with their marks); others stay whole."""
    if not any(is_unspaced(character) for character in token):
        return [(token, False)]
    clusters: list[str] = []
    for character in token:
        if clusters and (_columns(character) == 0 or not is_unspaced(character)):
            clusters[-1] += character
        else:
            clusters.append(character)
    return [(text, place > 0) for place, text in enumerate(clusters)]
