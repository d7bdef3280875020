"""What was left lying is put back on its way."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from storage.documents import Episode
from storage.errors import LedgerUnavailable
from storage.presence import Presence
from storage.records import Hint, ReadyStep
from storage.requests import NewJob
from storage.tables import jobs, steps
from worker.desk import Desk
from worker.settings import Settings
from worker.station import BEAT, Station
from worker.stores import Stores, open_stores
from worker.sweeper import STALLED_AFTER, sweep
from worker.tasks import Looker
from worker.tools import open_tools

STEP = ReadyStep("transcribe", 0, "key", "asr")


class Told:
    """Takes down what is announced, and says how many messages wait."""

    def __init__(self) -> None:
        self.hints: list[Hint] = []
        self.waiting: int | None = 0

    def __call__(self, hints: Iterable[Hint]) -> tuple[Hint, ...]:
        """Take down."""
        sent = tuple(hints)
        self.hints.extend(sent)
        return sent

    def depth(self, _queue: str) -> int | None:
        """Return how many messages wait."""
        return self.waiting


@pytest.fixture
def told() -> Told:
    """Take down what is announced."""
    return Told()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return settings for a folder of one's own."""
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def stores(settings: Settings) -> Iterator[Stores]:
    """Lend a ledger."""
    with open_stores(settings) as opened:
        yield opened


@pytest.fixture
def desk(settings: Settings, stores: Stores, told: Told) -> Desk:
    """Lend a desk."""
    return Desk(stores, open_tools(settings, stores), told)


def submit(stores: Stores, name: str = "one", *, request: str = "{}", ready: tuple[ReadyStep, ...] = (STEP,)) -> str:
    """Submit a job with steps; return its id."""
    job_id = stores.requests.submit(NewJob(Episode(id=f"ep_{name}", title=name), "options", request)).job.id
    stores.queue.unheard(stores.queue.enqueue(job_id, ready))
    return job_id


def let_pass(stores: Stores, seconds: float) -> None:
    """Let all that happened have happened so many seconds earlier."""
    with stores.engine.begin() as connection:
        connection.execute(update(jobs).values(updated_at=jobs.c.updated_at - seconds))
        connection.execute(update(steps).values(finished_at=steps.c.finished_at - seconds))


def test_a_step_that_nobody_heard_of_is_announced_once(desk: Desk, stores: Stores, told: Told) -> None:
    """Its message was lost; the next sweep waits for what becomes of this one."""
    job = submit(stores)
    assert sweep(desk, told.depth) == (Hint("asr", job, "transcribe", 0),)
    assert told.hints == [Hint("asr", job, "transcribe", 0)]
    assert sweep(desk, told.depth) == ()


def test_a_step_whose_queue_has_messages_is_not_announced(desk: Desk, stores: Stores, told: Told) -> None:
    """Whoever takes one of them takes the step."""
    submit(stores)
    told.waiting = 3
    assert sweep(desk, told.depth) == ()
    assert told.hints == []


def test_without_a_broker_the_steps_are_told_to_whoever_sweeps(desk: Desk, stores: Stores, told: Told) -> None:
    """It looks for itself."""
    job = submit(stores)
    told.waiting = None
    assert sweep(desk, told.depth) == (Hint("asr", job, "transcribe", 0),)
    assert told.hints == []


def test_the_step_of_a_worker_that_died_on_this_machine_is_put_back_at_once(
    desk: Desk, stores: Stores, settings: Settings, told: Told
) -> None:
    """Its sign of life is there, and nobody holds it."""
    job = submit(stores)
    with Presence(settings.data_dir / "alive") as other:
        assert stores.queue.claim_next(("asr",), other.owner) is not None
        assert sweep(desk, told.depth) == ()
    assert sweep(desk, told.depth) == (Hint("asr", job, "transcribe", 0),)
    assert stores.ledger.steps(job)[0].error == "its worker died"


def test_a_stalled_job_is_planned_anew(desk: Desk, stores: Stores, told: Told) -> None:
    """Its planner died after a step, and this one comes to the end: the request cannot be read, which ends it."""
    job = submit(stores, ready=())
    sweep(desk, told.depth)
    assert not stores.requests.get(job).ended
    let_pass(stores, STALLED_AFTER + 1)
    sweep(desk, told.depth)
    assert stores.requests.get(job).state == "failed"


def test_a_job_that_cannot_be_planned_keeps_no_other_waiting(
    desk: Desk, stores: Stores, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is wrong with it, and nobody foresaw."""
    bad, good = submit(stores, "bad", ready=()), submit(stores, "good", ready=())
    queued = submit(stores, "queued")
    let_pass(stores, STALLED_AFTER + 1)
    plan = Desk.plan

    def stumble(self: Desk, job_id: str) -> tuple[Hint, ...]:
        if job_id == bad:
            raise ArithmeticError
        return plan(self, job_id)

    monkeypatch.setattr(Desk, "plan", stumble)
    assert sweep(desk, told.depth) == (Hint("asr", queued, "transcribe", 0),)
    assert stores.requests.get(good).state == "failed"
    assert stores.requests.get(bad).state == "queued"


def test_a_looker_that_stumbles_goes_on_looking(
    desk: Desk, settings: Settings, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After what nobody foresaw at once; after a ledger that was away, the hearts of living workers beat first."""
    at: list[float] = []

    def sweeps(*_: Any) -> tuple[Hint, ...]:
        at.append(time.monotonic())
        if len(at) == 1:
            raise ArithmeticError
        if len(at) == 2:
            raise LedgerUnavailable("The ledger cannot be used.")
        return ()

    monkeypatch.setattr("worker.tasks.sweep", sweeps)
    station = Station(desk, settings, ("asr",), 1)
    looker = Looker(station, desk, told.depth, 0.05)
    looker.start()
    deadline = time.monotonic() + 60
    while len(at) < 4 and time.monotonic() < deadline:
        time.sleep(0.05)
    looker.stop()
    station.close()
    assert len(at) >= 4
    assert at[2] - at[1] >= 2 * BEAT
