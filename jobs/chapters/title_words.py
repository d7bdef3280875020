"""Where the words of chapter titles are said, over a whole episode at once.

`topic_starts.SpokenTitles` judges one place for one title; here every title is held against every place, which has to be quick:
an episode of three hours has 60 titles and 4,000 places. The vocabulary is compared once, the rest is counting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.process import cdist

from jobs.chapters.cues import ROLES, plain, roles_of, says
from jobs.chapters.topic_starts import TopicStart, content_words
from storage.documents import Word

Floats = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.int64]

_SAME = 0.93
"""Similarity of a word that a recogniser got slightly wrong."""
_STEM = 5
"""Letters that two forms of one word share at least (recycle, recycling)."""
_FORM = 0.6
"""Share of the longer form that both have in common."""
_OPENING, _SOON = 16, 45
"""Words after a place in which the title's words are said there, or soon."""
_SOON_COUNTS = 0.6
_BEFORE = 20
"""Words before a place: what was said there already is not new."""
_ALREADY = 0.6
_MOSTLY = 0.5
_BESIDE_COUNTS = 0.8
"""What words count that stand beside a title: they are said in its chapter, but less probably where it begins."""
_PHRASE = 7
"""Words in which a phrase opens a topic."""
_TELLING = tuple(role for role in ROLES if role.name in {"opening", "closing"})
"""Roles by which a chapter is found again. Not the sponsor's: an inserted ad says the same."""
_APART = 5.0
"""Seconds in which a word that is said again counts once."""


@dataclass(frozen=True)
class Mention:
    """One word of a title: when it is said."""

    times: Floats
    """Seconds in the file, sorted; repetitions within `_APART` left out."""
    indexes: Indexes
    """Which words of the transcript, all of them, sorted."""

    @property
    def weight(self) -> float:
        """Return how telling the word is: one that is said all the time tells little."""
        return 1 / (1 + float(np.log(max(1, len(self.times)))))


class TitleWords:
    """The titles of a list, and what the notes say `beside` each, held against what is said."""

    def __init__(self, titles: Sequence[str], words: Sequence[Word], beside: Sequence[str] = ()) -> None:
        self._titles = titles
        self._said = [plain(word.text) for word in words]
        self._starts = np.array([word.start for word in words], dtype=np.float64)
        named = [dict.fromkeys(content_words(title)) for title in titles]
        told = [
            [word for word in dict.fromkeys(content_words(text)) if word not in title]
            for title, text in zip(named, beside, strict=False)
        ]
        mentions = self._mentions([*map(tuple, named), *map(tuple, told)])
        self._named, self._told = mentions[: len(titles)], mentions[len(titles) :] or ((),) * len(titles)
        self.mentions = tuple(a + b for a, b in zip(self._named, self._told, strict=True))

    def at(self, places: Sequence[TopicStart]) -> Floats:
        """Return how much of each title (rows) is said at each place (columns), 0 … 1."""
        first = np.array([-1 if place.word is None else place.word for place in places], dtype=np.int64)
        named, told = (np.array([_shares(row, first) for row in rows]) for rows in (self._named, self._told))
        shares = np.maximum(named, _BESIDE_COUNTS * told)
        # where several titles are said at once, somebody tells what is to come
        crowd = np.maximum(1, (shares >= _MOSTLY).sum(axis=0))
        return np.maximum(np.where(first >= 0, shares / crowd, 0.0), self._roles(places))

    def _roles(self, places: Sequence[TopicStart]) -> Floats:
        """Return where the phrases are said that go with titles like "Intro" and "Outro"."""
        found = np.zeros((len(self._titles), len(places)))
        for role in _TELLING:
            rows = [row for row, title in enumerate(self._titles) if role in roles_of(title)]
            if rows:
                openings = (self._said[p.word : p.word + _PHRASE] if p.word is not None else () for p in places)
                found[rows] = np.array([says(role.said, opening) for opening in openings], dtype=np.float64)
        return found

    def _mentions(self, wanted: Sequence[Sequence[str]]) -> tuple[tuple[Mention, ...], ...]:
        """Return for each title what is known of those of its words that are said at all."""
        vocabulary = {text: at for at, text in enumerate(dict.fromkeys(self._said))}
        spoken = np.array([vocabulary[text] for text in self._said], dtype=np.int64)
        needles = list(dict.fromkeys(word for words in wanted for word in words))
        alike = _alike(needles, list(vocabulary))
        found = {needle: self._mention(np.flatnonzero(alike[at][spoken])) for at, needle in enumerate(needles)}
        return tuple(tuple(found[word] for word in words if len(found[word].indexes)) for words in wanted)

    def _mention(self, indexes: Indexes) -> Mention:
        times = self._starts[indexes]
        kept = np.ones(len(times), dtype=np.bool_)
        kept[1:] = np.diff(times) > _APART
        return Mention(times[kept], indexes)


def _shares(mentions: Sequence[Mention], first: Indexes) -> Floats:
    """Return how much of some words is said from these words of the transcript on, and is new there."""
    total = sum(mention.weight for mention in mentions)
    if not total:
        return np.zeros(len(first))
    here, soon, before = (
        sum(m.weight * _within(m.indexes, first + low, first + high) for m in mentions) / total
        for low, high in ((0, _OPENING), (0, _SOON), (-_BEFORE, 0))
    )
    return np.asarray(np.maximum(here, _SOON_COUNTS * soon) * (1 - _ALREADY * before))


def _within(indexes: Indexes, low: Indexes, high: Indexes) -> npt.NDArray[np.bool_]:
    return np.searchsorted(indexes, high) > np.searchsorted(indexes, low)


def _alike(needles: Sequence[str], vocabulary: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Tell for each needle (rows) which words of the vocabulary (columns) are forms of it."""
    if not needles or not vocabulary:
        return np.zeros((len(needles), len(vocabulary)), dtype=np.bool_)
    close: npt.NDArray[np.bool_] = cdist(needles, vocabulary, scorer=JaroWinkler.similarity, score_cutoff=_SAME) > 0
    short = np.array([len(word) < 4 for word in vocabulary])
    close &= ~short[None, :] & np.array([len(word) >= 4 for word in needles])[:, None]
    for row, needle in enumerate(needles):
        close[row] |= np.array([word == needle or _is_form(needle, word) for word in vocabulary])
    return close


def _is_form(a: str, b: str) -> bool:
    if len(a) < _STEM or len(b) < _STEM or a[:_STEM] != b[:_STEM]:
        return False
    shared = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return shared >= _FORM * max(len(a), len(b))
