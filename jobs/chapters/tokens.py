"""Texts and their times as tokens: what two transcripts of one episode are compared by.

A token is a bare word (`plain`). Writing without spaces is taken apart into its characters, on both sides alike, so that it does
not matter how a recogniser groups them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from jobs.chapters.cues import plain
from jobs.published import Cue
from storage.documents import Word

_UNSPACED = re.compile(r"([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")
"""Thai, Lao, Burmese, Khmer, kana and Han are written without spaces."""

_SLOW = 1.4
"""A cue without an end lasts at most this many times what its length takes at the usual pace, …"""
_BREATH = 1.0
"""… and this many seconds more."""
_LETTERS = 2
"""Letters that a word counts more than it has: short words are not that short."""
_USUAL_PACE = 0.06
"""Seconds that a letter takes where no cue tells."""
_CUT_OFF = 0.5
_EDGE = 0.15
DRIFT = 0.12
"""Speech speeds up and slows down: this share of the distance from the nearer end of a cue is how wrong a word's time may be."""


@dataclass(frozen=True)
class Token:
    """A bare word with its time."""

    text: str
    start: float
    end: float
    error: float = 0.0
    """Seconds by which `start` may be off (about one standard deviation)."""


def heard_tokens(words: Sequence[Word]) -> list[Token]:
    """Return the tokens of recognised words, in their order."""
    found: list[Token] = []
    for word in words:
        pieces = list(_pieces(word.text))
        step = (word.end - word.start) / max(1, len(pieces))
        found.extend(Token(p, word.start + n * step, word.start + (n + 1) * step) for n, p in enumerate(pieces))
    return found


def cue_tokens(cues: Sequence[Cue]) -> list[Token]:
    """Return the tokens of a publisher's cues in order of time; inside a cue, times follow the length of the words.

    A cue without an end lasts until the next one, but not much longer than its words take at the pace of the others. Where all
    starts are whole seconds, their fractions were cut off, half a second on average.
    """
    if not cues:
        return []
    ordered = sorted(cues, key=lambda cue: cue.start)
    texts = [list(_pieces(cue.text)) for cue in ordered]
    nexts = [*(cue.start for cue in ordered[1:]), math.inf]
    lost = _CUT_OFF if all(cue.start == int(cue.start) for cue in ordered) else 0.0
    pace = _pace([(cue.end or following) - cue.start for cue, following in zip(ordered, nexts, strict=True)], texts)
    found: list[Token] = []
    for cue, pieces, following in zip(ordered, texts, nexts, strict=True):
        usual = pace * _size(pieces)
        last = cue.start + (usual if following == math.inf else _SLOW * usual + _BREATH)
        end = max(cue.start, min(following, last) if cue.end is None else cue.end)
        found.extend(_spread(pieces, cue.start + lost, end + lost, ends=cue.end is not None))
    return found


def _pace(lengths: Sequence[float], texts: Sequence[Sequence[str]]) -> float:
    """Return the seconds that a letter takes, in most cues."""
    paces = [length / _size(pieces) for length, pieces in zip(lengths, texts, strict=True) if pieces and 0 < length < math.inf]
    return median(paces) if paces else _USUAL_PACE


def _size(pieces: Sequence[str]) -> int:
    return sum(len(piece) + _LETTERS for piece in pieces)


def _spread(pieces: Sequence[str], start: float, end: float, *, ends: bool) -> Iterator[Token]:
    """Yield the words of a cue; `ends`: its end is known, and not only where the next one begins."""
    total, before = _size(pieces), 0
    for piece in pieces:
        size = len(piece) + _LETTERS
        begin, stop = (start + (end - start) * share / total for share in (before, before + size))
        far = min(begin - start, end - begin) if ends else begin - start
        yield Token(piece, begin, stop, _EDGE + DRIFT * far)
        before += size


def _pieces(text: str) -> Iterator[str]:
    for chunk in text.split():
        for piece in _UNSPACED.split(chunk) if _UNSPACED.search(chunk) else (chunk,):
            bare = plain(piece)
            if bare:
                yield bare
