"""Lengths of time as people write and read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.intervals import ahead, before, interval, parse_interval, rough
from storage.errors import OptionError


@pytest.mark.parametrize(("text", "seconds"), [("1m", 60), ("30m", 1800), ("2h", 7200), ("1d", 86_400), ("30d", 2_592_000)])
def test_minutes_hours_and_days_are_understood(text: str, seconds: float) -> None:
    """And written back alike."""
    assert parse_interval(text) == seconds
    assert interval(seconds) == text


@pytest.mark.parametrize(
    "text", ["", "30", "30 m", "0m", "-5m", "1.5h", "30s", "1h30m", "30M", "h", "٣m", "31d", "999999m", "1e3m", "05m"]
)
def test_anything_else_is_refused(text: str) -> None:
    """With an example of what is meant."""
    with pytest.raises(OptionError, match="30"):
        parse_interval(text)


@given(st.integers(1, 30 * 1440))
def test_every_whole_number_of_minutes_is_written_so_that_it_is_read_again(minutes: int) -> None:
    """In the largest unit that fits."""
    assert parse_interval(interval(minutes * 60.0)) == minutes * 60.0


def test_times_are_told_roughly() -> None:
    """A table is read at a glance."""
    assert [rough(seconds) for seconds in (-1, 0, 59, 60, 3599, 3600, 90_000)] == ["0s", "0s", "59s", "1m", "60m", "1h", "1d"]
    assert (before(None, 100.0), before(40.0, 100.0)) == ("never", "1m ago")
    assert (ahead(100.0, 100.0), ahead(160.0, 100.0)) == ("now", "in 1m")
