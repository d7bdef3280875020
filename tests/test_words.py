"""Words and the text they make."""

from __future__ import annotations

import pytest

from storage.documents import Segment, Word
from storage.words import text_of, width, words_of


def word(text: str, *, joined: bool = False) -> Word:
    """Return a word at no particular time."""
    return Word(start=0, end=0, text=text, joined=joined)


def test_words_are_joined_by_one_space() -> None:
    """The first word has no space before it."""
    assert text_of([word("Hello,"), word("world.")]) == "Hello, world."


def test_joined_words_have_no_space() -> None:
    """Pieces of a hyphenated word and languages without spaces stay together, also at the beginning."""
    assert text_of([word("a", joined=True), word("well-"), word("known", joined=True)]) == "a well-known"
    assert text_of([word("東京"), word("です", joined=True), word("。", joined=True)]) == "東京です。"


def test_no_words_make_no_text() -> None:
    """The empty case."""
    assert text_of([]) == ""


def test_a_segment_with_text_alone_gets_words_with_times_in_proportion() -> None:
    """The words fill the segment without gap, longer words longer."""
    made = words_of(Segment(start=10, end=20, text="ab cdef gh ij", speaker="Speaker 1"))
    assert [(w.text, w.start, w.end) for w in made] == [("ab", 10, 12), ("cdef", 12, 16), ("gh", 16, 18), ("ij", 18, 20)]
    assert {w.speaker for w in made} == {"Speaker 1"}


@pytest.mark.parametrize("text", ["東京です 。", "ที่นี่ ไทย", "mixed 日本go語 text", "한국 사람"])
def test_a_text_of_an_unspaced_script_is_cut_into_characters_that_join_to_the_same_text(text: str) -> None:
    """Estimated words make the text that they came from; marks stay with their letters."""
    made = words_of(Segment(start=0, end=5, text=text))
    assert text_of(made) == text
    assert all(width(w.text) > 0 for w in made)


def test_a_segment_with_words_keeps_them() -> None:
    """Nothing is estimated where words were heard."""
    spoken = (word("x"),)
    assert words_of(Segment(start=0, end=1, text="other", words=spoken)) == spoken
    assert words_of(Segment(start=0, end=1, text="  ")) == ()


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("東京", 4), ("é", 1), ("e\u0301", 1), ("ที่", 1), ("", 0)])
def test_width_counts_columns(text: str, columns: int) -> None:
    """Wide characters take two columns and marks none."""
    assert width(text) == columns
