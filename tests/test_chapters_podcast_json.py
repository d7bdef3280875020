"""JSON Chapters: what live files contain, read; what is no such file, refused."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.chapters.podcast_json import MAX_BYTES, read_podcast_json
from storage.documents import ChapterSource
from storage.errors import BadChapters

ORIGIN = "https://example.com/chapters.json"


def read(document: object) -> ChapterSource:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_podcast_json(data, origin=ORIGIN)[0]


def codes(document: object) -> list[str]:
    return [n.code for n in read_podcast_json(json.dumps(document).encode(), origin=ORIGIN)[1]]


def test_everything_that_the_format_says_is_read() -> None:
    """Times, titles, ends, links, pictures, hidden rows."""
    source = read(
        {
            "version": "1.2.0",
            "chapters": [
                {"startTime": 0, "title": "Intro 🎙", "img": "https://example.com/a b.png", "url": "http://example.com/ü?q=1 2#x"},
                {"startTime": 94.25, "endTime": 120.5, "toc": False, "location": {"name": "x", "geo": "geo:1,2"}},
                {"startTime": 168, "title": "Zwei\nZeilen"},
            ],
        }
    )
    assert (source.kind, source.origin, source.status) == ("podcast_json", ORIGIN, "found")
    a, b, c = source.marks
    assert (a.start, a.title, a.image) == (0, "Intro 🎙", "https://example.com/a%20b.png")
    assert a.url == "http://example.com/%C3%BC?q=1%202#x"
    assert (b.start, b.end, b.title, b.hidden) == (94.25, 120.5, "", True)
    assert (c.start, c.title, c.hidden) == (168, "Zwei Zeilen", False)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("94", 94.0), ("94.5", 94.5), (" 1,5 ", 1.5), ("01:02:03.5", 3723.5), ("2:05", 125.0), (7, 7.0)],
)
def test_numbers_written_as_texts_are_read(written: object, seconds: float) -> None:
    """Each of them means one time only."""
    assert [m.start for m in read({"chapters": [{"startTime": written, "title": "T"}]}).marks] == [seconds]


@pytest.mark.parametrize("broken", [None, "soon", -1, True, "NaN", 1e400, 10**400, {}, [], "-0:10", "1:75"])
def test_a_row_without_a_time_is_dropped_and_the_list_kept(broken: object) -> None:
    """One bad row, one notice, the other rows stay."""
    document = {"chapters": [{"startTime": broken, "title": "Bad"}, {"startTime": 5, "title": "Good"}, "nonsense"]}
    assert [m.title for m in read(document).marks] == ["Good"]
    assert codes(document) == ["chapter_dropped"]


def test_rows_out_of_order_are_sorted_and_doubles_told() -> None:
    """Equal times with different titles both stay; the same row twice is one."""
    rows = [{"startTime": s, "title": t} for s, t in ((9, "C"), (0, "A"), (9, "D"), (0, "A"))]
    source = read({"chapters": rows})
    assert [(m.start, m.title) for m in source.marks] == [(0, "A"), (9, "C"), (9, "D")]
    assert codes({"chapters": rows}) == ["chapters_sorted", "chapter_dropped"]


@pytest.mark.parametrize(
    ("toc", "hidden"), [(False, True), ("false", True), (True, False), (None, False), (0, False), ("no", False)]
)
def test_only_false_hides(toc: object, hidden: bool) -> None:
    """The specification names that value alone."""
    assert read({"chapters": [{"startTime": 1, "title": "T", "toc": toc}]}).marks[0].hidden is hidden


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//example.com", "file:///etc/passwd", "http://", 7, ""]
)
def test_only_web_addresses_are_links(url: object) -> None:
    """Anything else is no link and no picture."""
    mark = read({"chapters": [{"startTime": 1, "title": "T", "url": url, "img": url}]}).marks[0]
    assert (mark.url, mark.image) == (None, None)


@pytest.mark.parametrize(
    "data",
    [
        b'\xef\xbb\xbf{"chapters": [{"startTime": 1, "title": "\xc3\xa4"}]}',
        '{"chapters": [{"startTime": 1, "title": "ä"}]}'.encode("utf-16"),
        '{"chapters": [{"startTime": 1, "title": "ä"}]}'.encode("latin-1"),
        '{"chapters": [{"startTime": 1, "title": "ä",},],}'.encode(),
        '[{"startTime": 1, "title": "ä"}]'.encode(),
        '{"version": 2, "chapters": [{"startTime": 1, "title": "\tä\n"}]}'.encode(),
    ],
)
def test_small_breaks_of_json_are_forgiven(data: bytes) -> None:
    """Marks, encodings, commas at the end, a bare list, control characters."""
    assert [(m.start, m.title) for m in read(data).marks] == [(1, "ä")]


def test_a_comma_in_a_title_is_left_alone() -> None:
    """Only commas of the syntax are repaired."""
    assert read(b'{"chapters": [{"startTime": 1, "title": "a,] \\" ,}"},]}').marks[0].title == 'a,] " ,}'


def test_an_empty_list_is_none() -> None:
    """Read and empty: the publisher says that there are no chapters."""
    assert read({"version": "1.2.0", "chapters": []}).status == "none"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"  ",
        b"<!DOCTYPE html><html></html>",
        b"not json",
        b'{"chapters": {}}',
        b'{"version": "1.2.0"}',
        b"7",
        b"[" * 100_000,
        b'{"a":',
    ],
)
def test_what_is_no_chapters_file_is_refused_by_name(data: bytes) -> None:
    """The error names the address and says what to do."""
    with pytest.raises(BadChapters, match=r"example\.com/chapters\.json") as error:
        read(data)
    assert error.value.hint


def test_caps_on_bytes_rows_and_titles() -> None:
    """A hostile file is refused or cut, with a notice."""
    with pytest.raises(BadChapters, match="bytes"):
        read(b" " * (MAX_BYTES + 1))
    rows = [{"startTime": n, "title": "x" * 1001} for n in range(5_001)]
    source, notices = read_podcast_json(json.dumps({"chapters": rows}).encode(), origin=ORIGIN)
    assert (len(source.marks), len(source.marks[0].title), source.marks[0].truncated) == (5_000, 1_000, True)
    assert [n.code for n in notices] == ["chapters_capped"]


def test_an_endless_text_is_refused_quickly() -> None:
    """Looking for commas takes time in proportion to the bytes, whatever they are."""
    began = time.process_time()
    with pytest.raises(BadChapters):
        read(b'"' + b'\\"' * 1_000_000)
    assert time.process_time() - began < 5


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["startTime", "title", "url", "toc", "chapters"]), inner)
    ),
    max_leaves=20,
)


@settings(max_examples=60, deadline=None)
@given(_VALUES)
def test_any_json_ends_with_a_source_or_the_named_error(value: object) -> None:
    """Nothing else comes out of the reader."""
    try:
        source = read(value)
    except BadChapters:
        return
    assert list(source.marks) == sorted(source.marks, key=lambda m: m.start)


@given(st.binary(max_size=200))
def test_any_bytes_end_with_a_source_or_the_named_error(data: bytes) -> None:
    """The same for bytes that need not be JSON."""
    try:
        source = read(data)
    except BadChapters:
        return
    assert source.status in ("found", "none")
