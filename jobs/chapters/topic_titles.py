"""Titles for topics, from their own words: the phrases that are said here and not elsewhere in the episode.

Decisions:

- A phrase is one to three neighbouring words of one sentence, of which the first and the last carry meaning; in scripts without
  spaces, one to five pieces. It is printed as it is heard most often.
- Its worth is how often it is said here, times how rare its words are in the other topics (tf-idf); longer phrases are worth
  more, if they are said more than once.
- A second phrase follows if it is nearly as good and shares no word with the first. A topic without any phrase is `Part N`.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.chapters.cues import plain
from jobs.chapters.topic_starts import ends_sentence, is_function_word
from jobs.chapters.topic_words import terms_of
from storage.documents import Word
from storage.words import is_unspaced, text_of

_LONGEST, _LONGEST_UNSPACED = 3, 5
_WORTH = {1: 1.0, 2: 1.7, 3: 2.0}
"""By number of words, of phrases that are said more than once."""
_SECOND = 0.55
"""A second phrase must be worth at least this share of the first."""
_LOOKED_AT = 50
_EDGES = " \t.,;:!?…。、，！？；：\"'“”„‘’«»()[]-–—"

_Phrase = tuple[str, ...]


@dataclass(frozen=True)
class _Topic:
    """The words of a topic, made ready for counting."""

    words: Sequence[Word]
    bare: list[str]
    terms: list[list[str]]

    @classmethod
    def of(cls, words: Sequence[Word]) -> _Topic:
        return cls(words, [plain(word.text) for word in words], terms_of(words))


def titles_of(topics: Sequence[Sequence[Word]]) -> list[str]:
    """Return a title for the words of each topic."""
    ready = [_Topic.of(words) for words in topics]
    spread = Counter(term for topic in ready for term in set(itertools.chain.from_iterable(topic.terms)))
    rarity = {term: math.log(1 + len(topics) / count) for term, count in spread.items()}
    return [_title(topic, rarity) or f"Part {n}" for n, topic in enumerate(ready, 1)]


def _title(topic: _Topic, rarity: dict[str, float]) -> str:
    places: dict[_Phrase, list[int]] = defaultdict(list)
    for first, last in _phrases(topic):
        places[tuple(topic.bare[first:last])].append(first)
    scored: dict[_Phrase, float] = {}
    for phrase, at in places.items():
        rare = [rarity[term] for of_word in topic.terms[at[0] : at[0] + len(phrase)] for term in of_word]
        scored[phrase] = _score(phrase, len(at), sum(rare) / len(rare)) if rare else 0.0
    best = heapq.nsmallest(_LOOKED_AT, (phrase for phrase in scored if scored[phrase] > 0), key=lambda p: (-scored[p], p))
    if not best:
        return ""
    others = (phrase for phrase in best if not _overlap(phrase, best[0]) and scored[phrase] >= _SECOND * scored[best[0]])
    chosen = [best[0], *itertools.islice(others, 1)]
    title = ", ".join(_usual_form(topic, phrase, places[phrase]) for phrase in chosen)
    return title[:1].upper() + title[1:]


def _phrases(topic: _Topic) -> Iterator[tuple[int, int]]:
    """Yield the half-open ranges of words that can be phrases."""
    carries = [_carries(bare) for bare in topic.bare]
    ends = [ends_sentence(word) for word in topic.words]
    for first, bare in enumerate(topic.bare):
        if not carries[first]:
            continue
        longest = _LONGEST_UNSPACED if is_unspaced(bare[0]) else _LONGEST
        for last in range(first + 1, min(first + longest, len(ends)) + 1):
            if last - first > 1 and ends[last - 2]:
                break
            if carries[last - 1]:
                yield first, last


def _carries(bare: str) -> bool:
    if not bare or bare.isdigit() or is_function_word(bare):
        return False
    return len(bare) > 2 or is_unspaced(bare[0])


def _score(phrase: _Phrase, count: int, rarity: float) -> float:
    unspaced = bool(phrase[0]) and is_unspaced(phrase[0][0])
    length = len("".join(phrase)) if unspaced else len(phrase)
    if unspaced and length < 2:
        return 0.0
    worth = (1 + 0.4 * min(length, 6)) if unspaced else _WORTH[length]
    return count * rarity * (worth if count > 1 else 0.8)


def _overlap(a: _Phrase, b: _Phrase) -> bool:
    return any(x[:5] == y[:5] for x in a for y in b)


def _usual_form(topic: _Topic, phrase: _Phrase, places: Sequence[int]) -> str:
    """Return how a phrase is written most often."""
    forms = Counter(text_of(topic.words[at : at + len(phrase)]).strip(_EDGES) for at in places)
    return min(forms, key=lambda form: (-forms[form], form))
