"""What is looked up of a text: its words in one case and without accents, and pairs of neighbours in scripts without spaces.

Both databases are given these tokens ready made, so that they find the same, and what was found can be marked in the text by
the same rule. Japanese, Chinese, Thai and other scripts without spaces (and Korean, whose endings stick to its words) are cut
into overlapping pairs of characters, the last character of a run standing alone: 東京都 is 東京, 京都, 都. A query of three
characters is then a phrase of two pairs, one of two characters is a pair, and a single character is the beginning of pairs. So
any piece of a text is found, however short, which the trigrams of SQLite cannot do; and spaced words and pairs can lie in one
index, in which a phrase may hold both. (Lucene's CJKBigramFilter cuts in the same way.)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from storage.words import is_unspaced

LONGEST_TOKEN = 64
"""Characters of a token that count; the databases take no endless ones."""

_PLAIN = re.compile(r"[A-Za-z0-9]+")
_ACCENTS = re.compile(r"[\u0300-\u036f]")
"""Accents of Latin, Greek and Cyrillic; the marks of other scripts are letters to their readers, and stay."""

_FULL_WIDTH = range(0xFF00, 0xFFA0)
"""Latin letters and digits as wide as ideographs: they are words like any other."""

_SCRIPTS, _VARIANTS = range(0x300, 0x1F000), range(0xE0100, 0xE01F0)
"""Where marks are that belong to letters; the second are those that choose a form of an ideograph."""


class Token(NamedTuple):
    """A token, and the characters of the text that it stands for."""

    text: str
    start: int
    end: int
    kind: Literal["word", "pair", "tail"] = "word"
    """`pair`: two characters of a run without spaces, `tail`: its last one."""


def tokens_of(text: str) -> Iterator[Token]:
    """Yield the tokens of a text in order."""
    if text.isascii():
        for found in _PLAIN.finditer(text.lower()):
            yield Token(found.group()[:LONGEST_TOKEN], found.start(), found.end())
        return
    for found in _letters().finditer(text):
        yield from _of_run(found.group(), found.start())


def indexed_text(text: str) -> str:
    """Return the tokens of a text with a space after each, as the databases are given them."""
    if text.isascii():
        return " ".join(token[:LONGEST_TOKEN] for token in _PLAIN.findall(text.lower()))
    return " ".join(token.text for token in tokens_of(text))


def _of_run(run: str, start: int) -> Iterator[Token]:
    """Yield the tokens of letters that stand together, which may be of scripts of both kinds."""
    place = 0
    while place < len(run):
        unspaced = _runs_on(run[place])
        end = place + 1
        while end < len(run) and _runs_on(run[end]) == unspaced:
            end += 1
        if unspaced:
            yield from _pairs(run[place:end], start + place)
        elif folded := _folded(run[place:end]):
            yield Token(folded, start + place, start + end)
        place = end


def _pairs(run: str, start: int) -> Iterator[Token]:
    folded = [_folded(character) for character in run]
    for place, text in enumerate(folded):
        at = start + place
        if place == len(run) - 1:
            yield Token(text, at, at + 1, "tail")
        else:
            yield Token(text + folded[place + 1], at, at + 2, "pair")


def _runs_on(character: str) -> bool:
    return is_unspaced(character) and ord(character) not in _FULL_WIDTH


@lru_cache(maxsize=1 << 16)
def _folded(word: str) -> str:
    """Return a word in one case, without accents, its compatibility forms (full width, ligatures) as plain letters."""
    if word.isascii():
        return word.lower()[:LONGEST_TOKEN]
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", word.casefold()))
    plain = unicodedata.normalize("NFC", plain).casefold()
    return "".join(_letters().findall(plain))[:LONGEST_TOKEN]


@cache
def _letters() -> re.Pattern[str]:
    """Return a pattern of letters, digits, and the marks that belong to them."""
    marks = [chr(code) for code in (*_SCRIPTS, *_VARIANTS) if unicodedata.category(chr(code)).startswith("M")]
    return re.compile(rf"(?:[^\W_]|[{''.join(marks)}])+")
