"""How a step is run: once, under a lease, kept whole."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobs.events import Event, StepBegan, StepEnded, StepMoved
from jobs.steps import Report, Step, StepRunner
from storage.blobs import FolderBlobs
from storage.database import open_database, sqlite_url
from storage.documents import Document
from storage.errors import EngineUnavailable, LeaseLost, NotFound, Poisoned, StepBusy
from storage.ledger import Ledger
from storage.presence import Presence


class Number(Document):
    """A result."""

    value: float


STEP = Step("fetch", "a key", total=10.0, unit="bytes")
Runner = Callable[..., StepRunner]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return a ledger on a real SQLite file."""
    engine = open_database(sqlite_url(tmp_path / "ledger.db"))
    yield Ledger(engine)
    engine.dispose()


@pytest.fixture
def events() -> list[Event]:
    """Return the list that runners write their events to."""
    return []


@pytest.fixture
def runner(tmp_path: Path, ledger: Ledger, events: list[Event]) -> Iterator[Runner]:
    """Return a function that makes a runner as a process of its own would."""
    alive: list[Presence] = []

    def make(**more: object) -> StepRunner:
        presence = Presence(tmp_path / "alive")
        presence.__enter__()
        alive.append(presence)
        job = ledger.open_job("episode", "options", "An episode")
        return StepRunner(ledger, FolderBlobs(tmp_path / "blobs"), presence, job.id, events.append, **more)  # type: ignore[arg-type]  # spelled out by each test

    yield make
    for presence in alive:
        presence.__exit__(None, None, None)


def kill(presence: Presence) -> None:
    """Do what the kernel does when a process is killed: its sign of life stays, and nobody holds it."""
    assert presence._descriptor is not None
    os.close(presence._descriptor)
    presence._descriptor = None


def give(value: float) -> Callable[[Report], Number]:
    """Return work that gives a number."""
    return lambda report: Number(value=value)


def refuse(report: Report) -> Number:
    """Be work that must not be done."""
    raise AssertionError("this was known")


def test_a_result_is_worked_out_once_and_then_known_to_everybody(runner: Runner, events: list[Event]) -> None:
    """Another runner, another job even: the key decides."""
    first = runner()
    assert first.run(STEP, Number, give(3)) == Number(value=3)
    assert first.worked
    second = runner()
    assert second.run(STEP, Number, refuse) == Number(value=3)
    assert not second.worked
    assert [type(event) for event in events] == [StepBegan, StepEnded, StepEnded]
    assert [event.reused for event in events if isinstance(event, StepEnded)] == [False, True]


def test_progress_is_told_in_the_unit_of_the_step(runner: Runner, events: list[Event]) -> None:
    """A total that was learned meanwhile replaces the one expected."""

    def work(report: Report) -> Number:
        report(1.0)
        report(2.0, 20.0)
        return Number(value=0)

    runner().run(STEP, Number, work)
    moved = [event for event in events if isinstance(event, StepMoved)]
    assert [(event.done, event.total, event.whole, event.unit) for event in moved] == [
        (1.0, 10.0, 10.0, "bytes"),
        (2.0, 20.0, 20.0, "bytes"),
    ]


def test_a_known_result_that_cannot_be_used_is_worked_out_again(runner: Runner, ledger: Ledger, tmp_path: Path) -> None:
    """Refused by the caller, gone, damaged, or of an older form."""
    runner().run(STEP, Number, give(1))
    assert runner().run(STEP, Number, give(2), usable=lambda known: known.value > 1) == Number(value=2)
    digest = ledger.finished(STEP.key)
    assert digest is not None
    blobs = FolderBlobs(tmp_path / "blobs")
    blobs.path(digest).write_text("damaged", "utf-8")
    assert runner().run(STEP, Number, give(3)) == Number(value=3)
    digest = ledger.finished(STEP.key)
    assert digest is not None
    blobs.remove(digest)
    assert runner().run(STEP, Number, give(4)) == Number(value=4)

    class Other(Document):
        name: str

    assert runner().run(STEP, Other, lambda report: Other(name="x")) == Other(name="x")


def test_force_forgets_what_is_known(runner: Runner) -> None:
    """And works it out again."""
    runner().run(STEP, Number, give(1))
    assert runner(force=True).run(STEP, Number, give(2)) == Number(value=2)
    assert runner().run(STEP, Number, refuse) == Number(value=2)


@pytest.mark.parametrize("error", [EngineUnavailable("No GPU."), OSError("a broken disk")])
def test_work_that_fails_is_recorded_and_may_be_tried_as_often_as_one_likes(
    error: Exception, runner: Runner, ledger: Ledger
) -> None:
    """It came to an end, so it is no poison."""

    def fail(report: Report) -> Number:
        raise error

    made = runner()
    for _ in range(5):
        with pytest.raises(type(error)):
            made.run(STEP, Number, fail)
    (step,) = ledger.steps(made.job_id)
    assert (step.state, str(error) in step.error, step.attempts) == ("failed", True, 0)
    assert made.run(STEP, Number, give(1)) == Number(value=1)


def test_an_interruption_gives_the_step_back_without_counting_it(runner: Runner, ledger: Ledger) -> None:
    """Five times Ctrl-C is not three crashes."""

    def interrupt(report: Report) -> Number:
        raise KeyboardInterrupt

    made = runner()
    for _ in range(5):
        with pytest.raises(KeyboardInterrupt):
            made.run(STEP, Number, interrupt)
    assert [(step.state, step.attempts) for step in ledger.steps(made.job_id)] == [("queued", 0)]


def test_a_step_that_is_being_worked_on_is_busy(runner: Runner) -> None:
    """For everybody else, for as long as the process lives."""

    def work(report: Report) -> Number:
        with pytest.raises(StepBusy):
            runner().run(STEP, Number, refuse)
        return Number(value=1)

    assert runner().run(STEP, Number, work) == Number(value=1)


def test_the_step_of_a_process_that_is_gone_is_taken_over_at_once(runner: Runner, ledger: Ledger) -> None:
    """Its attempt counts; the third one is the last."""
    for attempt in range(1, 4):
        dead = runner()
        dead._claim(STEP)
        kill(dead.presence)
        assert ledger.steps(dead.job_id)[0].attempts == attempt
    with pytest.raises(Poisoned, match="3 times"):
        runner().run(STEP, Number, refuse)


def test_a_heartbeat_keeps_the_lease_longer_than_it_lasts(runner: Runner, ledger: Ledger) -> None:
    """Work may take as long as it takes."""

    def work(report: Report) -> Number:
        time.sleep(0.7)
        return Number(value=1)

    assert runner(lease_seconds=0.3).run(STEP, Number, work) == Number(value=1)
    assert [step.attempts for step in ledger.steps(runner().job_id)] == [1]


def test_who_lost_the_lease_is_told_at_the_next_progress_and_cannot_commit(runner: Runner, ledger: Ledger) -> None:
    """A process that slept past its lease does not overwrite the work of the one that took over."""
    taken = threading.Event()

    def work(report: Report) -> Number:
        job = ledger.open_job("episode", "options", "An episode")
        lease = ledger.claim(job.id, "fetch", 0, STEP.key, "another", is_gone=lambda _: True)
        taken.set()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            report(1.0)
            time.sleep(0.02)
            _ = lease
        raise AssertionError("nobody said that the lease is lost")

    with pytest.raises(LeaseLost):
        runner(lease_seconds=0.3).run(STEP, Number, work)
    assert taken.is_set()
    assert ledger.steps(runner().job_id)[0].state == "running"
    assert ledger.finished(STEP.key) is None


def test_nothing_is_known_of_a_step_whose_work_failed(runner: Runner, ledger: Ledger, tmp_path: Path) -> None:
    """No blob, no output."""

    def fail(report: Report) -> Number:
        raise NotFound("404.")

    with pytest.raises(NotFound):
        runner().run(STEP, Number, fail)
    assert ledger.finished(STEP.key) is None
    assert list((tmp_path / "blobs").glob("??/*")) == []
