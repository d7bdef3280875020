"""What of a plan has been done, as ledger and blobs tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jobs.steps import Step
from jobs.tasks import Task
from storage.blobs import FolderBlobs
from storage.database import open_database, sqlite_url
from storage.documents import Document, Episode
from storage.ledger import Ledger
from storage.queue import StepQueue
from storage.records import ReadyStep, StepRecord
from storage.requests import NewJob, Requests
from worker.known import LedgerResults
from worker.results import ResultReader


class Number(Document):
    """A result."""

    value: int


class Shelf:
    """A ledger and blobs with two jobs."""

    def __init__(self, folder: Path) -> None:
        self.engine = open_database(sqlite_url(folder / "ledger.db"))
        self.ledger = Ledger(self.engine)
        self.blobs = FolderBlobs(folder / "blobs")
        self.reader = ResultReader(self.blobs)
        self.mine, self.other = (
            Requests(self.engine).submit(NewJob(Episode(id=f"ep_{n}", title=""), "options", "{}")).job.id for n in range(2)
        )

    def make(self, job: str, value: int, *, key: str = "key") -> str:
        """Do the step for a job; return the digest of its result."""
        output = self.blobs.put(Number(value=value).model_dump_json().encode())
        self.ledger.commit(self.ledger.claim(job, "prepare", 0, key, "anna"), output)
        return output

    def queued(self) -> None:
        """Queue the step for my job."""
        StepQueue(self.engine).enqueue(self.mine, [ReadyStep("prepare", 0, "key", "cpu")])

    def known(self, *, request: str | None = None, **more: Any) -> LedgerResults:
        """Return what is known to my job; `request` is what it asked for when that was read."""
        standing = self.ledger.standing(self.mine, more.get("at_hand"))
        return LedgerResults(self.ledger, self.reader, self.mine, replace(standing, request=request or standing.request), **more)

    def steps(self, job: str) -> list[StepRecord]:
        """Return a job's steps."""
        return list(self.ledger.steps(job))


def task(key: str = "key", **more: Any) -> Task[Number]:
    """Return the step that makes the number."""
    return Task(Step("prepare", key), Number, lambda _: Number(value=0), "cpu", **more)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """Lend a ledger and blobs."""
    lent = Shelf(tmp_path)
    yield lent
    lent.engine.dispose()


def test_a_step_that_is_done_is_known_with_its_result(shelf: Shelf) -> None:
    """And its digest."""
    assert not shelf.known().has(task())
    assert shelf.known().result(task()) is None
    output = shelf.make(shelf.mine, 7)
    assert shelf.known().has(task())
    assert shelf.known().result(task()) == Number(value=7)
    assert shelf.known().digest(task()) == output


def test_a_step_with_another_key_is_not_known(shelf: Shelf) -> None:
    """It depends on something else."""
    shelf.make(shelf.mine, 7)
    assert shelf.known().result(task("another key")) is None


def test_what_another_job_did_is_taken_over(shelf: Shelf) -> None:
    """And noted down, so that the job has it when the other is removed."""
    output = shelf.make(shelf.other, 7)
    assert shelf.known().result(task()) == Number(value=7)
    assert [(step.state, step.output, step.key) for step in shelf.steps(shelf.mine)] == [("done", output, "key")]


def test_what_another_job_did_is_not_noted_for_a_job_that_asks_for_something_else_by_now(shelf: Shelf) -> None:
    """The plan is of an earlier request."""
    shelf.make(shelf.other, 7)
    assert shelf.known(request="what was asked before").result(task()) == Number(value=7)
    assert shelf.steps(shelf.mine) == []


@pytest.mark.parametrize("how", ["gone", "not this kind", "not usable"])
def test_a_result_that_will_not_do_is_forgotten(shelf: Shelf, how: str) -> None:
    """It is made anew."""
    output = shelf.make(shelf.mine, 7)
    if how == "gone":
        shelf.blobs.remove(output)
    elif how == "not this kind":
        shelf.ledger.forget("key")
        shelf.ledger.commit(shelf.ledger.claim(shelf.mine, "prepare", 0, "key", "anna"), shelf.blobs.put(b'{"value": "x"}'))
    known, asked = shelf.known(), task(usable=lambda _: how != "not usable")
    assert known.result(asked) is None
    assert not known.has(asked)
    assert [step.state for step in shelf.steps(shelf.mine)] == ["queued"]
    assert shelf.ledger.finished("key") is None


def test_a_result_of_another_job_that_a_new_try_may_better_is_not_taken_and_not_forgotten(shelf: Shelf) -> None:
    """The job that made it goes on with it: else it would be made anew for ever."""
    shelf.make(shelf.other, 7)
    asked = task(settled=lambda _: False)
    assert shelf.known().result(asked) is None
    assert [step.state for step in shelf.steps(shelf.other)] == ["done"]
    shelf.make(shelf.mine, 8)
    assert shelf.known().result(asked) == Number(value=8)


def test_the_step_at_hand_is_not_known_but_may_have_been_done_meanwhile(shelf: Shelf) -> None:
    """By another job that was at the same."""
    shelf.queued()
    assert shelf.known(at_hand=("prepare", 0)).done_meanwhile(task()) is None
    output = shelf.make(shelf.other, 7)
    known = shelf.known(at_hand=("prepare", 0))
    assert not known.has(task())
    assert known.done_meanwhile(task()) == output
    assert known.done_meanwhile(task(settled=lambda _: False)) is None
    assert [step.state for step in shelf.steps(shelf.mine)] == ["queued"]


def test_what_was_read_is_not_read_again(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan is walked at each step of a job."""
    shelf.make(shelf.mine, 7)
    read, count = shelf.blobs.read, []

    def counted(digest: str) -> bytes:
        count.append(digest)
        return read(digest)

    monkeypatch.setattr(shelf.blobs, "read", counted)
    for _ in range(3):
        assert shelf.known().result(task()) == Number(value=7)
    assert len(count) == 1
