"""Which of two chapters the words around their boundary belong to."""

from __future__ import annotations

import itertools

from jobs.chapters.topic_sides import TopicSides
from storage.documents import Word

BEES = "honey hive nectar pollen swarm queen keeper"
TRAINS = "railway tunnel signal platform carriage driver station"
PLAIN = "people often think about what this might really mean for them"


def talk(*sentences: str) -> list[Word]:
    """One word a second."""
    return [Word(start=at, end=at + 0.8, text=text) for at, text in enumerate(" ".join(sentences).split())]


def episode(*middle: str) -> list[Word]:
    """Bees, some words in the middle, trains, and a chapter about nothing."""
    return talk(*(BEES, PLAIN) * 4, *middle, *(TRAINS, PLAIN) * 4, *(PLAIN,) * 20)


LONG = 4 * len(f"{BEES} {PLAIN}".split())
"""Words before the middle."""


def test_the_topic_changes_between_the_words_of_both() -> None:
    """A place behind the last word of the old topic and before the first one of the new is the likeliest."""
    words = episode("the hive was full", "we saw each other again", "the tunnel was dark")
    boundary = TopicSides(words).boundary((LONG, LONG + 13), (0.0, 2.0 * LONG + 13))
    before, between, behind = boundary.evidence([LONG, LONG + 4, LONG + 13])
    assert between > before
    assert between > behind


def test_a_sentence_names_the_topic_that_begins() -> None:
    """Not the one that ends, and not what is said everywhere."""
    words = episode("the hive was full", "people often think", "the tunnel was dark")
    boundary = TopicSides(words).boundary((LONG, LONG + 11), (0.0, 2.0 * LONG + 11))
    assert [boundary.opens(LONG + a, LONG + b) for a, b in itertools.pairwise((0, 4, 7, 11))] == [False, False, True]


def test_a_chapter_of_a_few_words_tells_nothing() -> None:
    """Without a vocabulary on both sides all places are alike."""
    words = talk(BEES, PLAIN, TRAINS)
    boundary = TopicSides(words).boundary((8, 14), (0.0, float(len(words))))
    assert boundary.evidence([8, 11, 14]) == [0.0, 0.0, 0.0]
    assert not boundary.opens(0, len(words))
    assert TopicSides([]).boundary((0, 6), (0.0, 60.0)).evidence([]) == []
