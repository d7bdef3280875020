"""What show notes say under the rows of their list."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.disturbed import described, disturb, printed
from benchmarks.published import clean
from jobs.chapters.anchoring import Episode, anchor
from jobs.chapters.beside_rows import beside_rows
from storage.documents import ChapterMark, Note

MARKS = [ChapterMark(start=0, title="Hello"), ChapterMark(start=300, title="Cold feet"), ChapterMark(start=900, title="Bye")]
NOTES = """<p>Today we talk.</p>
<p>0:00 Hello</p>
<p>5:00 Cold feet</p>
<p>Anna was on a glacier.</p><p>It melts.</p>
<p>15:00 Bye</p>
<p>What comes next.</p>
<p>Follow us everywhere.</p>"""


def note(html: str, field: Literal["description", "content:encoded"] = "description") -> Note:
    return Note(field=field, html=html)


def test_what_stands_under_a_row_belongs_to_its_chapter() -> None:
    """Up to the next row; what stands above the list belongs to none."""
    assert beside_rows(MARKS, [note(NOTES)], duration=1200) == {300: "Anna was on a glacier. It melts."}


def test_under_the_last_row_are_as_many_lines_as_under_most() -> None:
    """The rest of the notes stands there as well."""
    notes = "0:00 Hello\nWho we are.\n5:00 Cold feet\nA glacier.\n15:00 Bye\nNext week.\nFollow us everywhere."
    assert beside_rows(MARKS, [note(notes)], duration=1200) == {0: "Who we are.", 300: "A glacier.", 900: "Next week."}


def test_a_title_on_a_line_of_its_own_is_no_remark() -> None:
    """What is under it is."""
    notes = "0:00\nHello\n5:00\nCold feet\nA glacier.\n15:00\nBye"
    assert beside_rows(MARKS, [note(notes)], duration=1200) == {300: "A glacier."}


def test_times_of_another_source_within_a_second_are_those_of_the_list() -> None:
    """Chapters of a file beside the feed, with notes that have the same list."""
    marks = [mark.model_copy(update={"start": mark.start + 0.4, "title": "?"}) for mark in MARKS]
    assert list(beside_rows(marks, [note(NOTES)], duration=1200)) == [300.4]


def test_another_list_says_nothing_of_these_chapters_and_the_next_field_is_asked() -> None:
    """Times that agree by chance do not make it theirs."""
    marks = [ChapterMark(start=start, title="T") for start in (0, 111, 222, 300, 444)]
    assert beside_rows(marks, [note(NOTES)], duration=1200) == {}
    both = [note(NOTES), note("0:00 A\n1:51 B\n3:42 C\nHere.\n5:00 D\n7:24 E", "content:encoded")]
    assert beside_rows(marks, both, duration=1200) == {222: "Here."}
    assert beside_rows(MARKS, both, duration=1200) == {300: "Anna was on a glacier. It melts."}


def test_long_remarks_are_cut() -> None:
    """A chapter's transcript is no remark on it."""
    notes = f"0:00 Hello\n5:00 Cold feet\n{'glacier ' * 500}\n15:00 Bye"
    assert all(len(text) <= 600 for text in beside_rows(MARKS, [note(notes)], duration=1200).values())


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(["0:00 a\n", "5:00 b", "<p>", "</p>", "15:00\n", "word\n", "<a href='x'>", "(0:10)", "\n"]), max_size=40
    )
)
def test_no_notes_crash_it(pieces: list[str]) -> None:
    """What comes back is said of the given chapters."""
    assert beside_rows(MARKS, [note("".join(pieces))], duration=None).keys() <= {mark.start for mark in MARKS}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_chapters_with_jokes_for_titles_are_found_by_what_the_notes_say_of_them(seed: int) -> None:
    """Nine in ten within two seconds, where an intro was added and the length of the original is not known."""
    talk = clean(seed, chapters=10, minutes=30, titles="hopeless")
    received = disturb(talk, "intro added", seed=seed, errors=0.1)
    marks = printed(talk, "seconds", seed)
    heard = Episode(received.words, received.turns, received.coverage, received.duration, None)
    places = [received.place(start) or 0.0 for start, _, _ in talk.chapters]
    shares = []
    for told in (described(talk, marks, seed), {}):
        offsets = anchor(marks, "show_notes", heard, beside=told).offsets
        near = [abs(offsets.apply(mark.start) - place) <= 2 for mark, place in zip(marks, places, strict=True) if mark.start]
        shares.append(sum(near) / len(near))
    assert shares[0] >= 0.9
    assert shares[1] < 0.5
