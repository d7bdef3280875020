"""Pages of long lists."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import OptionError
from storage.paging import Page, page_of, place_of

Item = tuple[float, str]
numbers = st.floats(allow_nan=False, allow_infinity=False)
items = st.lists(st.tuples(numbers, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))), unique=True)


def after(listed: list[Item], cursor: str | None, limit: int) -> Page[Item]:
    """Return a page of a sorted list, as a database would."""
    place = None if cursor is None else place_of(cursor)
    found = [item for item in listed if place is None or item > place]
    return page_of(found[: limit + 1], limit, lambda item: item)


@given(items, st.integers(1, 5))
def test_the_pages_together_are_the_list(listed: list[Item], limit: int) -> None:
    """Nothing is left out and nothing comes twice, whatever numbers and names there are."""
    listed.sort()
    seen: list[Item] = []
    page = after(listed, None, limit)
    seen += page.items
    while page.next is not None:
        assert len(page.items) == limit
        page = after(listed, page.next, limit)
        assert page.items
        seen += page.items
    assert seen == listed


@given(items.filter(len), st.integers(1, 5), st.data())
def test_what_is_taken_out_meanwhile_shifts_nothing(listed: list[Item], limit: int, data: st.DataObject) -> None:
    """The item that a page ended with need not be there any more."""
    listed.sort()
    first = after(listed, None, limit)
    if first.next is None:
        return
    left = [item for item in listed if item not in first.items or data.draw(st.booleans())]
    assert after(left, first.next, 10_000).items == tuple(listed[limit:])


def test_an_empty_list_is_one_empty_page() -> None:
    """And there is nothing to go on to."""
    assert page_of([], 5, lambda item: item) == Page((), None)


def written(text: str) -> str:
    """Return a text as a cursor would be written."""
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")


HOSTILE = [
    "", "=", "nowhere", "größe", "\0", "a" * 5, written(""), written("[]"), written("[1]"), written("null"),
    written('["1", "a"]'),
    written("[1, 2]"), written('[NaN, "a"]'), written('[Infinity, "a"]'), written('[1e999, "a"]'), written('[1, "\\u0000"]'),
    written('[1, "a\\u0000b\\n"]'), written('[1, "\\ud800"]'), written('[1, "a", 2]'), written("[" * 100_000),
    written("[" + "9" * 5000 + ', "a"]'), written('{"0": 1, "1": "a"}'), written('[true, "a"]'),
]  # fmt: skip


@pytest.mark.parametrize("cursor", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_cursor_is_refused(cursor: str) -> None:
    """With the error that says what to give instead."""
    with pytest.raises(OptionError, match="is not the place of a page"):
        place_of(cursor)


@given(st.text() | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode("ascii")))
def test_any_cursor_is_a_place_or_refused(cursor: str) -> None:
    """No other error gets out, and no place that a database would choke on."""
    try:
        number, name = place_of(cursor)
    except OptionError:
        return
    assert number == number  # noqa: PLR0124 - not NaN
    assert "\0" not in name
