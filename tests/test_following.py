"""A job's rows in the ledger, told as a run tells what it does."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from jobs.events import Event, Noticed, StepBegan, StepEnded, StepMoved
from service.following import Follower
from service.progress import Bars, _bars
from storage.records import StepRecord

QUEUED = StepRecord("job", "transcribe", 1, "key", "queued", 0, None, "", parts=3, queue="asr", total=20.0, unit="seconds")
RUNNING = replace(QUEUED, state="running", attempts=1, started_at=100.0, owner="worker")
DONE = replace(RUNNING, state="done", output="0" * 64, finished_at=107.5, done=20.0)
OTHERS = tuple(replace(QUEUED, part=part, total=total) for part, total in ((0, 20.0), (2, 15.0)))


def told(*states: StepRecord) -> list[Event]:
    """Return what is told of a step that goes through these states, beside two that wait."""
    follower = Follower()
    return [event for state in states for event in follower.look((*OTHERS, state))]


def test_a_step_begins_moves_and_ends() -> None:
    """Each once; the whole is that of all parts together."""
    moved = replace(RUNNING, done=5.0)
    events = told(QUEUED, RUNNING, RUNNING, moved, moved, DONE, DONE)
    assert events == [
        StepBegan("transcribe", 1, 3),
        StepMoved("transcribe", 1, 5.0, 20.0, 55.0, "seconds"),
        StepEnded("transcribe", 1, 3, reused=False, total=20.0, seconds=7.5),
    ]


def test_what_ended_between_two_looks_is_told_all_the_same() -> None:
    """And what earlier work served for is told as such."""
    assert told(QUEUED, DONE) == [StepEnded("transcribe", 1, 3, reused=False, total=20.0, seconds=7.5)]
    adopted = replace(DONE, attempts=0)
    assert told(adopted) == [StepEnded("transcribe", 1, 3, reused=True, total=20.0, seconds=0.0)]


@pytest.mark.parametrize(
    ("state", "error", "words"),
    [
        ("queued", "The server is down.", "transcribe[1]: The server is down; it is tried again."),
        ("queued", "its worker died", "transcribe[1]: its worker died; it is tried again."),
        ("failed", "There is no such file.", "transcribe[1]: There is no such file."),
    ],
)
def test_what_went_wrong_is_said_once(state: str, error: str, words: str) -> None:
    """And whether it is tried again."""
    wrong = replace(RUNNING, state=state, error=error)  # type: ignore[arg-type]  # of the two states in question
    assert [event.notice.message for event in told(RUNNING, wrong, wrong) if isinstance(event, Noticed)] == [words]


def test_a_step_that_is_done_anew_is_told_anew() -> None:
    """A worker died, or the job was asked for again."""
    again = replace(RUNNING, attempts=2, started_at=160.0)
    assert [type(event).__name__ for event in told(RUNNING, again, replace(DONE, started_at=160.0, finished_at=161.0))] == [
        "StepBegan", "StepBegan", "StepEnded",
    ]  # fmt: skip


def test_parts_that_run_beside_each_other_share_a_bar() -> None:
    """As those of a run do."""
    console = Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)
    with _bars(console) as progress:
        bars, follower = Bars(progress, console), Follower()
        beside = replace(RUNNING, part=0, done=8.0)
        for event in follower.look((beside, replace(RUNNING, done=5.0), OTHERS[1])):
            bars(event)
        (task,) = progress.tasks
        assert (task.description, task.completed, task.total) == ("transcribe", 13.0, 55.0)
        for event in follower.look((replace(DONE, part=0), DONE, replace(DONE, part=2, total=15.0))):
            bars(event)
        assert progress.tasks == []
