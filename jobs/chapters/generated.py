"""Chapters made from the transcript, where nothing was published: always labelled `generated`.

Decisions:

- An episode of less than `MIN_SECONDS` or `MIN_WORDS` has none, and one whose topic does not change has none: one chapter is no
  index.
- Confidence stays under one half, however clear the change of topic is: nobody published these, and a reader who sees a number
  must not take them for the publisher's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from jobs.chapters.choose import Choice
from jobs.chapters.marks import mark
from jobs.chapters.place import Placed
from jobs.chapters.topic_titles import titles_of
from jobs.chapters.topics import Topic, find_topics
from storage.documents import ChapterSource, Coverage, Turn, Word

MIN_SECONDS = 300.0
MIN_WORDS = 200
MAX_CONFIDENCE = 0.45
_LEAST_CONFIDENCE = 0.1
_CLEAR = 40.0
"""Nats of gain at which a change of topic is clear."""


def or_generated(
    choice: Choice,
    placed: tuple[Placed, ...],
    words: Sequence[Word],
    turns: Sequence[Turn],
    coverage: Sequence[Coverage],
    *,
    duration: float,
    wanted: bool,
) -> tuple[Choice, tuple[Placed, ...]]:
    """Return what was published and where it is; where nothing was, chapters of the transcript, if they are wanted.

    `words`, `turns` and `coverage` are in file time and sorted.
    """
    if choice.kind is not None or not wanted:
        return choice, placed
    made = generated(words, turns, coverage, duration)
    if not made:
        return choice, placed
    marks = tuple(one.mark for one in made)
    reason = "chosen: nothing was published; made from the transcript"
    source = ChapterSource(kind="generated", origin="transcript", status="found", marks=marks, chosen=True, reason=reason)
    return Choice((*choice.sources, source), marks, "generated", choice.warnings), made


def generated(words: Sequence[Word], turns: Sequence[Turn], coverage: Sequence[Coverage], duration: float) -> tuple[Placed, ...]:
    """Return chapters made from what is said; none where there is too little of it, or its topic does not change."""
    if duration < MIN_SECONDS or len(words) < MIN_WORDS:
        return ()
    topics = find_topics(words, turns, coverage, duration)
    if len(topics) < 2:
        return ()
    titles = titles_of([words[topic.words[0] : topic.words[1]] for topic in topics])
    return tuple(placed for topic, title in zip(topics, titles, strict=True) if (placed := _placed(topic, title)) is not None)


def _placed(topic: Topic, title: str) -> Placed | None:
    made = mark(topic.start, title)
    return None if made is None else Placed(made, topic.start, "generated", _confidence(topic))


def _confidence(topic: Topic) -> float:
    if topic.start == 0:
        return MAX_CONFIDENCE
    return _LEAST_CONFIDENCE + (MAX_CONFIDENCE - _LEAST_CONFIDENCE) * (1 - math.exp(-max(0.0, topic.gain) / _CLEAR))
