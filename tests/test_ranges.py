"""Ranges of bytes, as players ask for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.ranges import Unsatisfiable, wanted_range


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("bytes=0-", (0, 99)),
        ("bytes=0-0", (0, 0)),
        ("bytes=10-19", (10, 19)),
        ("Bytes=90-500", (90, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-500", (0, 99)),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-5", None),
        ("bytes=a-b", None),
        ("bytes=٣-٤", None),
        ("", None),
    ],
)
def test_one_range_is_read_and_anything_else_counts_for_nothing(header: str, wanted: tuple[int, int] | None) -> None:
    """Of a file of a hundred bytes."""
    assert wanted_range(header, 100) == wanted


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=0-", 0), ("bytes=-0", 100), ("bytes=-5", 0)])
def test_a_range_without_a_byte_of_the_file_is_refused(header: str, size: int) -> None:
    """It begins at the end or after it, or has no length."""
    with pytest.raises(Unsatisfiable):
        wanted_range(header, size)


@given(st.one_of(st.text(max_size=40), st.from_regex(r"bytes=\d{0,20}-\d{0,20}", fullmatch=True)), st.integers(0, 1000))
def test_whatever_is_asked_for_lies_inside_the_file(header: str, size: int) -> None:
    """Or is refused."""
    try:
        found = wanted_range(header, size)
    except Unsatisfiable:
        return
    assert found is None or 0 <= found[0] <= found[1] < size
