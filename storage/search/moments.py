"""A found passage as a moment: the sentence with the hits marked, who says it, and the second to play from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from storage.export.cues import SENTENCE_ENDS
from storage.search.passages import Entry, Passage, Said
from storage.search.query import Query, Term
from storage.search.tokens import Token, indexed_text, tokens_of

LONGEST_SENTENCE = 300
"""Characters; of a longer sentence the part around the first hit is shown."""

_BEFORE_HIT = 100
"""Characters of a long sentence that are shown before its first hit."""

_CLOSERS = "\"'”’»)]」』】"


@dataclass(frozen=True)
class Moment:
    """Where in an episode something is, and what is said there."""

    episode_id: str
    title: str
    show: str | None
    published: float | None
    """Seconds since 1970."""
    chapter: str | None
    """Title of the chapter; none before the first one."""
    chapter_start: float | None
    speaker: str | None
    """Who says it: a name where it is known, else a label."""
    sentence: str
    """What is said; empty where nothing is."""
    marks: tuple[tuple[int, int], ...]
    """Where in the sentence the hits are, as half-open ranges of characters; none where a title or name was found."""
    start: float
    """The second to play from: the start of the first marked word, or of the chapter whose title was found."""


@dataclass(frozen=True, slots=True)
class _Hit:
    """Where a term was said: tokens of a passage, the last one inclusive."""

    term: int
    first: int
    last: int
    open_ended: bool


class _Spoken:
    """The tokens of what some speakers say in a passage."""

    def __init__(self, passage: Passage, places: Sequence[int]) -> None:
        self._passage = passage
        self.texts: list[str] = []
        self.places: list[int] = []
        """Which `said` has each of the tokens."""
        self._first: dict[int, int] = {}
        self._tokens: dict[int, list[Token]] = {}
        self._ends: dict[int, list[int]] = {}
        for place in places:
            found = indexed_text(passage.said[place].text).split()
            self._first[place] = len(self.texts)
            self.texts += found
            self.places += [place] * len(found)

    def token(self, at: int) -> Token:
        """Return a token with the characters that it stands for; only the few that are hits need those."""
        place = self.places[at]
        if place not in self._tokens:
            self._tokens[place] = list(tokens_of(self._passage.said[place].text))
        return self._tokens[place][at - self._first[place]]

    def piece(self, at: int) -> int:
        """Return which word of what is said there a token is in, the first one of several."""
        place = self.places[at]
        if place not in self._ends:
            self._ends[place] = list(accumulate(map(len, self._passage.said[place].pieces)))
        return bisect_right(self._ends[place], self.token(at).start)

    def find(self, term: Term) -> Iterator[int]:
        """Yield the first token of each place where a term is said."""
        size, head = len(term.tokens), term.tokens[0]
        alone = size == 1 and term.open_ended
        for first, text in enumerate(self.texts[: len(self.texts) - size + 1]):
            if (text == head or (alone and text.startswith(head))) and _fits(term, self.texts[first : first + size]):
                yield first


@dataclass(frozen=True, slots=True)
class _Sentence:
    """Words of one sentence: a range of the pieces of one `Said`."""

    place: int
    first: int
    last: int


def moment_of(entry: Entry, passage: Passage, query: Query) -> Moment | None:
    """Return the moment of a passage that the index found.

    None if it is said by another than the query wants, or if only a title holds it that is found with another passage.
    """
    eligible = [place for place, said in enumerate(passage.said) if _is_by(said.speaker, query.speakers)]
    if query.speakers and not eligible:
        return None
    spoken = _Spoken(passage, eligible)
    hits = [
        _Hit(number, first, first + len(term.tokens) - 1, term.open_ended)
        for number, term in enumerate(query.terms)
        for first in spoken.find(term)
    ]
    unsaid = set(range(len(query.terms))) - {hit.term for hit in hits}
    if query.speakers and not all(_is_titled(query.terms[number], entry, passage) for number in unsaid):
        return None
    if hits:
        return _at_hits(entry, passage, spoken, hits)
    if not query.terms or any(_holds(title, term) for title in _opened(entry, passage) for term in query.terms):
        return _at_title(entry, passage, eligible, from_speaker=bool(query.speakers))
    named = [place for place in eligible if any(_is_by(passage.said[place].speaker, [term]) for term in query.terms)]
    return _at_title(entry, passage, named, from_speaker=True) if named and passage.new_speakers else None


def _at_hits(entry: Entry, passage: Passage, spoken: _Spoken, hits: Sequence[_Hit]) -> Moment:
    """Show the sentence in which most terms are, the first of several."""
    found: dict[_Sentence, list[_Hit]] = {}
    for hit in sorted(hits, key=lambda hit: (hit.first, hit.last)):
        found.setdefault(_sentence_at(passage, spoken, hit.first), []).append(hit)
    sentence, inside = max(found.items(), key=lambda item: len({hit.term for hit in item[1]}))
    said = passage.said[sentence.place]
    begin, end = _extent(said, sentence)
    ranges = [_range(spoken, hit, sentence.place) for hit in inside]
    start = said.starts[spoken.piece(inside[0].first)] / 1000
    text, marks = _cropped(said.text[begin:end], _merged((a - begin, min(b, end) - begin) for a, b in ranges))
    return _moment(entry, passage, said.speaker, text, marks=marks, start=start)


def _at_title(entry: Entry, passage: Passage, eligible: Sequence[int], *, from_speaker: bool) -> Moment:
    """Show how a passage begins whose title or speaker was found."""
    if not eligible:
        return _moment(entry, passage, None, "", marks=(), start=passage.start)
    said = passage.said[eligible[0]]
    sentence = _Sentence(eligible[0], 0, _end_of_sentence(said, 0))
    begin, end = _extent(said, sentence)
    text, _ = _cropped(said.text[begin:end], ())
    start = said.starts[0] / 1000 if from_speaker else passage.start
    return _moment(entry, passage, said.speaker, text, marks=(), start=start)


def _moment(
    entry: Entry, passage: Passage, speaker: str | None, text: str, *, marks: tuple[tuple[int, int], ...], start: float
) -> Moment:
    return Moment(
        entry.id, entry.title, entry.show, entry.published, passage.chapter, passage.chapter_start, speaker, text, marks, start
    )


# ------------------------------------------------------------------ finding terms again


def _fits(term: Term, texts: Sequence[str]) -> bool:
    *exact, last = term.tokens
    if not (texts[-1].startswith(last) if term.open_ended else texts[-1] == last):
        return False
    return all(text == token for text, token in zip(texts, exact, strict=False))


def _holds(text: str, term: Term) -> bool:
    texts, size = [token.text for token in tokens_of(text)], len(term.tokens)
    return any(_fits(term, texts[first : first + size]) for first in range(len(texts) - size + 1))


def _is_by(speaker: str | None, wanted: Sequence[Term]) -> bool:
    return all(speaker is not None and _holds(speaker, term) for term in wanted)


def _is_titled(term: Term, entry: Entry, passage: Passage) -> bool:
    return any(_holds(text, term) for text in (passage.chapter, entry.title, entry.show) if text)


def _opened(entry: Entry, passage: Passage) -> list[str]:
    """Return the titles that are found with this passage and not with a later one."""
    opened = [passage.chapter] if passage.opens_chapter else []
    opened += [entry.title, entry.show] if passage.opens_episode else []
    return [text for text in opened if text]


def _range(spoken: _Spoken, hit: _Hit, place: int) -> tuple[int, int]:
    """Return the characters of a hit; of one that goes on in what is said next, those that are said here."""
    inside = [spoken.token(at) for at in range(hit.first, hit.last + 1) if spoken.places[at] == place]
    last = inside[-1]
    return inside[0].start, last.start + 1 if hit.open_ended and last.kind == "pair" else last.end


# ------------------------------------------------------------------ sentences


def _sentence_at(passage: Passage, spoken: _Spoken, at: int) -> _Sentence:
    place = spoken.places[at]
    said = passage.said[place]
    piece = spoken.piece(at)
    first = piece
    while first > 0 and not _ends(said.pieces[first - 1]):
        first -= 1
    return _Sentence(place, first, _end_of_sentence(said, piece))


def _end_of_sentence(said: Said, piece: int) -> int:
    return next((place for place in range(piece, len(said.pieces)) if _ends(said.pieces[place])), len(said.pieces) - 1)


def _ends(piece: str) -> bool:
    return piece.rstrip(_CLOSERS)[-1:] in SENTENCE_ENDS


def _extent(said: Said, sentence: _Sentence) -> tuple[int, int]:
    """Return the characters of a sentence, without the space before it."""
    bounds = [0, *accumulate(map(len, said.pieces))]
    begin = bounds[sentence.first]
    text = said.text[begin : bounds[sentence.last + 1]]
    return begin + len(text) - len(text.lstrip()), bounds[sentence.last + 1]


def _merged(ranges: Iterator[tuple[int, int]] | Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Join ranges that touch or overlap."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(ranges):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return tuple(merged)


def _cropped(text: str, marks: tuple[tuple[int, int], ...]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return a sentence that is not too long, with its marks."""
    if len(text) <= LONGEST_SENTENCE:
        return text, marks
    first = marks[0][0] if marks else 0
    begin = max(0, min(first - _BEFORE_HIT, len(text) - LONGEST_SENTENCE))
    if begin and (space := text.find(" ", begin, first)) >= 0:
        begin = space + 1
    end = min(len(text), begin + LONGEST_SENTENCE)
    before, after = "…" if begin else "", "…" if end < len(text) else ""
    shift = len(before) - begin
    moved = [(a + shift, min(b, end) + shift) for a, b in marks if begin <= a < end]
    return f"{before}{text[begin:end]}{after}", tuple(moved)
