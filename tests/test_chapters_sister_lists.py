"""One list of chapters on two clocks: the offsets are read off the titles that both have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.chapters.sister_lists import sister_offsets
from storage.documents import ChapterMark


def marks(*rows: tuple[float, str]) -> tuple[ChapterMark, ...]:
    return tuple(ChapterMark(start=start, title=title) for start, title in rows)


FEED = marks((0, "Intro"), (100, "Soil and rain"), (200, "The harvest"), (300, "Bread!"), (400, "Goodbye"))


def test_the_difference_of_equal_titles_places_the_chapters_that_the_file_lacks() -> None:
    """An ad of 60 s before the harvest: what follows is 60 s later; spelling may differ a little."""
    found = sister_offsets(FEED, marks((0, "Intro"), (100, "Soil & rain"), (260, "The Harvest"), (460, "Good-bye")))
    assert found is not None
    assert [found.apply(m.start) for m in FEED] == [0, 100, 260, 360, 460]
    assert found.method == "embedded"
    assert found.certainty(300) > 0.9


def test_a_chapter_between_two_offsets_is_doubtful() -> None:
    """Whether the ad comes before it or behind it, nobody can tell."""
    found = sister_offsets(FEED, marks((0, "Intro"), (100, "Soil and rain"), (360, "Bread"), (460, "Goodbye")))
    assert found is not None
    assert found.apply(200) == 200
    assert found.certainty(200) < 0.5 < found.certainty(300)


def test_equal_lists_have_no_offset() -> None:
    """Differences within a second and a half are rounding."""
    found = sister_offsets(FEED, marks(*((m.start + 0.7, m.title) for m in FEED)))
    assert found is not None
    assert [found.apply(m.start) for m in FEED] == [m.start for m in FEED]


@pytest.mark.parametrize(
    "embedded",
    [
        (),
        marks((5, "Intro")),
        marks((0, "Other"), (100, "Chapters"), (200, "Altogether")),
        marks((0, "Intro"), (50, "A"), (60, "B"), (70, "C"), (80, "Goodbye")),
    ],
)
def test_lists_that_do_not_agree_give_nothing(embedded: tuple[ChapterMark, ...]) -> None:
    """One title in common, or two of five, may be chance."""
    assert sister_offsets(FEED, embedded) is None


def test_titles_that_occur_twice_prove_nothing() -> None:
    """A list full of "Ad" says nothing by them."""
    twice = marks((0, "Ad"), (10, "Ad"), (20, "A"), (30, "B"))
    found = sister_offsets(twice, marks((0, "Ad"), (10, "Ad"), (80, "A"), (90, "B")))
    assert found is not None
    assert found.apply(30) == 90


_LISTS = st.lists(st.tuples(st.floats(0, 1e4), st.sampled_from(["Aa", "Bb", "Cc", "Dd", "Ee", "Ff", ""])), max_size=8)


@given(_LISTS, _LISTS, st.lists(st.floats(0, 1e4), min_size=2, max_size=8))
def test_time_never_turns_back_whatever_the_lists_say(
    theirs: list[tuple[float, str]], ours: list[tuple[float, str]], times: list[float]
) -> None:
    """Nothing crashes it, and a map that comes out keeps the order."""
    found = sister_offsets(marks(*theirs), marks(*ours))
    if found is not None:
        places = [found.apply(t) for t in sorted(times)]
        assert places == sorted(places)
