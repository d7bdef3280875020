"""Several readings of one stretch, put together word by word."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.voting import elected, slots_of
from storage.documents import Word

TEXTS = st.sampled_from(["the", "no", "no,", "Yes", "signal", "noise.", "a", "…"])


@st.composite
def readings(draw: st.DrawFn) -> list[Word]:
    """Draw words in order of time, some of them in no time at all."""
    at, said = 0.0, []
    for text, length, sure in draw(st.lists(st.tuples(TEXTS, st.sampled_from([0.0, 0.2, 0.5]), st.floats(0, 1)), max_size=12)):
        said.append(Word(start=at, end=at + length, text=text, probability=sure))
        at = said[-1].end
    return said


def said(text: str, *, sure: float = 0.9, start: float = 0.0) -> list[Word]:
    """Return words of 0.4 s each."""
    words = text.split()
    return [Word(start=start + n * 0.4, end=start + n * 0.4 + 0.4, text=w, probability=sure) for n, w in enumerate(words)]


def voted(*heard: list[Word]) -> str:
    """Return what is elected."""
    return " ".join(word.text for word in map(elected, slots_of(heard)) if word is not None)


@given(st.lists(readings(), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_each_word_of_each_reading_is_in_one_slot_in_its_order(heard: list[list[Word]]) -> None:
    """Nothing is lost or doubled by aligning, whatever was heard."""
    slots = slots_of(heard)
    for at, reading in enumerate(heard):
        assert [slot[at] for slot in slots if slot[at] is not None] == reading


@given(readings(), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_what_all_readings_have_is_there_exactly_once(heard: list[Word], count: int) -> None:
    """However unsure they are."""
    assert [elected(slot) for slot in slots_of([heard] * count)] == heard


def test_what_two_of_three_have_stays() -> None:
    """A word that one of them lacks, has twice, or heard otherwise."""
    right = said("if you release a question")
    assert voted(said("if you a question"), right, right) == "if you release a question"
    assert voted(said("if you release release a question"), right, right) == "if you release a question"
    assert voted(said("if you reason a question"), right, right) == "if you release a question"


def test_of_two_readings_the_surer_one_stays() -> None:
    """A sure word outweighs nothing, and an unsure one does not."""
    assert voted(said("it is good"), said("it good")) == "it is good"
    unsure = [*said("it"), *said("is", sure=0.1, start=0.4), *said("good", start=0.8)]
    assert voted(unsure, said("it good")) == "it good"


def test_equal_words_far_apart_are_two_words() -> None:
    """The same word is said again and again in talk."""
    assert voted(said("yes"), said("yes", start=5.0)) == "yes yes"


def test_where_nobody_agrees_the_first_reading_s_word_stays() -> None:
    """If it is as sure as the others."""
    assert voted(said("eight"), said("nine"), said("four")) == "eight"
