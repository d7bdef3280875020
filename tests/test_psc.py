"""Podlove Simple Chapters."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.chapters.marks import MAX_TITLE
from jobs.chapters.psc import MAX_ROWS, parse_npt, read_psc
from storage.errors import BadChapters, EarmarkError

NAMESPACE = 'xmlns:psc="http://podlove.org/simple-chapters"'


def assert_explained(error: EarmarkError) -> None:
    assert error.message
    assert error.hint


def file(rows: str, namespace: str = NAMESPACE) -> bytes:
    return f'<?xml version="1.0"?><psc:chapters version="1.2" {namespace}>{rows}</psc:chapters>'.encode()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("01:35:52", 5752),
        ("7:48", 468),
        ("35:12.250", 2112.25),
        ("05:12:03.5", 18723.5),
        ("37", 37),
        ("0", 0),
        (" 90 ", 90),
        ("75:10", 4510),
    ],
)
def test_every_form_of_normal_play_time_is_read(text: str, seconds: float) -> None:
    """The forms that live feeds print."""
    assert parse_npt(text) == seconds


@pytest.mark.parametrize("text", [None, "", "now", "-1", "1:75", "1:60:00", "1:2:3:4", "1e5", "nan", "9" * 400, "12:"])
def test_what_is_not_a_time_is_none(text: str | None) -> None:
    """Minutes and seconds above 59 are mistakes where a larger unit stands before them."""
    assert parse_npt(text) is None


@pytest.mark.parametrize(
    "namespace",
    [NAMESPACE, 'xmlns:psc="http://podlove.org/simple-chapters/"', "", 'xmlns:psc="HTTP://podlove.org/simple-chapters"'],
)
def test_rows_are_sorted_and_carry_links_and_images(namespace: str) -> None:
    """With or without the trailing slash, even undeclared."""
    rows = (
        '<psc:chapter start="1:00" title=" Second  one " href="javascript:x" image="img 1.jpg"/>'
        '<psc:chapter start="0" title="First" href="https://x.example/a b"/>'
    )
    source, notices = read_psc(file(rows, namespace), "https://x.example/c/1.psc")
    assert (source.kind, source.status, source.origin, notices) == ("psc", "found", "https://x.example/c/1.psc", ())
    assert [(mark.start, mark.title, mark.url, mark.image) for mark in source.marks] == [
        (0, "First", "https://x.example/a%20b", None),
        (60, "Second one", None, "https://x.example/c/img%201.jpg"),
    ]


def test_a_broken_row_is_dropped_with_a_notice_and_the_rest_is_kept() -> None:
    """Start and title are required; equal starts are both kept."""
    rows = (
        '<psc:chapter start="x" title="a"/><psc:chapter title="b"/><psc:chapter start="1" title=" "/>'
        '<psc:chapter start="2" title="c"/><psc:chapter start="2" title="d"/><other/>'
    )
    source, notices = read_psc(file(rows), "it")
    assert [mark.title for mark in source.marks] == ["c", "d"]
    assert [notice.message.split(" was")[0] for notice in notices] == ["it: row 1", "it: row 2", "it: row 3"]


def test_a_row_printed_twice_is_kept_once_and_another_title_at_its_time_is_kept() -> None:
    """As in every other format."""
    rows = "".join(f'<psc:chapter start="{start}" title="{title}"/>' for start, title in [("0", "A"), ("0:00", "A"), ("0", "B")])
    source, notices = read_psc(file(rows), "x")
    assert [mark.title for mark in source.marks] == ["A", "B"]
    assert [notice.code for notice in notices] == ["chapter_dropped"]


def test_a_row_printed_twice_stands_where_it_was_first() -> None:
    """Before another title at its time."""
    rows = "".join(f'<psc:chapter start="0" title="{title}"/>' for title in "ABA")
    source, _ = read_psc(file(rows), "x")
    assert [mark.title for mark in source.marks] == ["A", "B"]


def test_a_title_is_one_line_of_bearable_length() -> None:
    """Whatever an attribute holds."""
    source, _ = read_psc(file(f'<psc:chapter start="0" title="A&#10;  b {"c" * 5000}"/>'), "x")
    assert source.marks[0].title.startswith("A b ccc")
    assert len(source.marks[0].title) == MAX_TITLE


def test_an_empty_list_is_none_and_an_unreadable_one_unknown() -> None:
    """An empty list says that there are no chapters; a broken one says nothing."""
    assert read_psc(file(""), "it")[0].status == "none"
    assert read_psc(file('<psc:chapter start="x" title="a"/>'), "it")[0].status == "unknown"


def test_only_the_first_list_counts() -> None:
    """The specification allows one."""
    one = file('<psc:chapter start="0" title="a"/>').decode().partition("?>")[2]
    source, notices = read_psc(f"<item>{one}{one}</item>".encode(), "it")
    assert len(source.marks) == 1
    assert [notice.code for notice in notices] == ["psc_extra_ignored"]


def test_a_list_without_end_is_cut_with_a_notice() -> None:
    """A hostile file cannot make a million chapters."""
    source, notices = read_psc(file("".join(f'<psc:chapter start="{n}" title="a"/>' for n in range(MAX_ROWS + 1))), "it")
    assert len(source.marks) == MAX_ROWS
    assert str(MAX_ROWS + 1) in notices[0].message


@pytest.mark.parametrize("data", [b"", b"{}", b"<html><body>404</body></html>", b"<chapters xmlns='urn:other'/>"])
def test_a_file_without_chapters_is_refused(data: bytes) -> None:
    """A page or another format is not an empty list."""
    with pytest.raises(BadChapters, match=r"it"):
        read_psc(data, "it")


@given(
    st.lists(
        st.tuples(
            st.integers(0, 359_999_999), st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["Cc"]))
        ),
        unique_by=lambda row: row[0],
    )
)
def test_any_list_reads_back_sorted(rows: list[tuple[int, str]]) -> None:
    """Milliseconds and titles survive."""
    text = "".join(
        f'<psc:chapter start="{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"'
        f" title={quoteattr(title)}/>"
        for ms, title in rows
        if title.strip()
    )
    expected = sorted(((ms / 1000, " ".join(title.split())) for ms, title in rows if title.strip()), key=lambda row: row[0])
    source, notices = read_psc(file(text), "it")
    assert not notices
    assert [(round(mark.start, 3), mark.title) for mark in source.marks] == expected


@given(
    st.binary(max_size=200) | st.text(max_size=100).map(lambda text: file(text.replace("\ud800", "")) if text.isascii() else b"<")
)
def test_random_bytes_never_raise_anything_else(data: bytes) -> None:
    """Only errors that explain themselves."""
    try:
        read_psc(data, "it")
    except EarmarkError as refused:
        assert_explained(refused)
