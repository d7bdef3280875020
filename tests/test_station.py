"""A worker at work, with children that do as the test says: leases, cancelled jobs, children that fail, and its own end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from storage.documents import Episode
from storage.records import Hint, ReadyStep, StepRecord
from storage.requests import NewJob
from tests.puppets import Puppets
from tests.yard import wait_for
from worker.desk import Desk
from worker.settings import Settings
from worker.station import Station, _Active
from worker.stores import Stores, open_stores
from worker.tools import open_tools


class Watched(Station):
    """A station that keeps what it did for the test to see, and can be slow to settle."""

    def __init__(self, *arguments: Any) -> None:
        self.settled: list[tuple[_Active, str]] = []
        self.slow = 0.0
        super().__init__(*arguments)

    def _settle(self, active: _Active, ended: dict[str, Any]) -> None:
        time.sleep(self.slow)
        self.settled.append((active, ended["ended"]))
        super()._settle(active, ended)


class Place:
    """A station over a ledger, and threads that serve it."""

    def __init__(self, stores: Stores, settings: Settings) -> None:
        self.told: list[Hint] = []
        self.desk = _Planned(stores, open_tools(settings, stores), self._tell)
        self.stores = stores
        self.station = Watched(self.desk, settings, ("asr", "cpu"), 2)
        self._pool = ThreadPoolExecutor(4)

    def _tell(self, hints: Iterable[Hint]) -> tuple[Hint, ...]:
        self.told.extend(hints)
        return tuple(self.told)

    def job(self, name: str = "one", parts: int = 1) -> str:
        """Submit a job with parts to be heard."""
        job_id = self.stores.requests.submit(NewJob(Episode(id=f"ep_{name}", title=name), "options", "{}")).job.id
        self.stores.queue.enqueue(job_id, [ReadyStep("transcribe", n, f"{name} {n}", "asr") for n in range(parts)])
        return job_id

    def serve(self) -> Future[bool]:
        """Do one step in a thread."""
        return self._pool.submit(self.station.serve, "asr")

    def step(self, job_id: str) -> StepRecord:
        """Return a job's first part as it is now."""
        return self.stores.ledger.steps(job_id)[0]

    def running(self, job_id: str) -> None:
        """Wait until a child is at a job's step and has said so."""
        wait_for(lambda: any(a.lease.job_id == job_id and a.done for a in list(self.station._active.values())), what="a step")

    def close(self) -> None:
        """End the station."""
        self.station.close()
        self._pool.shutdown()


@dataclass(frozen=True)
class _Planned(Desk):
    """A desk that notes which jobs it was asked to move on: these have no episode that could be."""

    planned: list[str] = field(default_factory=list)

    def advance(self, job_id: str) -> None:
        self.planned.append(job_id)


@pytest.fixture
def puppets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Puppets:
    """Decide what children do."""
    monkeypatch.setattr("worker.supervisor.STOP_GRACE", 1.0)
    monkeypatch.setattr("worker.station.STOP_GRACE", 2.0)
    return Puppets(tmp_path, monkeypatch)


@pytest.fixture
def place(tmp_path: Path, puppets: Puppets) -> Iterator[Place]:
    """Lend a station."""
    settings = Settings(data_dir=tmp_path / "data", lease_seconds=30, stall_seconds=60)
    with open_stores(settings) as stores:
        lent = Place(stores, settings)
        yield lent
        lent.close()


def test_a_station_with_nothing_to_do_says_so(place: Place) -> None:
    """No child is started for it."""
    assert not place.serve().result()
    assert place.station.idle


def test_one_message_is_enough_for_all_that_waits_in_the_queues_of_a_station(place: Place) -> None:
    """Whatever queue it named."""
    jobs = [place.job(f"job {n}", parts=2) for n in range(2)]
    place.station.work_off("asr")
    assert [ended for _, ended in place.station.settled] == ["done"] * 4
    assert place.stores.queue.foremost(("asr", "cpu")) is None
    assert {active.lease.job_id for active, _ in place.station.settled} == set(jobs)


def test_a_station_looks_up_from_a_long_backlog_and_gives_word_of_the_rest(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """So feeds are polled meanwhile, and no other worker stays idle."""
    monkeypatch.setattr("worker.station.LOOK_UP", 0.0)
    job = place.job(parts=3)
    place.station.work_off("asr")
    assert len(place.station.settled) == 1
    assert place.told == [Hint("asr", job, "transcribe", 1)]


def test_a_cancelled_job_is_stopped_at_its_next_sign_of_life(place: Place, puppets: Puppets) -> None:
    """Its step is given back, claimable by nobody, and its child lives on."""
    puppets.do("ready", "works")
    job = place.job()
    serving = place.serve()
    place.running(job)
    place.stores.requests.cancel(job)
    assert serving.result(60)
    assert [(how, active.why) for active, how in place.station.settled] == [("stopped", "cancelled")]
    assert (place.step(job).state, place.step(job).queue, place.step(job).attempts) == ("queued", None, 0)


def test_a_child_that_does_not_stop_is_killed(place: Place, puppets: Puppets) -> None:
    """The job was cancelled, so nobody pays for it."""
    puppets.do("ready", "works")
    job = place.job()
    serving = place.serve()
    place.running(job)
    puppets.do("ready", "deaf")
    place.stores.requests.cancel(job)
    assert serving.result(60)
    assert [(how, active.why) for active, how in place.station.settled] == [("died", "cancelled")]
    assert (place.step(job).state, place.step(job).attempts) == ("queued", 0)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_what_is_meant_for_a_step_that_has_ended_does_not_meet_the_next_one(place: Place, puppets: Puppets, how: str) -> None:
    """One child, two steps with the same token: the first job is cancelled, or was silent for long, just as its step ends."""
    first, second = place.job("first"), place.job("second")
    assert place.serve().result(60)
    ((ended, _),) = place.station.settled
    puppets.do("ready", "works")
    serving = place.serve()
    place.running(second)
    if how == "stop":
        place.stores.requests.cancel(first)
    else:
        ended.sign = -1e9
    place.station._look_after([ended])  # the heart had looked round just before
    time.sleep(1)
    puppets.do("ready", "ends")
    assert serving.result(60)
    assert [how for _, how in place.station.settled] == ["done", "done"]


def test_a_step_that_is_committed_is_not_lost_while_its_child_plans(place: Place, puppets: Puppets) -> None:
    """The child dies over the planning: the job is moved on here, and no attempt is counted."""
    puppets.do("ready", "commits")
    job = place.job()
    assert place.serve().result(60)
    assert [(how, active.committed) for active, how in place.station.settled] == [("died", True)]
    assert place.desk.planned == [job]
    assert place.step(job).attempts == 1


def test_a_child_that_dies_costs_an_attempt(place: Place, puppets: Puppets) -> None:
    """The step is put back and says why."""
    puppets.do("ready", "dies")
    job = place.job()
    assert place.serve().result(60)
    assert (place.step(job).state, place.step(job).attempts, place.step(job).error) == (
        "queued",
        1,
        "its process was killed (SIGKILL)",
    )


def test_a_child_that_does_not_come_up_costs_no_attempt(place: Place, puppets: Puppets) -> None:
    """The ledger was away when it started, or memory was short: the step waits a little."""
    puppets.do("absent")
    job = place.job()
    assert place.serve().result(60)
    step = place.step(job)
    assert (step.state, step.attempts, step.failures) == ("queued", 0, 1)
    assert step.error == "no process came up: its process ended with status 3"
    assert step.not_before > time.time()


def test_a_step_that_another_worker_took_over_is_stopped(place: Place, puppets: Puppets) -> None:
    """The lease is lost; what becomes of the step is the other's."""
    puppets.do("ready", "works")
    job = place.job()
    serving = place.serve()
    place.running(job)
    place.stores.requests.retry(job)
    place.stores.requests.cancel(job)
    place.stores.requests.retry(job)
    assert serving.result(60)
    ((active, how),) = place.station.settled
    assert (how, active.why) == ("stopped", "lost")
    assert place.step(job).state == "failed"


def test_a_drain_gives_back_what_is_not_done_in_time(place: Place, puppets: Puppets) -> None:
    """Nothing more is begun, and no attempt is counted."""
    puppets.do("ready", "works")
    job = place.job(parts=2)
    serving = place.serve()
    place.running(job)
    place.station.drain(seconds=0.5)
    assert not place.serve().result(60)
    assert serving.result(60)
    assert [(step.state, step.attempts) for step in place.stores.ledger.steps(job)] == [("queued", 0)] * 2


def test_a_drain_while_a_child_comes_up_gives_its_step_back(place: Place, puppets: Puppets) -> None:
    """The child is kept, and has begun nothing."""
    puppets.do("late", "works")
    job = place.job()
    serving = place.serve()
    wait_for(lambda: place.step(job).state == "running")
    place.station.drain(seconds=0.0)
    assert serving.result(60)
    assert (place.step(job).state, place.step(job).attempts) == ("queued", 0)


def test_a_step_that_was_claimed_while_all_was_given_back_is_given_back_too(place: Place, puppets: Puppets) -> None:
    """The worker was told to stop, now, between the claim and the work."""
    puppets.do("ready", "works")
    job = place.job()
    claim_next = place.stores.queue.claim_next

    def claim_and_drain(*arguments: Any, **named: Any) -> Any:
        claim = claim_next(*arguments, **named)
        place.station._draining.set()
        place.station._return_all()
        return claim

    place.stores.queue.claim_next = claim_and_drain  # type: ignore[method-assign]
    assert place.serve().result(30)
    assert (place.step(job).state, place.step(job).attempts) == ("queued", 0)


def test_a_station_is_closed_only_when_what_it_did_stands_in_the_ledger(place: Place, puppets: Puppets) -> None:
    """A thread that is slow to settle is waited for."""
    puppets.do("ready", "works")
    place.station.slow = 3.0
    job = place.job()
    place.serve()
    place.running(job)
    place.station.close()
    assert (place.step(job).state, place.step(job).attempts) == ("queued", 0)


def test_a_heart_that_stumbles_beats_on(place: Place, puppets: Puppets) -> None:
    """Whatever nobody foresaw happens once; the cancelled job is stopped all the same."""
    puppets.do("ready", "works")
    job = place.job()
    unwanted, stumbled = place.stores.queue.unwanted, threading.Event()

    def stumble(jobs: Any) -> Any:
        if not stumbled.is_set():
            stumbled.set()
            raise ArithmeticError
        return unwanted(jobs)

    place.stores.queue.unwanted = stumble  # type: ignore[assignment, method-assign]
    serving = place.serve()
    place.running(job)
    assert stumbled.wait(60)
    place.stores.requests.cancel(job)
    assert serving.result(60)
    assert place.step(job).state == "queued"
