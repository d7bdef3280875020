"""The history of jobs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from storage.database import open_database
from storage.documents import Episode
from storage.events import Events
from storage.queue import StepQueue
from storage.records import ReadyStep
from storage.requests import NewJob, Requests
from tests.clock import Clock


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    """Lend an empty database of each kind."""
    engine = open_database(ledger_url)
    yield engine
    engine.dispose()


def submit(engine: Engine, name: str) -> str:
    """Submit a job and return its id."""
    return Requests(engine, clock=Clock()).submit(NewJob(Episode(id=name, title=name), "options", "{}")).job.id


def test_a_ledger_without_jobs_has_no_history(engine: Engine) -> None:
    """The last event is none."""
    assert Events(engine).last() == 0
    assert Events(engine).of_job("nope") == ()


def test_what_happens_to_a_job_can_be_read_from_any_place(engine: Engine) -> None:
    """Its own events alone, in order; whoever has seen one goes on after it."""
    one, two = submit(engine, "one"), submit(engine, "two")
    queue = StepQueue(engine, clock=Clock(1234.5))
    queue.enqueue(one, [ReadyStep("fetch", 0, "key", "fetch")])
    claim = queue.claim_next(("fetch",), "anna")
    assert claim is not None
    queue.fail(claim.lease, 'größer than "allowed"')
    events = Events(engine)
    all_of_it = events.of_job(one)
    assert [event.kind for event in all_of_it] == ["job.queued", "step.started", "job.running", "step.failed", "job.failed"]
    assert all_of_it[1].data == {"step": "fetch", "part": 0, "attempt": 1}
    assert all_of_it[3].data == {"step": "fetch", "part": 0, "error": 'größer than "allowed"'}
    assert (all_of_it[3].at, all_of_it[3].job_id) == (1234.5, one)
    assert events.of_job(one, limit=2) == all_of_it[:2]
    assert events.of_job(one, after=all_of_it[1].id) == all_of_it[2:]
    assert events.of_job(one, after=all_of_it[-1].id) == ()
    assert [event.kind for event in events.of_job(two)] == ["job.queued"]
    assert events.last() == all_of_it[-1].id


def test_an_id_that_was_seen_is_never_given_again(engine: Engine) -> None:
    """Also when the newest events are removed with their job."""
    requests, events = Requests(engine, clock=Clock()), Events(engine)
    gone = submit(engine, "one")
    requests.cancel(gone)
    last = events.last()
    assert requests.purge(before=2000.0) == 1
    assert events.of_job(submit(engine, "two"))[0].id > last
