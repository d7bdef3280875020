"""Making strings from outside harmless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.plain import one_line, web_address


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  a \n\t b\r\nc ", "a b c"),
        ("nul\0bell\x07", "nulbell"),
        ("a\u2028b\u0085c\x0bd", "a b c d"),
        ("\ufffe", ""),
        ("a \0 b", "a b"),
        ("👩‍👧", "👩‍👧"),
    ],
)
def test_a_text_becomes_one_line(text: str, line: str) -> None:
    """White space is one space, controls are gone, emoji stay whole."""
    assert one_line(text) == line


@given(st.text())
def test_one_line_is_one_line_and_stays_so(text: str) -> None:
    """No line breaks by anybody's rules, no space at the ends, and the same again."""
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip() == one_line(line)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://a.example/x?y=1&z=2#f", "https://a.example/x?y=1&z=2#f"),
        (" HTTP://a.example/a b.png ", "HTTP://a.example/a%20b.png"),
        ("https://a.example/(1)[2]<3>\"'", "https://a.example/%281%29%5B2%5D%3C3%3E%22%27"),
        ("http://[2001:db8::1]:80/a[1]", "http://[2001:db8::1]:80/a%5B1%5D"),
        ("https://a.example/é", "https://a.example/é"),
        ("https://a.example/\0\n", "https://a.example/"),
        ("javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("JaVaScRiPt:https://a.example", None),
        ("data:text/html,x", None),
        ("//a.example/x", None),
        ("https://", None),
        ("", None),
        (None, None),
    ],
)
def test_only_web_addresses_pass(url: str | None, address: str | None) -> None:
    """Addresses of http and https pass, with what could end the link escaped; all else is dropped."""
    assert web_address(url) == address
