"""Many words copied at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.documents import Word
from storage.word_columns import with_columns

times = st.floats(0, 1e5)
labels = st.none() | st.sampled_from(["A", "B"])
a_word = st.builds(
    Word,
    start=times,
    end=times,
    text=st.text(max_size=3),
    probability=st.none() | st.floats(0, 1),
    speaker=labels,
    joined=st.booleans(),
)


@given(st.lists(st.tuples(a_word, times, times, labels)))
def test_copies_are_what_copying_each_word_gives(drawn: list[tuple[Word, float, float, str | None]]) -> None:
    """Fields that are not given stay, and so do the words that were copied."""
    words = [word for word, _, _, _ in drawn]
    before = [replace(word) for word in words]
    starts, ends, speakers = [at for _, at, _, _ in drawn], [to for _, _, to, _ in drawn], [who for _, _, _, who in drawn]
    assert with_columns(words) == tuple(words)
    assert with_columns(words, speaker=speakers) == tuple(replace(word, speaker=who) for word, _, _, who in drawn)
    assert with_columns(words, start=starts, end=ends) == tuple(replace(word, start=at, end=to) for word, at, to, _ in drawn)
    assert words == before


def test_copies_look_like_words_that_were_validated() -> None:
    """They print and compare like them."""
    (made,) = with_columns([Word(start=0, end=1, text="a", probability=0.5)], speaker=["A"])
    wanted = Word(start=0, end=1, text="a", probability=0.5, speaker="A")
    assert (made, repr(made), hash(made)) == (wanted, repr(wanted), hash(wanted))


@pytest.mark.parametrize("speakers", [[], ["A"], ["A", "B", "C"]])
def test_there_must_be_a_value_for_each_word(speakers: list[str | None]) -> None:
    """Else words would be left without a speaker, or speakers without a word."""
    words = [Word(start=0, end=1, text="a"), Word(start=1, end=2, text="b")]
    with pytest.raises(ValueError, match="argument 2"):
        with_columns(words, speaker=speakers)
