"""How much of a job is done, as one number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.api.progress import share_done
from storage.records import JobRecord, StepRecord

JOB = JobRecord("job", "ep", "Title", "running", "", None)
STEP = StepRecord("job", "fetch", 0, "key", "queued", 0, None, "")


def _part(number: int, state: str, *, done: float | None = None, total: float = 100.0) -> StepRecord:
    return replace(STEP, name="transcribe", part=number, parts=3, state=state, done=done, total=total)  # type: ignore[arg-type]


def test_a_job_begins_at_nothing_and_is_whole_when_it_is_done() -> None:
    """And never before."""
    assert share_done(JOB, []) == 0.0
    assert share_done(replace(JOB, state="done"), []) == 1.0
    names = ("fetch", "prepare", "language", "transcribe", "diarize", "assemble")
    assert share_done(JOB, [replace(STEP, name=name, state="done") for name in names]) == 0.99


def test_it_grows_with_each_step_and_part() -> None:
    """Parts count as long as they are, and what is running counts as far as it is."""
    fetched = replace(STEP, state="done")
    stages = [
        [replace(STEP, state="running", done=50.0, total=100.0)],
        [fetched],
        [fetched, replace(STEP, name="prepare", state="done")],
        [fetched, replace(STEP, name="prepare", state="done"), _part(0, "running", done=40), _part(1, "queued")],
        [fetched, replace(STEP, name="prepare", state="done"), _part(0, "done"), _part(1, "queued", total=10.0)],
        [fetched, replace(STEP, name="prepare", state="done"), _part(0, "done"), _part(1, "done", total=10.0)],
    ]
    shares = [share_done(JOB, steps) for steps in stages]
    assert shares == sorted(set(shares))
    assert shares[0] == pytest.approx(0.04)


@pytest.mark.parametrize("done", [-5.0, 1e12, float("inf"), None])
def test_a_strange_count_does_no_harm(done: float | None) -> None:
    """The share stays between nothing and the whole."""
    assert 0.0 <= share_done(JOB, [_part(0, "running", done=done), _part(1, "running", done=1.0, total=0.0)]) <= 0.99


def test_steps_that_a_job_does_not_have_do_not_hold_it_back() -> None:
    """Where nobody tells voices apart, that counts as nothing."""
    names = ("fetch", "prepare", "transcribe")
    steps = [replace(STEP, name=name, state="done") for name in names]
    assert share_done(JOB, [*steps, replace(STEP, name="assemble")]) > share_done(JOB, steps)
