"""The ledger: jobs, steps, leases, attempts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from storage.database import open_database
from storage.errors import LeaseLost, NotFound, Poisoned, StepBusy
from storage.ledger import Ledger
from storage.records import LEASE_SECONDS, MAX_ATTEMPTS


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Return the time as set."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock at 1000 s."""
    return Clock()


@pytest.fixture
def ledger(ledger_url: str, clock: Clock) -> Iterator[Ledger]:
    """Lend a ledger on a real database of each kind."""
    engine = open_database(ledger_url)
    yield Ledger(engine, clock=clock)
    engine.dispose()


@pytest.fixture
def job(ledger: Ledger) -> str:
    """Return the id of a job."""
    return ledger.open_job("ep_1", "options", "An episode").id


def test_the_same_episode_with_the_same_options_is_one_job(ledger: Ledger) -> None:
    """A job is found by episode and options."""
    first = ledger.open_job("ep_1", "a", "Title")
    assert ledger.open_job("ep_1", "a", "Title") == first
    assert ledger.open_job("ep_1", "b", "Title").id != first.id
    assert ledger.open_job("ep_2", "a", "Title").id != first.id


def test_a_hundred_threads_that_open_one_job_get_one_job(ledger: Ledger) -> None:
    """Opening is atomic."""
    ids: list[str] = []
    barrier = threading.Barrier(100)

    def open_it() -> None:
        barrier.wait()
        ids.append(ledger.open_job("ep_1", "a", "Title").id)

    threads = [threading.Thread(target=open_it) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 100
    assert len(set(ids)) == 1


def test_a_job_keeps_its_state_reason_and_output(ledger: Ledger, job: str) -> None:
    """What is set is read back."""
    ledger.set_job(job, "failed", reason="no audio")
    assert (ledger.job(job).state, ledger.job(job).reason) == ("failed", "no audio")
    ledger.set_job(job, "done", output="d" * 64)
    assert (ledger.job(job).state, ledger.job(job).output) == ("done", "d" * 64)


def test_a_job_knows_of_open_ones_of_its_episode(ledger: Ledger, job: str) -> None:
    """Not of itself, and not of those that have ended or are of another episode."""
    ledger.open_job("ep_2", "options", "Another")
    assert not ledger.has_others(job)
    other = ledger.open_job("ep_1", "other options", "Title").id
    assert ledger.has_others(job)
    ledger.set_job(job, "failed", reason="no audio")
    assert not ledger.has_others(other)


def test_asking_for_a_job_that_is_not_there_says_so(ledger: Ledger) -> None:
    """No job, no silence."""
    with pytest.raises(NotFound, match="no job nope"):
        ledger.job("nope")


def test_a_step_that_somebody_works_on_cannot_be_claimed(ledger: Ledger, job: str) -> None:
    """Two owners never hold one step."""
    ledger.claim(job, "fetch", 0, "key", "anna")
    with pytest.raises(StepBusy) as caught:
        ledger.claim(job, "fetch", 0, "key", "ben")
    assert caught.value.retry_after == pytest.approx(LEASE_SECONDS)


def test_a_lease_that_ran_out_goes_to_the_next_owner(ledger: Ledger, job: str, clock: Clock) -> None:
    """A silent owner loses the step, and its late result is refused."""
    old = ledger.claim(job, "fetch", 0, "key", "anna")
    clock.now += LEASE_SECONDS + 1
    new = ledger.claim(job, "fetch", 0, "key", "ben")
    assert new.token == old.token + 1
    with pytest.raises(LeaseLost):
        ledger.commit(old, "a" * 64)
    ledger.commit(new, "b" * 64)
    assert ledger.finished("key") == "b" * 64


def test_a_renewed_lease_holds_longer(ledger: Ledger, job: str, clock: Clock) -> None:
    """A heartbeat keeps the step."""
    lease = ledger.claim(job, "fetch", 0, "key", "anna")
    clock.now += LEASE_SECONDS - 1
    ledger.renew(lease)
    clock.now += LEASE_SECONDS - 1
    with pytest.raises(StepBusy):
        ledger.claim(job, "fetch", 0, "key", "ben")


def test_a_step_of_a_job_that_was_removed_cannot_be_claimed(ledger: Ledger) -> None:
    """The error says what is missing."""
    with pytest.raises(NotFound, match="no job nope"):
        ledger.claim("nope", "fetch", 0, "key", "anna")


def test_the_step_of_an_owner_that_is_gone_can_be_taken_at_once(ledger: Ledger, job: str) -> None:
    """Signs of life beat the lease."""
    ledger.claim(job, "fetch", 0, "key", "anna")
    lease = ledger.claim(job, "fetch", 0, "key", "ben", is_gone=lambda owner: owner == "anna")
    ledger.commit(lease, "b" * 64)


def test_a_step_that_never_comes_to_an_end_is_poison_after_three_attempts(ledger: Ledger, job: str, clock: Clock) -> None:
    """Attempts count before the work starts."""
    for _ in range(MAX_ATTEMPTS):
        ledger.claim(job, "transcribe", 4, "key", "anna")
        clock.now += LEASE_SECONDS + 1
    with pytest.raises(Poisoned, match=r"transcribe\[4\] brought its process down 3 times"):
        ledger.claim(job, "transcribe", 4, "key", "anna")
    ledger.reset_attempts(job)
    ledger.claim(job, "transcribe", 4, "key", "anna")


def test_a_step_that_failed_or_was_given_back_is_not_poison(ledger: Ledger, job: str) -> None:
    """An end, even a bad one, is an end."""
    for _ in range(MAX_ATTEMPTS + 2):
        ledger.fail(ledger.claim(job, "fetch", 0, "key", "anna"), "404")
        ledger.release(ledger.claim(job, "fetch", 0, "key", "anna"))
    assert [(step.state, step.attempts) for step in ledger.steps(job)] == [("queued", 0)]


def test_an_error_with_a_nul_in_it_is_recorded(ledger: Ledger, job: str) -> None:
    """PostgreSQL takes none in a text; it is left out there."""
    ledger.fail(ledger.claim(job, "fetch", 0, "key", "anna"), "broken \0 tag")
    step = ledger.steps(job)[0]
    assert (step.state, step.error.replace("\0", "")) == ("failed", "broken  tag")


def test_an_interrupted_owner_gives_back_all_that_it_holds_and_nothing_else(ledger: Ledger, job: str) -> None:
    """Its attempts do not count; other owners and finished steps are left alone."""
    ledger.commit(ledger.claim(job, "fetch", 0, "a", "anna"), "f" * 64)
    ledger.claim(job, "transcribe", 0, "b", "anna")
    ledger.claim(job, "diarize", 0, "c", "ben")
    ledger.release_all(job, "anna")
    states = {step.name: (step.state, step.attempts) for step in ledger.steps(job)}
    assert states == {"fetch": ("done", 1), "transcribe": ("queued", 0), "diarize": ("running", 1)}


def test_finished_work_is_found_by_its_key_from_another_job(ledger: Ledger, job: str) -> None:
    """The same work is not done twice, whatever job asks."""
    ledger.commit(ledger.claim(job, "prepare", 0, "key", "anna"), "b" * 64)
    other = ledger.open_job("ep_1", "other options", "Title").id
    assert ledger.finished("key") == "b" * 64
    ledger.adopt(other, "prepare", 0, "key", "b" * 64)
    assert [(step.state, step.output) for step in ledger.steps(other)] == [("done", "b" * 64)]
    assert ledger.finished("another key") is None


def test_work_whose_output_is_gone_can_be_forgotten(ledger: Ledger, job: str) -> None:
    """A forgotten step is queued again."""
    ledger.commit(ledger.claim(job, "prepare", 0, "key", "anna"), "b" * 64)
    ledger.forget("key")
    assert ledger.finished("key") is None
    ledger.claim(job, "prepare", 0, "key", "anna")


def test_a_step_whose_inputs_changed_starts_its_attempts_anew(ledger: Ledger, job: str, clock: Clock) -> None:
    """Another key is other work."""
    for _ in range(MAX_ATTEMPTS):
        ledger.claim(job, "transcribe", 0, "key", "anna")
        clock.now += LEASE_SECONDS + 1
    ledger.claim(job, "transcribe", 0, "other key", "anna")
    assert ledger.steps(job)[0].attempts == 1


def test_many_processes_worth_of_threads_never_share_a_lease(ledger: Ledger, job: str) -> None:
    """Of many that claim at once, one gets it."""
    won: list[str] = []
    barrier = threading.Barrier(20)

    def claim(owner: str) -> None:
        barrier.wait()
        try:
            ledger.claim(job, "fetch", 0, "key", owner)
        except StepBusy:
            return
        won.append(owner)

    threads = [threading.Thread(target=claim, args=(f"owner{n}",)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
