"""From a transcript to passages, and from a passage to a moment."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given

from storage.documents import Segment, Transcript, Word
from storage.export.voices import voices
from storage.search.moments import LONGEST_SENTENCE, moment_of
from storage.search.passages import LONGEST_PASSAGE, LONGEST_WORD, Entry, packed, passages_of, unpacked
from storage.search.query import parse_query
from tests.transcripts import chapter, long_transcript, segment, transcript, transcripts, unhurried

ENTRY = Entry("ep_a", "A Talk", "The Show", date(2024, 5, 1), 1.7e9, "digest")


def moment(made: Transcript, text: str, *, passage: int = 0) -> tuple[str, list[str], float]:
    """Return the sentence, the hits in it, and the second to play from."""
    found = moment_of(ENTRY, list(passages_of(made))[passage], parse_query(text))
    assert found is not None
    return found.sentence, [found.sentence[a:b] for a, b in found.marks], found.start


# ------------------------------------------------------------------ passages


def test_a_passage_lies_in_one_chapter_and_is_a_minute_or_two_long() -> None:
    """All words are in them, once and in order, with their times."""
    made = long_transcript(hours=1, total=9_000)
    passages = list(passages_of(made))
    assert sum(passage.opens_chapter for passage in passages) == len(made.chapters) == 6
    assert [passage.opens_episode for passage in passages] == [True] + [False] * (len(passages) - 1)
    assert all(sum(len(said.pieces) for said in passage.said) <= LONGEST_PASSAGE for passage in passages)
    spoken = [word for part in made.segments for word in part.words]
    assert [piece.strip() for passage in passages for said in passage.said for piece in said.pieces] == [w.text for w in spoken]
    starts = [start for passage in passages for said in passage.said for start in said.starts]
    assert starts == [round(word.start * 1000) for word in spoken]


def test_a_chapter_without_words_can_be_found_by_its_title() -> None:
    """As can an episode in which nobody speaks; hidden chapters are none."""
    made = transcript(
        [segment("Hello.")], [chapter("Music", 0, 9), chapter("Talk", 9, 20, (0, 1)), chapter("x", 3, 4, hidden=True)]
    )
    assert [(passage.chapter, passage.start, len(passage.said)) for passage in passages_of(made)] == [
        ("Music", 0, 0),
        ("Talk", 9, 1),
    ]
    (silent,) = passages_of(transcript())
    assert (silent.opens_episode, silent.chapter, silent.start) == (True, None, 0.0)


def test_what_comes_before_the_first_chapter_has_none() -> None:
    """And is played from its first word."""
    made = transcript([segment("Before.", 2.0), segment("Inside.", 9.0)], [chapter("One", 8, 20, (1, 2))])
    assert [(passage.chapter, passage.start) for passage in passages_of(made)] == [(None, 2.0), ("One", 8)]


def test_segments_and_words_without_end_are_cut() -> None:
    """No transcript makes a passage that a database would choke on."""
    endless = Segment(
        start=0, end=9, text="", speaker=None, words=tuple(Word(start=0, end=1, text="x" * 9000) for _ in range(3000))
    )
    passages = list(passages_of(transcript([endless])))
    assert len(passages) > 5
    assert all(len(said.pieces) <= LONGEST_PASSAGE for passage in passages for said in passage.said)
    assert max(len(piece) for passage in passages for said in passage.said for piece in said.pieces) <= LONGEST_WORD + 1


@unhurried
@given(transcripts(orderly=False))
def test_a_passage_is_unpacked_as_it_was_packed(made: Transcript) -> None:
    """Whatever its texts and times; speakers are those whom exports name."""
    passages = list(passages_of(made))
    assert passages
    assert [unpacked(packed(passage)) for passage in passages] == passages
    assert {name for passage in passages for name in passage.speakers} <= set(voices(made).values())


# ------------------------------------------------------------------ moments


def test_the_sentence_with_most_of_the_words_is_shown() -> None:
    """The first of several; it is played from its first hit."""
    made = transcript([segment("A tax here. Then rates there. Tax rates rise? More tax.")])
    assert moment(made, "rates tax") == ("Tax rates rise?", ["Tax", "rates"], 2.1)
    assert moment(made, "tax")[0] == "A tax here."


def test_a_phrase_may_go_on_in_what_is_said_next() -> None:
    """What is said first is shown."""
    made = transcript([segment("and so the open"), segment("model came", 5.0)])
    assert moment(made, '"open model"') == ("and so the open", ["open"], 1.05)


def test_a_long_sentence_is_shown_around_its_first_hit() -> None:
    """With an ellipsis where it goes on; marks stay where the hits are."""
    made = transcript([segment("word " * 150 + "needle " + "word " * 40)])
    sentence, hits, start = moment(made, "needle")
    assert len(sentence) <= LONGEST_SENTENCE + 2
    assert (sentence[0], sentence[-1], hits) == ("…", "…", ["needle"])
    assert start == pytest.approx(150 * 0.35)


def test_accents_case_and_forms_are_marked_as_they_are_written() -> None:
    """Though found by others."""
    made = transcript([segment("Die CRÈME e\u0301te\u0301 und ﬁne Straße.")])
    assert moment(made, "creme été fine strasse")[1] == ["CRÈME", "été", "ﬁne", "Straße"]


def test_words_of_unspaced_scripts_are_played_from_the_word_that_has_them() -> None:
    """Whisper gives such words piece by piece."""
    pieces = [("今日", 1.0), ("は", 1.5), ("東", 2.0), ("京", 2.5), ("です。", 3.0)]
    spoken = tuple(Word(start=at, end=at + 0.4, text=text, joined=place > 0) for place, (text, at) in enumerate(pieces))
    made = transcript([Segment(start=1, end=4, text="今日は東京です。", words=spoken)])
    assert moment(made, "東京") == ("今日は東京です。", ["東京"], 2.0)
    assert moment(made, "京で") == ("今日は東京です。", ["京で"], 2.5)
    assert moment(made, "日") == ("今日は東京です。", ["日"], 1.0)


def test_who_says_it_counts() -> None:
    """A passage of two in which the other one says it is none."""
    made = transcript([segment("I ask about tax.", speaker="Speaker 1"), segment("And I answer.", 9, speaker="Speaker 2")])
    (passage,) = passages_of(made)
    assert moment_of(ENTRY, passage, parse_query("speaker:ann answer")) is None
    assert moment_of(ENTRY, passage, parse_query("speaker:bob tax")) is None
    found = moment_of(ENTRY, passage, parse_query('speaker:"speaker 2" talk'))
    assert found is not None
    assert (found.speaker, found.start, found.marks) == ("Speaker 2", 9.0, ())
