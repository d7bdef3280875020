"""The choice between sources: its order, its exceptions, what is filled in, and the reasons given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from jobs.chapters.choose import ORDER, Choice, choose
from storage.documents import ChapterMark, ChapterSource, SourceKind


def source(
    kind: SourceKind,
    *rows: tuple[float, str],
    status: Literal["found", "none", "unknown"] | None = None,
    url: str | None = None,
    hidden: bool = False,
) -> ChapterSource:
    marks = tuple(ChapterMark(start=s, title=t, url=url, hidden=hidden) for s, t in rows)
    return ChapterSource(kind=kind, origin=f"the {kind}", status=status or ("found" if marks else "none"), marks=marks)


def titles(choice: Choice) -> list[str]:
    return [m.title for m in choice.marks]


def reasons(choice: Choice) -> dict[str, str]:
    return {s.kind: s.reason for s in choice.sources}


def codes(choice: Choice) -> list[str]:
    return [w.code for w in choice.warnings]


THREE = ((0.0, "Intro"), (60.0, "Middle"), (120.0, "End"))


def test_the_order_of_sources() -> None:
    """A file given by hand, then embedded, JSON, Podlove, show notes; the order in which they were found is kept."""
    everything = [source(kind, *THREE) for kind in reversed(ORDER)]
    for kind in ORDER:
        choice = choose(everything, duration=200)
        assert choice.kind == kind
        assert [s.kind for s in choice.sources] == [s.kind for s in everything]
        assert [s.kind for s in choice.sources if s.chosen] == [kind]
        everything = [s for s in everything if s.kind != kind]


def test_sources_are_never_added_together() -> None:
    """The marks are those of one source."""
    choice = choose([source("psc", *THREE), source("show_notes", (30, "Other"), (90, "Another"))], duration=200)
    assert titles(choice) == ["Intro", "Middle", "End"]
    assert reasons(choice)["show_notes"] == "passed over: psc comes first"


def test_one_embedded_chapter_falls_to_the_next() -> None:
    """Also where a second one is hidden; a published list of one counts."""
    one = source("embedded", (0, "The episode"))
    choice = choose([one, source("show_notes", (0, "Intro"))], duration=200)
    assert (choice.kind, titles(choice)) == ("show_notes", ["Intro"])
    assert "one chapter is no index" in reasons(choice)["embedded"]
    assert choose([one], duration=200).kind is None


def test_embedded_chapters_without_titles_fall_to_the_next() -> None:
    """Numbers and element ids are no titles."""
    for names in (("", "", ""), ("Chapter 1", "Chapter 2", "Chapter 3"), ("ch0", "ch1", "ch2")):
        nameless = source("embedded", *zip((0.0, 50.0, 99.0), names, strict=True))
        choice = choose([nameless, source("podcast_json", *THREE)], duration=200)
        assert choice.kind == "podcast_json"
        assert "no titles" in reasons(choice)["embedded"]


def test_missing_titles_and_links_are_filled_where_counts_and_starts_agree() -> None:
    """Within a second: the file's own times with the publisher's titles and links."""
    embedded = source("embedded", (0, ""), (60.9, "Own words"), (119.1, "Chapter 3"))
    choice = choose([embedded, source("podcast_json", *THREE, url="https://example.com/")], duration=200)
    assert choice.kind == "embedded"
    assert [(m.start, m.title, m.url) for m in choice.marks] == [
        (0, "Intro", "https://example.com/"),
        (60.9, "Own words", "https://example.com/"),
        (119.1, "End", "https://example.com/"),
    ]
    assert codes(choice) == ["chapters_filled"]
    assert [m.title for m in choice.sources[0].marks] == ["", "Own words", "Chapter 3"]


def test_nothing_is_filled_where_they_do_not_agree() -> None:
    """One start off by more than a second, or one chapter more: no filling at all."""
    for other in (((0.0, "A"), (61.1, "B")), ((0.0, "A"), (60.0, "B"), (90.0, "C"))):
        choice = choose([source("embedded", (0, "X"), (60, "")), source("psc", *other, url="https://example.com/")], duration=200)
        assert [m.url for m in choice.marks] == [None, None]
        assert titles(choice) == ["X", "Chapter 2"]
        assert codes(choice) == ["titles_missing"]


def test_a_title_that_was_cut_is_completed() -> None:
    """A truncated title takes the rest from a source that has it whole."""
    cut = ChapterSource(
        kind="podcast_json",
        origin="x",
        status="found",
        marks=(ChapterMark(start=0, title="A long ti…", truncated=True), ChapterMark(start=9, title="B")),
    )
    choice = choose([cut, source("show_notes", (0, "A long title"), (9, "B"))], duration=100)
    assert [(m.title, m.truncated) for m in choice.marks] == [("A long title", False), ("B", False)]


def test_untitled_embedded_chapters_are_the_last_resort() -> None:
    """With nothing better they are used, numbered, and the reason says so."""
    choice = choose([source("embedded", (0, ""), (60, ""), (90, ""))], duration=200)
    assert (choice.kind, titles(choice)) == ("embedded", ["Chapter 1", "Chapter 2", "Chapter 3"])
    assert "for want of better" in reasons(choice)["embedded"]
    assert codes(choice) == ["titles_missing"]


def test_a_nameless_filler_at_the_beginning_goes() -> None:
    """Formats without gaps need one in front of a list that does not start at 0."""
    choice = choose([source("embedded", (0, ""), (60, "A"), (90, "B"))], duration=200)
    assert titles(choice) == ["A", "B"]


def test_unknown_is_not_none() -> None:
    """A file that could not be read is named; sources that are empty need no warning."""
    unread = source("podcast_json", status="unknown")
    choice = choose([unread, source("show_notes")], duration=200)
    assert (choice.kind, codes(choice)) == (None, ["chapters_unknown"])
    assert "nobody can tell" in reasons(choice)["podcast_json"]
    assert "has no chapters" in reasons(choice)["show_notes"]
    assert codes(choose([source("show_notes")], duration=200)) == []
    assert codes(choose([unread, source("psc", *THREE)], duration=200)) == []


def test_hidden_chapters_alone_are_no_list() -> None:
    """Something must be visible."""
    assert choose([source("podcast_json", *THREE, hidden=True)], duration=200).kind is None


def test_chapters_behind_the_end_are_left_to_placing() -> None:
    """Where they lie in the file is known only when the clocks have been compared."""
    choice = choose([source("psc", *THREE)], duration=110)
    assert (titles(choice), codes(choice)) == (["Intro", "Middle", "End"], [])


def test_a_list_wholly_behind_the_end_is_passed_over() -> None:
    """It belongs to another file."""
    choice = choose([source("psc", (700, "A"), (900, "B")), source("show_notes", *THREE)], duration=600)
    assert choice.kind == "show_notes"
    assert "behind the end" in reasons(choice)["psc"]


def test_an_unknown_length_cuts_nothing() -> None:
    """Before the file is there, all chapters are shown."""
    assert len(choose([source("psc", *THREE)], duration=None).marks) == 3


_ROWS = st.lists(st.tuples(st.floats(0, 500), st.sampled_from(["", "A", "Chapter 1", "B"])), max_size=5)
_SOURCES = st.lists(st.tuples(st.sampled_from(ORDER), _ROWS, st.booleans()), max_size=5)


@given(_SOURCES, st.none() | st.floats(1, 400))
def test_whatever_is_found_one_at_most_is_chosen_and_each_has_a_reason(
    found: Sequence[tuple[SourceKind, list[tuple[float, str]], bool]], duration: float | None
) -> None:
    """Every source gets its verdict; the marks are titled, and not all behind the end of the file."""
    choice = choose([source(k, *sorted(rows), hidden=hidden) for k, rows, hidden in found], duration=duration)
    chosen = [s for s in choice.sources if s.chosen]
    assert [s.kind for s in chosen] == ([choice.kind] if choice.kind else [])
    assert all(s.reason for s in choice.sources)
    assert all(m.title or m.hidden for m in choice.marks)
    assert duration is None or all(any(m.start < duration for m in s.marks) for s in chosen)
    assert bool(choice.marks) == bool(chosen)
