"""Queues in which nothing moves, as the ledger shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from storage.database import open_database
from storage.documents import Episode
from storage.ledger import Ledger
from storage.queue import StepQueue
from storage.records import ReadyStep
from storage.requests import NewJob, Requests
from storage.standstill import PATIENCE, standstills


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time as set."""
        return self.now


@dataclass(frozen=True)
class House:
    """A ledger with a clock that a test sets."""

    engine: Engine
    clock: Clock

    @property
    def queue(self) -> StepQueue:
        """What workers take from."""
        return StepQueue(self.engine, clock=self.clock)

    def submit(self, number: int = 0) -> str:
        """Ask for an episode."""
        episode = Episode(id=f"ep_{number}", title="An episode")
        return Requests(self.engine, clock=self.clock).submit(NewJob(episode, "options", "{}")).job.id

    def still(self) -> list[tuple[str, int, float]]:
        """Return the queues that do not move, as (queue, waiting, seconds)."""
        return [(one.queue, one.waiting, one.seconds) for one in standstills(self.engine, clock=self.clock)]


@pytest.fixture
def house(ledger_url: str) -> Iterator[House]:
    """Lend a ledger on each of the databases."""
    engine = open_database(ledger_url)
    yield House(engine, Clock())
    engine.dispose()


def test_a_queue_stands_still_when_its_foremost_step_waits_and_nobody_works(house: House) -> None:
    """But not before some patience."""
    assert house.still() == []
    job = house.submit()
    house.queue.enqueue(job, [ReadyStep("fetch", 0, "f", "fetch"), ReadyStep("diarizer", 0, "d", "diarize")])
    house.clock.now += PATIENCE
    assert house.still() == []
    house.clock.now += 1
    assert house.still() == [("fetch", 1, PATIENCE + 1), ("diarize", 1, PATIENCE + 1)]


def test_a_queue_moves_while_a_step_of_it_is_held_and_a_while_after(house: House) -> None:
    """However many wait behind it; a lease that ran out is nobody at work."""
    for number in range(3):
        house.queue.enqueue(house.submit(number), [ReadyStep("fetch", 0, f"f{number}", "fetch")])
    house.clock.now += 100
    claim = house.queue.claim_next(["fetch"], "worker", seconds=60)
    assert claim is not None
    house.clock.now += 59
    assert house.still() == []
    Ledger(house.engine, clock=house.clock).commit(claim.lease, "0" * 64)
    house.clock.now += PATIENCE
    assert house.still() == []
    house.clock.now += 1
    assert house.still() == [("fetch", 2, 100 + 59 + PATIENCE + 1)]
    assert house.queue.claim_next(["fetch"], "worker", seconds=60) is not None
    house.clock.now += 61
    assert house.still()[0][:2] == ("fetch", 1)


def test_a_step_waits_from_when_the_one_before_it_ended(house: House) -> None:
    """A job that was asked for hours ago is no sign that nobody transcribes."""
    job = house.submit()
    house.queue.enqueue(job, [ReadyStep("prepare", 0, "p", "cpu")])
    claim = house.queue.claim_next(["cpu"], "worker", seconds=10_000)
    assert claim is not None
    house.clock.now += 7200
    Ledger(house.engine, clock=house.clock).commit(claim.lease, "0" * 64)
    house.queue.enqueue(job, [ReadyStep("transcribe", part, f"t{part}", "asr", parts=2) for part in (0, 1)])
    assert house.still() == []
    house.clock.now += PATIENCE + 5
    assert house.still() == [("asr", 2, PATIENCE + 5)]


def test_a_step_that_is_to_be_tried_later_does_not_wait_yet(house: House) -> None:
    """It was put off on purpose."""
    house.queue.enqueue(house.submit(), [ReadyStep("fetch", 0, "f", "fetch")])
    claim = house.queue.claim_next(["fetch"], "worker")
    assert claim is not None
    house.queue.postpone(claim.lease, "the server is down", until=house.clock.now + 600)
    house.clock.now += 600
    assert house.still() == []
    house.clock.now += PATIENCE + 2
    assert house.still() == [("fetch", 1, PATIENCE + 2)]


def test_a_cancelled_job_waits_for_nobody(house: House) -> None:
    """Its steps are out of their queues."""
    job = house.submit()
    house.queue.enqueue(job, [ReadyStep("fetch", 0, "f", "fetch")])
    Requests(house.engine, clock=house.clock).cancel(job)
    house.clock.now += 1000
    assert house.still() == []
