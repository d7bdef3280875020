"""Phrases that go with titles."""

from __future__ import annotations

import pytest

from jobs.chapters.cues import OPENERS, ROLES, plain, roles_of, says


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("Intro", "opening"),
        ("Outro & Credits", "closing"),
        ("Conclusions", "closing"),
        ("A word from our sponsor", "sponsor"),
        ("Werbung", "sponsor"),
        ("Q&A", "questions"),
        ("Introspection", None),
        ("Loads of adventures", None),
    ],
)
def test_titles_name_their_role_by_whole_words(title: str, role: str | None) -> None:
    """A word inside another one is none."""
    assert [r.name for r in roles_of(title)] == ([role] if role else [])


def test_phrases_are_found_as_whole_words_and_bare() -> None:
    """Case and punctuation do not matter; a part of a word does."""
    closing = next(r for r in ROLES if r.name == "closing")
    assert says(closing.said, [plain(w) for w in ["Well,", "THANK", "you,", "for", "listening!"]])
    assert not says(closing.said, [plain(w) for w in ["The", "byes", "of", "old"]])


def test_every_phrase_is_written_as_it_is_compared() -> None:
    """A phrase with a capital or an apostrophe could never be found."""
    for phrase in (*OPENERS, *(p for role in ROLES for p in role.said)):
        assert phrase == f" {' '.join(plain(w) for w in phrase.split())} "
