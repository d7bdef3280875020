"""What the evidence of a made episode allows: an oracle that knows how its chapters were made, but not where they begin.

It knows every sentence as it was said, the words of every topic, and the densities from which `benchmarks.published` draws
pauses, changes of speaker and topics; of a printed time, that it is off by at most three seconds either way. Bayes' rule then
gives the sentence that most probably begins the chapter. Nobody who knows less can be right more often, so its share of right
ones is the ceiling for `jobs.chapters.snap`, which knows none of this and hears words wrongly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from benchmarks.published import (
    CHANGE,
    JINGLE,
    LATE,
    LONG_PAUSES,
    LONGER,
    MID_FLOW,
    PAUSES,
    SHORT_PAUSES,
    STRANGE,
    TOPICAL,
    Clean,
    Sentence,
)

_INSIDE_CHANGE = 0.25
"""Share of the sentences inside a chapter that another speaker says than the one before."""
_NEVER = 1e-9


def likeliest_start(episode: Clean, at: int, printed: float, off: float) -> float:
    """Return where chapter `at` most probably begins if its printed time is off by at most `off` seconds."""
    near = [n for n, s in enumerate(episode.sentences) if abs(s.start - printed) <= off]
    if not near:
        return printed
    stretch = range(max(0, near[0] - 2), min(len(episode.sentences), near[-1] + 6))
    scores = [_break(episode.sentences[n]) + _text(episode, at, n, stretch) for n in near]
    return episode.sentences[near[scores.index(max(scores))]].start


def _break(sentence: Sentence) -> float:
    """Return the log-odds of what is heard before a sentence if it begins a chapter, against inside one."""
    if sentence.jingle:
        return math.log(1 / _NEVER)
    begins = LONGER * _uniform(sentence.pause, LONG_PAUSES) + (1 - JINGLE - LONGER) * _uniform(sentence.pause, SHORT_PAUSES)
    inside = max(_NEVER, _uniform(sentence.pause, PAUSES))
    changed = CHANGE / _INSIDE_CHANGE if sentence.changed else (1 - CHANGE) / (1 - _INSIDE_CHANGE)
    return math.log(max(_NEVER, begins) / inside) + math.log(changed)


def _uniform(value: float, span: tuple[float, float]) -> float:
    return (span[0] <= value <= span[1]) / (span[1] - span[0])


def _text(episode: Clean, at: int, begin: int, stretch: range) -> float:
    """Return the log-likelihood of the sentences of a stretch if chapter `at` begins with sentence `begin`."""
    before = sum(math.log(_said(episode, episode.sentences[n], at - 1)) for n in stretch if n < begin)
    behind = [n for n in stretch if n >= begin]
    ways = []
    for named, share in _openings().items():
        told = math.log(share)
        for place, n in enumerate(behind):
            sentence = episode.sentences[n]
            if place == named:
                told += math.log(0.999 if sentence.opens else _NEVER)
            elif sentence.opens:
                told += math.log(_NEVER)
            elif place < named and named > 1:
                told += math.log(_NEVER if _topics(episode, sentence) else 1.0)
            else:
                told += math.log(_said(episode, sentence, at))
        ways.append(told)
    top = max(ways)
    return before + top + math.log(sum(math.exp(way - top) for way in ways))


def _openings() -> dict[int, float]:
    """Return how probably each of the first sentences is the one that brings up the topic."""
    told = 1 - MID_FLOW
    return {0: told * (1 - LATE), 1: told * LATE, **dict.fromkeys((2, 3, 4, 5), MID_FLOW / 4)}


def _said(episode: Clean, sentence: Sentence, chapter: int) -> float:
    """Return how probably an ordinary sentence of a chapter is about what this one is about."""
    if sentence.opens:
        return _NEVER
    topics = _topics(episode, sentence)
    other = TOPICAL * STRANGE / len(episode.topics)
    if not topics:
        return 1 - TOPICAL
    return other + TOPICAL * (1 - STRANGE) * (chapter in topics)


def _topics(episode: Clean, sentence: Sentence) -> Sequence[int]:
    return [n for n, words in enumerate(episode.topics) if words & sentence.words]
