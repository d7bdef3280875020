from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.character_references import unescaped

PIECES = (
    *(
        "&",
        "&#",
        "&#x",
        ";",
        "#",
        "x",
        "X",
        "0",
        "1",
        "65",
        "150",
        "8211",
        "55296",
        "64976",
        "65534",
        "128512",
        "1114111",
        "1114112",
    ),
    *(
        "amp",
        "lt",
        "notit",
        "notin",
        "eacute",
        "frac12",
        "CounterClockwiseContourIntegral",
        "a",
        "Z",
        "-",
        " ",
        "\n",
        "<",
        "é",
        "٣",
    ),
)


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_references_mean_what_they_mean_to_the_standard_library(text: str) -> None:
    """By number and by name, with and without a semicolon, or what only begins like one."""
    assert unescaped(text) == html.unescape(text)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("&#" + "9" * 5_000 + ";", "\ufffd"),
        ("&#x" + "f" * 5_000 + "!", "\ufffd!"),
        ("&#" + "0" * 5_000 + "65;", "A"),
        ("&#x" + "0" * 20 + "2013", "–"),
    ],
)
def test_a_number_may_have_thousands_of_digits(text: str, meaning: str) -> None:
    """The standard library raises at these."""
    assert unescaped(text) == meaning
