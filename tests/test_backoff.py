"""How long what failed for a passing reason waits."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.backoff import wait_before_retry


@pytest.mark.parametrize(("failures", "longest"), [(0, 5), (1, 10), (2, 20), (7, 640), (8, 900), (1_000_000, 900)])
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(failures: int, longest: float) -> None:
    """Between half of it and all of it, so that those that failed together do not come back together."""
    waits = [wait_before_retry(failures, draw=random.Random(seed)) for seed in range(200)]
    assert longest / 2 <= min(waits) < longest * 0.6
    assert longest * 0.9 < max(waits) <= longest
    assert len(set(waits)) > 190


@given(st.integers(0, 100), st.floats(0, 86_400))
def test_no_less_than_was_asked_for(failures: int, asked: float) -> None:
    """A server that says when is heard."""
    assert wait_before_retry(failures, asked) >= asked


@pytest.mark.parametrize("asked", [86_401.0, 1e12])
def test_a_server_that_asks_for_years_is_not_obeyed(asked: float) -> None:
    """The job would stay open for ever."""
    assert wait_before_retry(0, asked) == 86_400.0
