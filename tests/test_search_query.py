"""What people type: any text is a query, or refused with what to do."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from storage.errors import OptionError, QueryInvalid
from storage.search.query import LONGEST_QUERY, MOST_TERMS, Query, Term, parse_query


def term(*tokens: str, open_ended: bool = False) -> Term:
    """Return a word or a phrase."""
    return Term(tokens, open_ended)


def test_words_phrases_beginnings_and_what_is_left_out_are_told_apart() -> None:
    """In any order; marks that mean nothing are passed over."""
    query = parse_query('Tax, "open  model" transcrib* -crypto "speech rec*" -"old news" … !')
    assert query.terms == (
        term("tax"), term("open", "model"), term("transcrib", open_ended=True), term("speech", "rec", open_ended=True),
    )  # fmt: skip
    assert query.excluded == (term("crypto"), term("old", "news"))


def test_filters_take_a_word_or_a_phrase() -> None:
    """In any case of their names; what only looks like a filter is text."""
    query = parse_query('show:"The Daily" SPEAKER:ann speaker:other chapter:news ratio:3 10:30 https://a.example/b')
    assert query.shows == (term("the", "daily"),)
    assert query.speakers == (term("ann"), term("other"))
    assert query.chapters == (term("news"),)
    assert query.terms == (term("ratio", "3"), term("10", "30"), term("https", "a", "example", "b"))


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("after:2024", date(2024, 1, 1), None),
        ("before:2024-05", None, date(2024, 5, 1)),
        ("after:2024-5-1 before:2024-05-02", date(2024, 5, 1), date(2024, 5, 2)),
        ('after:"2024-02-29"', date(2024, 2, 29), None),
    ],
)
def test_days_months_and_years_begin_with_their_first_day(text: str, since: date | None, until: date | None) -> None:
    """`after:` is inclusive, `before:` is not."""
    query = parse_query(text)
    assert (query.since, query.until) == (since, until)


def test_a_quotation_mark_that_nobody_closes_opens_a_phrase_to_the_end() -> None:
    """People type so while they search; the quotation marks of a word processor will do, too."""
    assert parse_query('tax "open mod').terms == (term("tax"), term("open", "mod"))
    assert parse_query("“open model” tax").terms == (term("open", "model"), term("tax"))


def test_pieces_of_scripts_without_spaces_are_pairs() -> None:
    """A single character is the beginning of pairs; in the middle of a phrase it stands alone, as in the text."""
    assert parse_query("東京").terms == (term("東京"),)
    assert parse_query("東京大学").terms == (term("東京", "京大", "大学"),)
    assert parse_query("東").terms == (term("東", open_ended=True),)
    assert parse_query("東京tower 学").terms == (term("東京", "京", "tower"), term("学", open_ended=True))
    assert parse_query("ครับ").terms == (term("คร", "รั", "ับ"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no word to look for"), (" \t ", "no word to look for"), ('"" *** -- “”', "no word to look for"),
        ("-only -this", "only words to leave out"), ("ab*", "stands for too many words"), ("show:", "needs a name"),
        ('speaker:"!" tax', "needs a name"), ("after:", "needs a date"), ("after:soon", "needs a date"),
        ("before:2024-13", "needs a date"), ("after:0000", "needs a date"), ("after:2023-02-29", "needs a date"),
        ("tax after:2024 before:2024", "No day is after"), ("-show:daily tax", "cannot be left out"),
        ("x" * (LONGEST_QUERY + 1), "the most"), (" ".join(map(str, range(MOST_TERMS + 1))), "too many words"),
        (f'"{"a " * 70}"', "too many words"), ("字" * 100, "too many words"),
    ],
)  # fmt: skip
def test_what_is_no_query_is_refused_with_what_to_do(text: str, said: str) -> None:
    """As an error of options, which the API answers with 422."""
    with pytest.raises(QueryInvalid, match=said) as caught:
        parse_query(text)
    assert caught.value.hint
    assert isinstance(caught.value, OptionError)


SYNTAX = [
    '"',
    "*",
    "-",
    ":",
    "(",
    ")",
    "AND",
    "OR",
    "NOT",
    "NEAR(",
    "show:",
    "after:",
    "^",
    "{words}",
    "+",
    "'",
    "\\",
    "\0",
    "\ud800",
]
hostile = st.lists(st.one_of(st.sampled_from(SYNTAX), st.text(max_size=8)), max_size=20).map(" ".join) | st.text(max_size=60)


@given(hostile)
@example('"' * 400)
@example("-" * 500)
@example("a:" * 250)
@example("show:show:show:")
def test_any_text_is_a_query_or_refused(text: str) -> None:
    """And every token of a query is made of letters and digits, whatever was typed."""
    try:
        query = parse_query(text)
    except QueryInvalid:
        return
    assert isinstance(query, Query)
    terms = (*query.positive, *query.excluded)
    assert 0 <= len(terms) <= MOST_TERMS
    for found in terms:
        assert found.tokens
        assert all(token and not set(token) & set(" \"'*:()\\\0") for token in found.tokens)
