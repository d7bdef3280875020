"""What all chapter readers share: titles, addresses, rows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.chapters.marks import mark, plain_title, source_of, web_address


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://example.com/a", "https://example.com/a"),
        (" HTTPS://Example.com/a b.png\0", "HTTPS://Example.com/a%20b.png"),
        ("https://example.com/%20?a=b&c#d", "https://example.com/%20?a=b&c#d"),
        ("http://[::1]/x", "http://[::1]/x"),
        ("ftp://example.com/", None),
        ("javascript:alert(1)", None),
        ("https:///nohost", None),
        ("http://[broken/", None),
        ("https://example.com/\nSet-Cookie:x", None),
        ("https://example.com/" + "x" * 3000, None),
        ("", None),
    ],
)
def test_only_web_addresses_pass_and_are_encoded(written: str, address: str | None) -> None:
    """Schemes http and https with a host; what may not stand in an address is percent-encoded."""
    assert web_address(written) == address


def test_titles_are_one_line_of_their_own_words() -> None:
    """Control characters and line breaks become spaces; letters of any script and joined emoji stay."""
    assert plain_title("\ufeff A\tB\r\nC\0D\u2028E 👩‍👩‍👧  왜? (Why?) ") == "A B C D E 👩‍👩‍👧 왜? (Why?)"


@pytest.mark.parametrize("start", [-0.001, math.nan, math.inf, 2e6])
def test_an_unusable_start_makes_no_mark(start: float) -> None:
    """Nothing is invented for it."""
    assert mark(start, "T") is None


@pytest.mark.parametrize(("end", "kept"), [(2.0, 2.0), (1.0, None), (0.5, None), (math.nan, None), (math.inf, None)])
def test_an_end_must_lie_behind_its_start(end: float, kept: float | None) -> None:
    """Any other says nothing."""
    made = mark(1.0, "T", end=end)
    assert made is not None
    assert made.end == kept


@given(st.lists(st.tuples(st.floats(-1, 10), st.sampled_from("AB"))))
def test_sources_are_sorted_and_lose_only_doubles_and_unusable_rows(rows: list[tuple[float, str]]) -> None:
    """Every usable row is there once, in order; rows that went are told."""
    source, notices = source_of("psc", "x", [mark(s, t) for s, t in rows])
    usable = {(round(s, 6), t) for s, t in rows if s >= 0}
    assert {(m.start, m.title) for m in source.marks} == usable
    assert len(source.marks) == len(usable)
    assert [m.start for m in source.marks] == sorted(m.start for m in source.marks)
    assert (len(usable) < len(rows)) == any(n.code == "chapter_dropped" for n in notices)
    assert source.status == ("found" if usable else "none")
