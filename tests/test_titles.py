"""When two titles name the same episode."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.titles import best_title, closest_titles, plain, without_show

TITLES = ["Episode 12: On whales", "Episode 13: On whales", "Olmo 3: America’s truly open reasoning models", "Burning out"]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ("episode 12 - on whales", 0),
        ("Olmo 3: America's truly open reasoning model", 2),
        ("Episode 14: On whales", None),
        ("Burning", None),
        ("Something else", None),
        ("", None),
        ("!", None),
    ],
)
def test_titles_match_but_for_punctuation_and_small_slips(wanted: str, index: int | None) -> None:
    """Numbers must agree: sequels differ in nothing else."""
    assert best_title(wanted, TITLES) == index


def test_two_equal_candidates_are_none() -> None:
    """Nobody can tell which is meant."""
    assert best_title("Bonus", ["Bonus", "bonus!"]) is None
    assert best_title("A long title about podcasts", ["A long title about podcast", "A long title about podcasta"]) is None


def test_the_closest_titles_come_best_first() -> None:
    """For an error to suggest."""
    assert closest_titles("burnin out", TITLES)[0] == "Burning out"
    assert closest_titles("", TITLES) == []


@pytest.mark.parametrize(
    ("title", "texts"),
    [
        ("Burning out", ("Burning out",)),
        ("Burning out | Interconnects", ("Burning out | Interconnects", "Burning out", "Interconnects")),
        ("Part - one – The Show", ("Part - one – The Show", "Part - one", "one – The Show")),
        ("well-known", ("well-known",)),
    ],
)
def test_a_page_title_is_tried_without_the_show(title: str, texts: tuple[str, ...]) -> None:
    """Either end may be the show's name."""
    assert without_show(title) == texts


@given(st.text(max_size=40), st.lists(st.text(max_size=40), max_size=5))
def test_any_text_finds_a_title_or_none(wanted: str, titles: list[str]) -> None:
    """Nothing raises; what is found is like what was wanted."""
    index = best_title(wanted, titles)
    assert index is None or set(plain(titles[index])) & set(plain(wanted))
    assert len(closest_titles(wanted, titles)) <= 3
    assert all(without_show(wanted)) or not wanted
