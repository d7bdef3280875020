"""The inference of habits and places."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.chapters.snap import BY_HAND, EXACT, WHOLE_MINUTES, WHOLE_SECONDS, Habit, Option, habits_of, snap


@pytest.mark.parametrize("habit", [EXACT, WHOLE_SECONDS, BY_HAND, WHOLE_MINUTES])
def test_a_habit_is_a_density(habit: Habit) -> None:
    """It integrates to one, and nothing of weight lies beyond its reach."""
    step = 0.01
    grid = [i * step - 50 for i in range(10_001)]
    assert sum(habit.density(x) for x in grid) * step == pytest.approx(1, abs=0.001)
    assert sum(habit.density(x) for x in grid if abs(x) > habit.reach) * step < 0.01


def test_the_printed_digits_tell_which_habits_are_possible() -> None:
    """Fractions exclude whole seconds, and odd seconds exclude minutes."""
    assert set(habits_of([0.0, 12.34, 60.0], on_file=False)) == {EXACT, BY_HAND}
    assert set(habits_of([0.0, 12.0, 61.0], on_file=False)) == {EXACT, WHOLE_SECONDS, BY_HAND}
    assert WHOLE_MINUTES in habits_of([0.0, 60.0, 240.0, 600.0], on_file=False)
    assert sum(habits_of([1.0], on_file=True).values()) == pytest.approx(1)


def test_a_list_that_is_exact_elsewhere_holds_its_time_in_mid_sentence() -> None:
    """Company decides: beside exact times a stray place two seconds away is no reason to move."""
    published = [100.0, 200.1, 300.2, 400.3, 500.4]
    exact = [[Option(p, stay=True), Option(p + 0.05), Option(p + 2.5)] for p in published[:-1]]
    stray = [Option(published[-1], stay=True), Option(published[-1] + 2, evidence=1.5)]
    picks = snap(published, [*exact, stray], habits_of(published, on_file=False))
    assert picks[-1].time == published[-1]
    assert picks[-1].confidence > 0.8


def test_a_list_that_is_off_everywhere_moves() -> None:
    """The same stray place wins where nothing in the list is exact."""
    published = [100.3, 200.1, 300.2, 400.3, 500.4]
    options = [[Option(p, stay=True), Option(p + d, evidence=1.5)] for p, d in zip(published, (2, 1.2, 2.5, 0.9, 2), strict=True)]
    options = [sorted(row, key=lambda o: o.time) for row in options]
    picks = snap(published, options, habits_of(published, on_file=False))
    assert [round(p.time - s, 2) for p, s in zip(picks, published, strict=True)] == [2, 1.2, 2.5, 0.9, 2]


def test_two_chapters_never_take_one_place() -> None:
    """The nearer one gets it; the other takes the next best, though its evidence is less."""
    published = [10.0, 12.0]
    options = [
        [Option(8.5, 0.5), Option(10.0, stay=True), Option(11.8, 4)],
        [Option(11.8, 4), Option(12.0, stay=True), Option(14.0, 0.5)],
    ]
    first, second = snap(published, options, {BY_HAND: 1.0})
    assert first.time < second.time


def test_nothing_published_gives_nothing() -> None:
    """An empty list is no error."""
    assert snap([], [], habits_of([], on_file=False)) == ()


@given(st.lists(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 8)), max_size=6), min_size=1, max_size=8))
def test_picks_are_options_in_order_with_probabilities(places: list[list[tuple[float, float]]]) -> None:
    """Whatever lies around the times."""
    published = [10.0 + 3 * n for n in range(len(places))]
    options = [
        sorted([Option(p, stay=True), *(Option(p + d, e) for d, e in row)], key=lambda o: o.time)
        for p, row in zip(published, places, strict=True)
    ]
    picks = snap(published, options, habits_of(published, on_file=False))
    assert all(pick.time in {o.time for o in row} for pick, row in zip(picks, options, strict=True))
    assert all(a.time < b.time for a, b in itertools.pairwise(picks))
    assert all(0 <= p.confidence <= 1 and 0 <= p.exact <= 1 for p in picks)
