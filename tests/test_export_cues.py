"""Cutting a transcript into cues."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.documents import Segment, Transcript, Word
from storage.export.cues import LINE_WIDTH, LONGEST_CUE, cues_of, lines_of
from storage.words import text_of, width
from tests.transcripts import chapter, segment, squeezed, transcript, transcripts, unhurried, words

SPEECH = (
    "Welcome back to the show. Today we talk about chapters, which are harder than they look, because nobody agrees on "
    "what a chapter is; still, we try. Have you ever wondered why? I have, and so has my guest."
)


def test_cues_break_at_sentences_and_clauses_where_they_can() -> None:
    """No cue of ordinary speech ends in the middle of a clause."""
    cues = cues_of(transcript([segment(SPEECH)]))
    assert len(cues) >= 3
    assert all(cue.words[-1].text[-1] in ".,;?" for cue in cues)


def test_a_chapter_start_begins_a_cue_also_inside_a_segment() -> None:
    """A cue of the old chapter does not reach into the new one."""
    talk = segment("one two three four five six")
    cues = cues_of(transcript([talk], [chapter("A", 0, 1), chapter("B", talk.words[3].start, 5, (1, 1))]))
    assert [text_of(cue.words) for cue in cues] == ["one two three", "four five six"]


def test_a_chapter_that_opens_a_segment_does_not_cut_it_again() -> None:
    """The segment began a little before the chapter's start: one word alone would be odd."""
    talk = segment("one two three", 9.9)
    assert len(cues_of(transcript([talk], [chapter("A", 10.0, 12, (0, 1))]))) == 1


def test_a_change_of_speaker_begins_a_cue_and_is_announced_once() -> None:
    """Words of two speakers never share a cue, even inside one segment."""
    both = (*words("yes I do", speaker="Speaker 1"), *words("me too", 2, speaker="Speaker 2"))
    cues = cues_of(
        transcript([Segment(start=0, end=3, text="yes I do me too", words=both), segment("and me", 3, speaker="Speaker 2")])
    )
    assert [(cue.speaker, cue.announced, text_of(cue.words)) for cue in cues] == [
        ("Speaker 1", True, "yes I do"),
        ("Speaker 2", True, "me too"),
        ("Speaker 2", False, "and me"),
    ]


def test_a_long_pause_ends_a_cue() -> None:
    """A caption does not stay on the screen through a silence."""
    spoken = (*words("before it"), *words("after it", 4))
    cues = cues_of(transcript([Segment(start=0, end=5, text="", words=spoken)]))
    assert [text_of(cue.words) for cue in cues] == ["before it", "after it"]


def test_overlapping_words_of_two_segments_do_not_make_overlapping_cues() -> None:
    """The first cue ends where the second begins."""
    first, second = cues_of(transcript([segment("a b c d e f"), segment("x y", 1.0, speaker="Speaker 2")]))
    assert (first.start_ms, first.end_ms, second.start_ms) == (0, 1000, 1000)


def test_text_without_spaces_is_cut_to_lines_of_wide_characters() -> None:
    """21 wide characters make a full line; no space gets in."""
    spoken = tuple(
        Word(start=n * 0.1, end=n * 0.1 + 0.1, text=c, joined=n > 0) for n, c in enumerate("東京の朝はとても静かです。" * 8)
    )
    cues = cues_of(transcript([Segment(start=0, end=11, text="", words=spoken)]))
    lines = [line for cue in cues for line in lines_of(cue.words)]
    assert max(width(line) for line in lines) <= LINE_WIDTH
    assert "".join(lines) == "東京の朝はとても静かです。" * 8


def test_a_hyphenated_word_is_not_broken() -> None:
    """Joined pieces of a spaced script stay on one line."""
    pieces = words("aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbb well- known ccccccccccccccccccc")
    joined = tuple(replace(w, joined=w.text == "known") for w in pieces)
    assert any("well-known" in line for line in lines_of(joined))


@pytest.mark.parametrize("indent", [0, 12])
def test_two_lines_are_about_as_wide_as_each_other(indent: int) -> None:
    """A cue of 60 columns is not set as 42 and 18."""
    lines = lines_of(words("aaaa bbbb cccc dddd eeee ffff gggg hhhh iiii jjjj kkkk llll"), indent)
    assert len(lines) == 2
    assert abs(width(lines[0]) + indent - width(lines[1])) <= 6


@unhurried
@given(st.lists(st.text("abcde.,", min_size=1, max_size=14), min_size=1, max_size=80), st.floats(0.05, 2), st.floats(0, 3))
def test_ordinary_cues_keep_the_limits(tokens: list[str], each: float, gap: float) -> None:
    """At most two lines of 42 columns and seven seconds, whatever the words and the speed."""
    spoken = words(" ".join(tokens), each=each, gap=gap)
    for cue in cues_of(transcript([Segment(start=0, end=spoken[-1].end, text="", words=spoken)])):
        lines = lines_of(cue.words)
        assert len(lines) <= 2
        assert max(width(line) for line in lines) <= LINE_WIDTH
        assert cue.end_ms - cue.start_ms <= LONGEST_CUE * 1000 + 1


@unhurried
@given(transcripts(orderly=False))
def test_cues_of_words_in_any_disorder_grow_and_lose_nothing(drawn: Transcript) -> None:
    """Times that make no sense still give cues that follow one another, with every word in its place."""
    cues = cues_of(drawn)
    assert all(cue.start_ms < cue.end_ms for cue in cues)
    assert all(one.end_ms <= two.start_ms for one, two in pairwise(cues))
    said = squeezed("".join(word.text for cue in cues for word in cue.words))
    assert said == squeezed("".join(word.text for part in drawn.segments for word in part.words))
