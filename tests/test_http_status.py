"""What statuses and Retry-After mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.http_status import failure, retry_after
from storage.errors import Forbidden, NotFound, PermanentError, RateLimited, ServerError, TransientError

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sun, 01 Nov 2026 12:02:00 GMT", 120.0),
        ("Sun, 01 Nov 2026 13:02:00 +0100", 120.0),
        ("Sun, 01 Nov 2026 12:02:00 -0000", 120.0),
        ("Sunday, 01-Nov-26 12:02:00 GMT", 120.0),
        ("Sun, 01 Nov 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(value: str | None, seconds: float | None) -> None:
    """Both forms count from now, a past date means now, and nonsense means nothing."""
    assert retry_after(value, now=NOW) == seconds


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=10**7))
def test_both_forms_of_retry_after_agree(seconds: int) -> None:
    """A number of seconds and the date that is so far away are the same wait."""
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert retry_after(str(seconds), now=NOW) == retry_after(date, now=NOW) == seconds


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_retry_after_makes_it_fail(value: str) -> None:
    """Whatever a server sends is a wait or nothing."""
    wait = retry_after(value, now=NOW)
    assert wait is None or wait >= 0


@pytest.mark.parametrize("status", [*range(400, 430), 451, 499, 500, 502, 503, 599, 204, 304, 300])
def test_only_server_failures_and_rate_limits_are_worth_another_try(status: int) -> None:
    """The branch of the error tells the caller whether to try again, and each error says what to do."""
    error = failure("https://podcast.test/1.mp3", status, {"retry-after": "7"})
    passing = status == 429 or not 400 <= status < 500
    assert isinstance(error, TransientError if passing else PermanentError)
    assert str(status) in error.message
    assert "https://podcast.test/1.mp3" in error.message
    assert error.hint
    if isinstance(error, TransientError):
        assert error.retry_after == 7


def test_each_refusal_has_its_own_error() -> None:
    """Missing, forbidden, limited and failing are different things."""
    kinds = [type(failure("x", status, {})) for status in (404, 410, 401, 403, 429, 500)]
    assert kinds == [NotFound, NotFound, Forbidden, Forbidden, RateLimited, ServerError]
