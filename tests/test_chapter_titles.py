from __future__ import annotations

import pytest

from jobs.chapters.titles import breaks_off, leading_number, title_after, title_before, without_number


@pytest.mark.parametrize(
    ("prefix", "rest", "title"),
    [
        ("", " - Intro", "Intro"),
        ("(", ") – Intro", "Intro"),
        ("[", "] Intro", "Intro"),
        ("【", "】片头", "片头"),
        ("", ": Intro", "Intro"),
        ("", " | Intro", "Intro"),
        ("", " 왜? (Why?)", "왜? (Why?)"),
        ("", " (Bonus) Outtakes", "(Bonus) Outtakes"),
        ("", " [Ad] Mattresses", "[Ad] Mattresses"),
        ("", " - 10 years", "10 years"),
        ("", " #metoo", "#metoo"),
        ("", " ...And Justice for All", "...And Justice for All"),
        ("", ". Intro", "Intro"),
        ("", " min – Garden pests", "Garden pests"),
        ("", " Minimalism", "Minimalism"),
        ("**", "** Intro", "Intro"),
        ("[", " Intro]", "Intro"),
        ("", " Is this it?", "Is this it?"),
        ("", " Intro *", "Intro"),
        ("", " The 9:30 Club", "The 9:30 Club"),
    ],
)
def test_a_title_after_its_time_keeps_its_own_words(prefix: str, rest: str, title: str) -> None:
    """Separators, bullets and the time's own bracket go, the rest stays."""
    assert title_after(prefix, rest) == title


@pytest.mark.parametrize(
    ("text", "rest", "title"),
    [
        ("Intro (", ")", "Intro"),
        ("Intro – ", "", "Intro"),
        ("• Intro [", "]", "Intro"),
        ("Intro ..... ", "", "Intro"),
        ("Film review ", "(spoilers!)", "Film review (spoilers!)"),
        ("Why? (Really?) – ", "", "Why? (Really?)"),
        ("Doors at ", " and more words", None),
    ],
)
def test_a_title_before_its_time_keeps_its_own_words(text: str, rest: str, title: str | None) -> None:
    """What follows the time must be a bracketed remark or nothing."""
    assert title_before(text, rest) == title


def test_numbering_needs_a_mark_after_its_number() -> None:
    """`1. Intro` is numbered, `10 years` is not."""
    assert leading_number("1. Intro") == 1
    assert without_number("1. Intro") == "Intro"
    assert leading_number("10 years") is None


def test_both_kinds_of_dots_break_off() -> None:
    """Three dots or an ellipsis."""
    assert breaks_off("Post training...")
    assert breaks_off("Post training…")
    assert not breaks_off("Post training.")
