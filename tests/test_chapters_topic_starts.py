"""The places where a topic may begin, and what speaks for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jobs.chapters.topic_starts import SpokenTitles, music_starts, topic_starts
from storage.documents import Coverage, CoverageKind, Turn, Word


def words(*spoken: tuple[float, float, str], speaker: str | None = None) -> list[Word]:
    return [Word(start=s, end=e, text=t, speaker=speaker) for s, e, t in spoken]


def sound(*pieces: tuple[float, float, CoverageKind]) -> list[Coverage]:
    return [Coverage(start=s, end=e, kind=k) for s, e, k in pieces]


def test_sentences_pauses_and_speakers_make_places() -> None:
    """The middle of a sentence without a pause does not."""
    said = words((0, 1, "One"), (1, 2, "two."), (2.1, 3, "Three"), (3, 4, "four"), (4.5, 5, "five"), (5, 6, "six"))
    assert [p.time for p in topic_starts(said, (), ())] == [0, 2.1, 4.5]
    turns = [Turn(start=0, end=3, speaker="A"), Turn(start=3, end=6, speaker="B")]
    assert [p.time for p in topic_starts(said, turns, ())] == [0, 2.1, 3, 4.5]


def test_a_longer_pause_music_and_a_new_voice_speak_for_a_place() -> None:
    """Each adds evidence; the middle of a sentence takes some away."""
    base = words((0, 1, "One."), (1.4, 2, "Two."))
    ordinary = topic_starts(base, (), ())[1].evidence
    assert topic_starts(words((0, 1, "One."), (2.4, 3, "Two.")), (), ())[1].evidence > ordinary
    assert (
        topic_starts(
            [base[0], replace(base[1], speaker="B")],
            [Turn(start=0, end=1, speaker="A"), Turn(start=1.4, end=2, speaker="B")],
            (),
        )[1].evidence
        > ordinary
    )
    long = words((0, 1, "One."), (3.4, 4, "Two."))
    jingle = sound((0, 1, "speech"), (1, 3.4, "music"), (3.4, 4, "speech"))
    assert topic_starts(long, (), jingle)[1].evidence > topic_starts(long, (), ())[1].evidence
    assert topic_starts(words((0, 1, "One"), (1.4, 2, "Two.")), (), ())[1].evidence < ordinary


def test_a_transcript_without_punctuation_is_read_by_its_pauses() -> None:
    """No place is blamed for the missing full stop before it."""
    with_stops = words((0, 1, "one."), (1.4, 2, "two."))
    without = words((0, 1, "one"), (1.4, 2, "two"))
    assert topic_starts(without, (), ())[1].evidence == topic_starts(with_stops, (), ())[1].evidence


@pytest.mark.parametrize(
    ("word", "pieces", "heard"),
    [
        ((4.6, 5.6), [(0, 4, "speech"), (4, 5.1, "silence"), (5.1, 6, "speech")], 5.1),
        ((3.9, 5.6), [(0, 4, "speech"), (4, 5.1, "music"), (5.1, 6, "speech")], 5.1),
        ((4.6, 5.6), [(0, 6, "speech")], 4.6),
        ((4.6, 5.0), [(0, 4, "speech"), (4, 5.4, "silence"), (5.4, 6, "speech")], 4.6),
        ((4.6, 5.0), [], 4.6),
    ],
)
def test_a_word_is_heard_where_speech_sets_in(
    word: tuple[float, float], pieces: list[tuple[float, float, CoverageKind]], heard: float
) -> None:
    """A start inside a pause moves to the onset, if the onset is not behind the word by far."""
    said = words((0, 3.5, "Before."), (*word, "Then"))
    assert topic_starts(said, (), sound(*pieces))[1].time == heard


@pytest.mark.parametrize(
    ("pieces", "heard"),
    [
        ([(0, 4, "speech"), (4, 5, "silence"), (5, 9, "speech")], 5),
        ([(0, 4, "speech"), (4, 5, "music"), (5, 5.6, "unclear"), (5.6, 9, "speech")], 5),
        ([(0, 4, "speech"), (4, 5.7, "silence"), (5.7, 9, "speech")], 6),
        ([(0, 3, "speech"), (3, 4.2, "music"), (4.2, 9, "speech")], 6),
        ([(0, 9, "speech")], 6),
    ],
    ids=["pause", "jingle", "a breath", "too long ago", "no pause"],
)
def test_a_topic_whose_first_words_were_left_out_begins_where_the_voice_sets_in(
    pieces: list[tuple[float, float, CoverageKind]], heard: float
) -> None:
    """If the voice sets in behind the word before, and no more than a few words can have been left out."""
    said = words((0, 3, "Before."), (6, 6.5, "Then"))
    assert topic_starts(said, (), sound(*pieces))[1].time == heard


def test_only_real_music_is_a_place() -> None:
    """A short noise is none."""
    assert [p.time for p in music_starts(sound((0, 2, "music"), (2, 5, "speech"), (5, 5.3, "music"), (6, 9, "silence")))] == [0]


TEXT = "We talked long. Yes, I agree. Let's move on to scaling laws. Scaling laws are simple. Thank you for listening. Goodbye."
SAID = [Word(start=n, end=n + 0.5, text=t) for n, t in enumerate(TEXT.split())]
STARTS = [n for n, w in enumerate(SAID) if n == 0 or SAID[n - 1].text.endswith(".")]


@pytest.mark.parametrize(
    ("title", "opens"),
    [("Scaling Laws", "Let's"), ("scaling-laws?", "Let's"), ("Outro", "Thank"), ("Zzz", "Let's"), ("", "Let's")],
)
def test_the_title_belongs_to_the_sentence_that_first_says_it(title: str, opens: str) -> None:
    """Neither to the "Yes." before it nor to the sentence that says it again."""
    spoken = SpokenTitles(SAID)
    if title == "scaling-laws?":
        title = title.replace("-", " ")
    following = dict(zip(STARTS, [*STARTS[1:], len(SAID)], strict=True))
    best = max(STARTS, key=lambda at: spoken.evidence(title, at, following[at]))
    assert SAID[best].text == opens
