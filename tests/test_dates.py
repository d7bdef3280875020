"""Dates as feeds and pages write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.dates import parse_date


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Thu, 18 Dec 2025 14:00:00 +0000", datetime(2025, 12, 18, 14, tzinfo=UTC)),
        ("Thu, 18 Dec 2025 14:00:00 -0330", datetime(2025, 12, 18, 17, 30, tzinfo=UTC)),
        ("18 Dec 2025 14:00 EST", datetime(2025, 12, 18, 19, tzinfo=UTC)),
        ("2025-12-18T14:00:00+02:00", datetime(2025, 12, 18, 12, tzinfo=UTC)),
        ("2025-12-18", datetime(2025, 12, 18, tzinfo=UTC)),
        ("2025/12/18", datetime(2025, 12, 18, tzinfo=UTC)),
        ("December 18, 2025", datetime(2025, 12, 18, tzinfo=UTC)),
    ],
)
def test_dates_of_feeds_pages_and_listings_are_read_in_utc(text: str, moment: datetime) -> None:
    """RFC 2822 with zones, ISO 8601, and what people type."""
    assert parse_date(text) == moment


@pytest.mark.parametrize("text", [None, "", "soon", "Monday", "14:00", "May", "0000-00-00", "99999999999999999999", "x" * 200])
def test_what_names_no_whole_day_is_none(text: str | None) -> None:
    """Nothing is filled in from today."""
    assert parse_date(text) is None


@given(st.text(max_size=40))
def test_any_text_gives_an_aware_date_or_none(text: str) -> None:
    """No text raises."""
    moment = parse_date(text)
    assert moment is None or moment.tzinfo is UTC


@given(st.floats(0, 4e9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_an_iso_date_reads_back(moment: datetime) -> None:
    """Nothing of a moment is lost."""
    assert parse_date(moment.isoformat()) == moment
