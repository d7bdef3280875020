"""How costs grow: exponents are found, and what breaks first is the one that passes its limit first."""

from __future__ import annotations

import math
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import growth_archive, growth_length, growth_workers
from benchmarks.archive import Archive
from benchmarks.full_archive import DAILY, FullArchive
from benchmarks.growth_fit import Series, breaks_first, fit
from benchmarks.ledger_lock import LockWatch
from storage.library import Library
from storage.search.keeping import CaughtUp
from worker.stores import open_stores

SIZES = (1, 10, 100, 1000, 10_000)


@given(st.floats(0.5, 2.5), st.floats(0.1, 10), st.floats(0.5, 500))
def test_base_and_exponent_are_found_whatever_they_are(exponent: float, base: float, times: float) -> None:
    """Where at least half of the largest cost has grown."""
    values = [base + times * base * (size / SIZES[-1]) ** exponent for size in SIZES]
    found = fit(SIZES, values)
    if times >= 1:
        assert found.exponent == pytest.approx(exponent, abs=0.02)
        assert found.base == pytest.approx(base, rel=0.1)


@given(st.lists(st.floats(0.95, 1.05), min_size=5, max_size=5))
def test_noise_around_a_constant_is_no_growth(values: list[float]) -> None:
    """There is no exponent then."""
    assert math.isnan(fit(SIZES, values).exponent)
    assert Series("it", SIZES, values, 2.0, "s").breaks_at == math.inf


def test_what_is_within_the_noise_is_no_growth() -> None:
    """However steep it looks."""
    values = [0.002, 0.002, 0.002, 0.002, 0.006]
    assert fit(SIZES, values).exponent > 1
    assert math.isnan(fit(SIZES, values, noise=0.005).exponent)


def test_three_sizes_tell_no_exponent() -> None:
    """Nor do less, or none."""
    assert math.isnan(fit((1, 10, 100), (1.0, 10.0, 100.0)).exponent)
    assert math.isnan(fit((1, 10), (1.0, 10.0)).exponent)
    assert math.isnan(fit((), ()).exponent)


def test_a_limit_is_passed_where_the_fit_says_or_where_it_was_seen() -> None:
    """Of two costs, the one that is larger today may be the one that lasts longer."""
    square = Series("square", SIZES, [1 + 1e-7 * n**2 for n in SIZES], 100.0, "s")
    line = Series("line", SIZES, [20 + 1e-3 * n for n in SIZES], 100.0, "s")
    assert square.breaks_at == pytest.approx(31_500, rel=0.05)
    assert line.breaks_at == pytest.approx(80_000, rel=0.05)
    told = breaks_first([line, square], "episodes")
    assert told.startswith("Breaks first: square passes 100 s at about 31,000 episodes (11 s at 10,000, grows with")
    assert "Then: line passes" in told
    seen = Series("seen", SIZES, [1.0, 1.0, 2.0, 300.0, 400.0], 100.0, "s")
    assert seen.breaks_at == 1000
    assert breaks_first([square, seen], "episodes").startswith("Breaks first: seen passes 100 s at 1,000 episodes")


def test_what_would_break_beyond_what_may_be_breaks_nothing() -> None:
    """Nor what is so far off that nobody can tell."""
    line = Series("line", SIZES, [1 + 1e-3 * n for n in SIZES], 1000.0, "s")
    assert line.breaks_at == pytest.approx(1e6, rel=0.05)
    assert breaks_first([line], "episodes", most=20_000).startswith("Breaks first: nothing up to 20,000 episodes")
    flat = Series("flat", SIZES, np.ones(5).tolist(), 10.0, "s")
    assert "nothing within 100 times" in breaks_first([flat], "episodes")
    assert "hardly grows" in breaks_first([flat], "episodes")


def test_the_length_of_an_episode_has_a_table_for_the_whole_and_one_for_its_steps() -> None:
    """Runs that are as long as their episodes grow with an exponent of 1; a step with the square of them is told."""
    minutes = (10.0, 60.0, 120.0, 480.0)
    runs = [growth_length.Run(m, m, m, 100.0, {"cut": m / 2, "sort": m * m / 1000}) for m in minutes]
    report = growth_length.report(runs, {})
    assert [row["step"] for row in report.details] == ["cut", "sort"]
    assert {goal.what: goal.met for goal in report.goals} == {
        "exponent of the processor time of a run": True,
        "exponent of the step cut": True,
        "exponent of the step sort": False,
    }
    assert report.notes[0].startswith("Breaks first: the processor time of a run passes 900 s at about 900 minutes")


@pytest.mark.slow
def test_everything_is_done_in_archives_of_several_sizes() -> None:
    """With its processor time, and its memory where it has a process of its own."""
    report = growth_archive.measure([1, 3, 6], words=20, site_up_to=3, seed=1)
    by_name = {row["what"]: row for row in report.rows}
    assert {"earmark search", "a poll of FEED", "earmark run, one more", "voices of one more", "page: jobs", "a sweep"} <= set(
        by_name
    )
    assert all(float(row[size] or 0) > 0 for row in report.rows for size in ("1", "3"))
    assert all(("6" in row) == ("site" not in str(row["what"])) for row in report.rows)
    assert float(by_name["earmark serve, to its first answer"]["at the largest"] or 0) > 30
    assert report.notes[0].startswith("Breaks first: ")


def test_an_archive_that_has_grown_is_one_that_the_service_knows(tmp_path: Path) -> None:
    """Its episodes are found by search, in the output folder and among the voices, and there is nothing to make up for."""
    archive = FullArchive(tmp_path, Archive(1, 50))
    archive.grow(2)
    archive.grow(5)
    with open_stores(archive.settings, owner=False) as stores:
        assert stores.indexer.catch_up() == CaughtUp()
        assert len(stores.episodes.transcribed()) == 5
        assert stores.requests.counts() == {"done": 5}
        (show,) = stores.memory.shows()
        assert (show.title, show.voices, show.episodes) == (DAILY, 7, 5)
        assert [len(voice.samples) for voice in stores.memory.of_show(DAILY)] == [5, 5, 1, 1, 1, 1, 1]
    assert len(Library(tmp_path / "transcripts").read_index().index.episodes) == 5


@pytest.mark.slow
def test_workers_share_the_parts_between_them() -> None:
    """One and two of them; nothing of their work is lost, and hearing is most of the time of one."""
    report = growth_workers.measure([1, 2])
    alone, both, _ = report.rows
    assert 0.5 < float(alone["efficiency"] or 0) <= 1.0
    assert float(both["parts"] or 0) > float(alone["parts"] or 0)
    assert 0 < float(both["efficiency"] or 0) <= 1.0
    assert 0 < float(alone["cpu s a part"] or 0) < 3


def test_who_writes_to_the_ledger_is_seen(tmp_path: Path) -> None:
    """While somebody has the lock, and not otherwise."""
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        with LockWatch(path) as idle:
            time.sleep(0.3)
        writer.execute("BEGIN IMMEDIATE")
        with LockWatch(path) as busy:
            time.sleep(0.3)
            writer.execute("ROLLBACK")
            time.sleep(0.3)
    assert idle.busy == 0.0
    assert busy.busy > 0
    assert max(busy.waits) > 0.1 > min(busy.waits)
