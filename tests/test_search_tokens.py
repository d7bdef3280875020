"""Tokens: what is looked up of a text, in any script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.search.tokens import LONGEST_TOKEN, indexed_text, tokens_of


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Hello, World's END", "hello world s end"),
        ("Crème brûlée, Straße, ŁÓDŹ", "creme brulee strasse łodz"),
        ("e\u0301te\u0301 ａｂｃ１ ﬁne", "ete abc1 fine"),
        ("東京都に", "東京 京都 都に に"),
        ("東京tower都", "東京 京 tower 都"),
        ("한국어", "한국 국어 어"),
        ("ไป", "ไป ป"),
        ("हिन्दी में", "हिन्दी में"),
        ("が か", "が か"),
        ("1,000.5 a_b — 👩‍👩‍👧 ☃", "1 000 5 a b"),
    ],
)
def test_words_are_in_one_case_and_without_accents_and_unspaced_scripts_in_pairs(text: str, tokens: str) -> None:
    """Marks that are letters to their readers stay: those of Hindi, Thai and Japanese."""
    assert indexed_text(text) == tokens


@given(st.text(st.characters(), max_size=60))
def test_tokens_stand_for_what_they_were_made_of(text: str) -> None:
    """In order, inside the text, without a space; and the index is given just these."""
    found = list(tokens_of(text))
    assert indexed_text(text) == " ".join(token.text for token in found)
    assert indexed_text(text).split(" ") == ([token.text for token in found] or [""])
    starts = [token.start for token in found]
    assert starts == sorted(set(starts))
    for token in found:
        assert 0 < len(token.text) <= LONGEST_TOKEN
        assert 0 <= token.start < token.end <= len(text)
        assert all(character.isascii() is False or character.isalnum() for character in token.text)


@given(st.text("東京都大学はがไปกน가나", min_size=1, max_size=12), st.data())
def test_any_piece_of_an_unspaced_text_is_a_phrase_of_its_pairs(text: str, data: st.DataObject) -> None:
    """The pairs of a piece follow each other in the text, too."""
    begin = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(begin + 1, len(text)))
    piece = [token.text for token in tokens_of(text[begin:end])]
    whole = [token.text for token in tokens_of(text)]
    if len(piece) == 1:
        assert any(token.startswith(piece[0]) for token in whole)
    else:
        inner = piece[:-1]
        assert any(whole[at : at + len(inner)] == inner for at in range(len(whole)))
