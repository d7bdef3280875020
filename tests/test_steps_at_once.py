"""Steps that run beside each other: leases, order, failure."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from jobs.events import Event
from jobs.steps import Report, Step, StepRunner
from storage.blobs import FolderBlobs
from storage.database import open_database, sqlite_url
from storage.documents import Note
from storage.errors import PermanentError
from storage.ledger import Ledger
from storage.presence import Presence


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Open a ledger in a file."""
    engine = open_database(sqlite_url(tmp_path / "ledger.db"))
    yield Ledger(engine)
    engine.dispose()


@pytest.fixture
def runner(tmp_path: Path, ledger: Ledger) -> Iterator[StepRunner]:
    """Return the runner of one job."""
    job = ledger.open_job("episode", "options", "Title")
    with Presence(tmp_path / "alive") as presence:
        yield StepRunner(ledger, FolderBlobs(tmp_path / "blobs"), presence, job.id, _Events())


class _Events:
    """Keeps what it is told, and notices when it is told two things at once."""

    def __init__(self) -> None:
        self.told: list[Event] = []
        self.clashes = 0
        self._busy = threading.Lock()

    def __call__(self, event: Event) -> None:
        if not self._busy.acquire(blocking=False):
            self.clashes += 1
            return
        self.told.append(event)
        self._busy.release()


def tasks(count: int, work: Callable[[int, Report], Note]) -> list[tuple[Step, Callable[[Report], Note]]]:
    """Return that many steps of one job."""
    return [(Step("transcribe", f"key{n}", n, count), lambda report, n=n: work(n, report)) for n in range(count)]  # type: ignore[misc]  # a default binds the loop's value


def test_results_come_in_the_order_of_the_steps_whoever_ends_first(runner: StepRunner, ledger: Ledger) -> None:
    """Two run at once (each waits for the other), results keep their order, all steps are done."""
    together = threading.Barrier(2, timeout=20)

    def work(n: int, report: Report) -> Note:
        together.wait()
        for _ in range(50):
            report(0.5)
        return Note(field="file", html=str(n))

    found = runner.run_all(tasks(6, work), Note, at_once=2)
    assert [note.html for note in found] == list("012345")
    assert {step.state for step in ledger.steps(runner.job_id)} == {"done"}
    assert isinstance(runner.listener, _Events)
    assert runner.listener.clashes == 0
    again = runner.run_all(tasks(6, lambda n, _: pytest.fail(f"step {n} was done again")), Note, at_once=2)
    assert again == found


def test_when_one_fails_the_others_are_given_back_and_the_finished_kept(runner: StepRunner, ledger: Ledger) -> None:
    """The failed step says why, the running one is free again without a counted attempt, the last is never begun."""
    running = threading.Event()

    def work(n: int, report: Report) -> Note:
        if n == 1:
            running.wait(20)
            raise PermanentError("The part cannot be read.", hint="None.")
        if n in (2, 3):  # whichever is beside it when it fails
            running.set()
            while True:
                report(0.1)
                threading.Event().wait(0.01)
        return Note(field="file", html=str(n))

    with pytest.raises(PermanentError, match="cannot be read"):
        runner.run_all(tasks(5, work), Note, at_once=2)
    states = {step.part: (step.state, step.attempts) for step in ledger.steps(runner.job_id)}
    assert states.pop(0) == ("done", 1)
    assert states.pop(1) == ("failed", 0)
    assert states.pop(2) == ("queued", 0)
    assert all(state == ("queued", 0) for state in states.values())


@pytest.mark.parametrize("at_once", [0, 1])
def test_one_at_a_time_needs_no_threads(runner: StepRunner, at_once: int) -> None:
    """Steps run in the thread that asks."""
    seen: list[threading.Thread] = []

    def work(n: int, _: Report) -> Note:
        seen.append(threading.current_thread())
        return Note(field="file", html=str(n))

    assert len(runner.run_all(tasks(3, work), Note, at_once=at_once)) == 3
    assert set(seen) == {threading.current_thread()}
