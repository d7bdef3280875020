"""A phrase inside one episode."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.pages.episode_view import episode_view
from service.pages.finding import MOST, find
from storage.documents import Transcript, Word
from tests.transcripts import long_transcript, segment, transcript, transcripts, unhurried


def test_a_phrase_is_found_in_any_case_with_the_second_of_its_first_word() -> None:
    """Also in the middle of a word; the text around it stays."""
    view = episode_view(transcript([segment("Well, Open models are open.", 10.0)]))
    found = find("  open   MODELS ", view.sections)
    (place,) = found.places
    assert place.start == pytest.approx(10.35)
    assert [(piece.text, piece.found) for piece in found.marked[0]] == [
        ("Well, ", False), ("Open models", True), (" are open.", False)
    ]  # fmt: skip
    assert [place.start for place in find("ode", view.sections).places] == [pytest.approx(10.7)]


def test_a_phrase_is_found_where_no_spaces_part_words() -> None:
    """With the time of the character in which it begins."""
    spoken = tuple(Word(start=n, end=n + 1, text=c, joined=n > 0) for n, c in enumerate("東京は大きい👍です"))
    said = segment("x").model_copy(update={"words": spoken, "text": "東京は大きい👍です"})
    assert [place.start for place in find("大き", episode_view(transcript([said])).sections).places] == [3.0]
    assert [place.start for place in find("です", episode_view(transcript([said])).sections).places] == [7.0]


def test_nothing_is_found_of_nothing_and_no_pattern_is_read_as_one() -> None:
    """What people type is text."""
    sections = episode_view(transcript([segment("Is it (really) .* so?")])).sections
    assert find("   ", sections).places == ()
    assert len(find("(really) .*", sections).places) == 1
    assert find(".+", sections).places == ()


def test_a_frequent_word_is_marked_so_often_and_no_more() -> None:
    """And says so."""
    found = find("the", episode_view(long_transcript(3, 30_000)).sections)
    assert len(found.places) == MOST
    assert found.more


@unhurried
@given(transcripts(), st.text(max_size=5))
def test_marked_pieces_make_the_text_they_are_of(made: Transcript, phrase: str) -> None:
    """Whatever is looked for."""
    sections = episode_view(made).sections
    texts = [paragraph.text for section in sections for paragraph in section.paragraphs]
    found = find(phrase, sections)
    for number, pieces in found.marked.items():
        assert "".join(piece.text for piece in pieces) == texts[number]
    assert len(found.places) == sum(piece.found for pieces in found.marked.values() for piece in pieces)
