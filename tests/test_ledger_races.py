"""What holds when many threads and processes are at one ledger."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest

from storage.database import open_database
from storage.errors import LeaseLost, StepBusy
from storage.ledger import Ledger

_THREADS = 16
_ROUNDS = 10


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """Lend a ledger on a real database of each kind."""
    engine = open_database(ledger_url)
    yield Ledger(engine)
    engine.dispose()


def _at_once(work: Callable[[int], str | None], threads: int = _THREADS) -> list[str | None]:
    """Run `work` in threads that begin together; return what each gave."""
    barrier = threading.Barrier(threads)

    def begin(number: int) -> str | None:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(begin, range(threads)))


def _claim(ledger: Ledger, job: str, name: str, thread: int) -> str | None:
    """Claim a step for a thread; return its owner, or none if somebody else has it."""
    try:
        return ledger.claim(job, name, 0, "key", f"thread{thread}").owner
    except StepBusy:
        return None


def test_of_sixteen_threads_that_claim_a_new_step_exactly_one_gets_it(ledger: Ledger) -> None:
    """Whoever makes the row does not thereby own the step, and nobody fails over it."""
    job = ledger.open_job("ep_1", "options", "Title").id
    for number in range(_ROUNDS):
        won = _at_once(partial(_claim, ledger, job, f"step{number}"))
        assert len([owner for owner in won if owner is not None]) == 1


def test_of_sixteen_threads_that_take_over_a_step_exactly_one_gets_it(ledger: Ledger) -> None:
    """Its lease ran out, so all of them may."""
    job = ledger.open_job("ep_1", "options", "Title").id
    for number in range(_ROUNDS):
        name = f"step{number}"
        ledger.claim(job, name, 0, "key", "old", seconds=-1.0)
        won = _at_once(partial(_claim, ledger, job, name))
        assert len([owner for owner in won if owner is not None]) == 1
    assert {step.attempts for step in ledger.steps(job)} == {2}


def test_sixteen_threads_that_open_one_job_get_one_row(ledger: Ledger) -> None:
    """Opening is atomic."""
    for number in range(_ROUNDS):
        ids = _at_once(partial(_open, ledger, f"ep_{number}"))
        assert len(set(ids)) == 1


def _open(ledger: Ledger, episode: str, _thread: int) -> str:
    return ledger.open_job(episode, "options", "Title").id


def test_a_late_result_never_overwrites_that_of_the_owner_who_took_over(ledger: Ledger) -> None:
    """Committing and taking over at once leaves the step with the new owner, not done by the old one."""
    job = ledger.open_job("ep_1", "options", "Title").id
    for number in range(_ROUNDS):
        name = f"step{number}"
        old = ledger.claim(job, name, 0, "key", "old", seconds=-1.0)

        outcome = _at_once(partial(_commit_or_claim, ledger, job, name, partial(ledger.commit, old, "a" * 64)), 2)
        step = next(step for step in ledger.steps(job) if step.name == name)
        assert outcome[1] == "thread1"  # nothing keeps it from taking over, before the late result or after
        assert (step.state, step.output) == ("running", None)


def _commit_or_claim(ledger: Ledger, job: str, name: str, commit: Callable[[], object], thread: int) -> str | None:
    """Commit late in the first thread, take the step over in the other."""
    if thread:
        return _claim(ledger, job, name, thread)
    with suppress(LeaseLost):
        commit()
    return None


def test_of_many_processes_that_claim_one_step_exactly_one_gets_it(ledger: Ledger, ledger_url: str) -> None:
    """Four processes of four threads, which share nothing but the database."""
    job = ledger.open_job("ep_0", "options", "Title").id
    context = multiprocessing.get_context("spawn")
    with context.Pool(4) as pool:
        won = pool.starmap(_claim_all, [(ledger_url, job)] * 4)
    for number in range(_ROUNDS):
        assert sum(won[process][number] for process in range(4)) == 1
    assert len(ledger.steps(job)) == _ROUNDS


def _claim_all(url: str, job: str) -> list[int]:
    """Claim each step from four threads; return for each how many of them got it."""
    engine = open_database(url)
    ledger = Ledger(engine)
    counts = []
    for number in range(_ROUNDS):
        won = _at_once(partial(_claim, ledger, job, f"step{number}"), 4)
        counts.append(len([owner for owner in won if owner is not None]))
    engine.dispose()
    return counts
