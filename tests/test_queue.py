"""The steps that workers may claim: their order, who waits for whom, and what becomes of those that do not come to an end."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine, update

from storage.database import open_database
from storage.documents import Episode
from storage.errors import LeaseLost
from storage.events import Events
from storage.ledger import Ledger
from storage.outlook import Outlook
from storage.queue import Claim, Committed, StepQueue
from storage.records import (
    LEASE_SECONDS,
    MAX_ATTEMPTS,
    MAX_CLAIMS,
    OPEN_STATES,
    QUEUES,
    Hint,
    Lease,
    Queue,
    ReadyStep,
    StepRecord,
)
from storage.requests import NewJob, Requests
from storage.tables import jobs
from tests.clock import Clock


@dataclass
class Shelf:
    """A ledger with a clock that a test sets."""

    engine: Engine
    clock: Clock

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.engine, clock=self.clock)
        self.queue = StepQueue(self.engine, clock=self.clock)
        self.requests = Requests(self.engine, clock=self.clock)

    def job(self, name: str = "one", *, priority: int = 0, ready: Sequence[ReadyStep] = ()) -> str:
        """Submit a job, a second after the one before, and queue steps of it; return its id."""
        self.clock.now += 1
        new = NewJob(Episode(id=f"ep_{name}", title=name), "options", "{}", priority=priority)
        job_id = self.requests.submit(new).job.id
        self.queue.enqueue(job_id, ready)
        return job_id

    def claim(self, queue: Queue = "asr", owner: str = "anna") -> Claim:
        """Claim the foremost step of a queue; there is one."""
        claim = self.queue.claim_next((queue,), owner)
        assert claim is not None
        return claim

    def none(self, *queues: Queue) -> bool:
        """Tell whether nothing can be claimed."""
        return self.queue.claim_next(queues or QUEUES, "nobody") is None

    def step(self, job_id: str, name: str = "transcribe", part: int = 0) -> StepRecord:
        """Return a step as it is now."""
        return next(step for step in self.ledger.steps(job_id) if (step.name, step.part) == (name, part))


def part(number: int = 0, key: str | None = None, *, needs_bytes: int = 0, queue: Queue = "asr") -> ReadyStep:
    """Return a part to be transcribed; without a key it is nobody else's work."""
    return ReadyStep("transcribe", number, key or f"key {number}", queue, needs_bytes=needs_bytes)


@pytest.fixture
def shelf(ledger_url: str) -> Iterator[Shelf]:
    """Lend an empty ledger of each kind."""
    engine = open_database(ledger_url)
    yield Shelf(engine, Clock())
    engine.dispose()


# -------------------------------------------------------------- the order


def test_higher_priority_goes_first_then_the_older_job_then_the_lower_part(shelf: Shelf) -> None:
    """The order is decided at the claim, so a new episode overtakes a backlog."""
    old = shelf.job("old", ready=[part(1, "b"), part(0, "a")])
    young = shelf.job("young", ready=[part(0, "c")])
    urgent = shelf.job("urgent", priority=10, ready=[part(0, "d")])
    claims = [shelf.claim() for _ in range(4)]
    assert [(claim.step.job_id, claim.step.part) for claim in claims] == [(urgent, 0), (old, 0), (old, 1), (young, 0)]
    assert shelf.none()


def test_a_step_goes_to_its_queue_alone(shelf: Shelf) -> None:
    """Whoever has no network gets no downloads."""
    shelf.job(ready=[ReadyStep("fetch", 0, "f", "fetch"), part()])
    assert shelf.claim("asr").step.name == "transcribe"
    assert shelf.none("asr", "cpu", "diarize")
    assert shelf.claim("fetch").step.name == "fetch"


def test_a_claim_counts_the_attempt_and_the_job_is_running(shelf: Shelf) -> None:
    """What the claim tells is what stands in the ledger."""
    job = shelf.job(ready=[part()])
    claim = shelf.claim(owner="anna")
    step = shelf.step(job)
    assert (step.state, step.attempts, step.owner, step.queue) == ("running", 1, "anna", "asr")
    assert (claim.step.state, claim.step.attempts, claim.step.owner) == ("running", 1, "anna")
    assert claim.lease.expires_at == shelf.clock.now + LEASE_SECONDS
    assert shelf.requests.get(job).state == "running"
    assert shelf.queue.running("anna") == (claim.lease,)
    assert shelf.queue.running("ben") == ()


def test_of_many_that_claim_at_once_each_gets_another_step(shelf: Shelf) -> None:
    """Two owners never hold one step, and none goes away empty while there is one."""
    shelf.job(ready=[part(number) for number in range(12)])
    barrier = threading.Barrier(12)

    def claim(number: int) -> int:
        barrier.wait()
        return shelf.claim(owner=f"owner{number}").step.part

    with ThreadPoolExecutor(12) as pool:
        assert sorted(pool.map(claim, range(12))) == list(range(12))


def test_a_step_that_needs_more_memory_than_there_is_is_left_for_others(shelf: Shelf) -> None:
    """Smaller ones behind it are done meanwhile, and the step says what it waits for."""
    job = shelf.job(ready=[part(0, needs_bytes=8_000_000_000, queue="diarize"), part(1, needs_bytes=1_000, queue="diarize")])
    claim = shelf.queue.claim_next(("diarize",), "anna", room_bytes=lambda: 2_000_000_000)
    assert claim is not None
    assert claim.step.part == 1
    assert shelf.queue.claim_next(("diarize",), "anna", room_bytes=lambda: 2_000_000_000) is None
    assert shelf.queue.too_large(("diarize",), 2_000_000_000) == 1
    assert shelf.step(job).error == "waits for memory: more than the 2.0 GB that its worker has now"
    assert shelf.queue.too_large(("asr",), 2_000_000_000) == 0
    assert shelf.queue.claim_next(("diarize",), "ben", room_bytes=lambda: 16_000_000_000) is not None
    assert shelf.step(job).error == ""


# -------------------------------------------------------------- the same work for two jobs


def test_the_same_work_for_another_job_waits_until_the_first_is_done(shelf: Shelf) -> None:
    """Then it is claimed, and whoever claims it finds the result."""
    shelf.job("one", ready=[part(0, "same")])
    other = shelf.job("two", ready=[part(0, "same")])
    first = shelf.claim()
    assert shelf.none()
    shelf.ledger.commit(first.lease, "a" * 64)
    assert shelf.claim().step.job_id == other


def test_the_same_work_goes_on_when_the_one_at_it_has_failed(shelf: Shelf) -> None:
    """A failure of one job is not another's."""
    shelf.job("one", ready=[part(0, "same")])
    other = shelf.job("two", ready=[part(0, "same")])
    shelf.queue.fail(shelf.claim().lease, "no")
    assert shelf.claim().step.job_id == other


def test_the_same_work_does_not_wait_for_a_process_that_died_with_a_job_of_its_own(shelf: Shelf) -> None:
    """`earmark run` killed with `kill -9`: its step stays running for ever, since no worker touches it; its lease runs out."""
    by_hand = shelf.ledger.open_job("ep_hand", "options", "By hand").id
    shelf.ledger.claim(by_hand, "transcribe", 0, "same", "a run that was killed")
    job = shelf.job("one", ready=[part(0, "same")])
    assert shelf.none()
    shelf.clock.now += LEASE_SECONDS + 1
    assert shelf.claim().step.job_id == job


# -------------------------------------------------------------- how steps end


def test_a_postponed_step_waits_for_its_time(shelf: Shelf) -> None:
    """Its failures are counted, its attempts begin anew, and its error can be read."""
    job = shelf.job(ready=[part()])
    shelf.queue.postpone(shelf.claim().lease, "the server was down", until=shelf.clock.now + 30)
    step = shelf.step(job)
    assert (step.state, step.attempts, step.failures, step.error) == ("queued", 0, 1, "the server was down")
    shelf.clock.now += 29
    assert shelf.none()
    assert shelf.queue.unannounced(since=shelf.clock.now) == ()
    shelf.clock.now += 1
    assert shelf.claim().step.failures == 1


def test_a_step_that_fails_ends_its_job_with_the_reason(shelf: Shelf) -> None:
    """Its other steps are not begun any more."""
    job = shelf.job(ready=[part(0), part(1)])
    shelf.queue.fail(shelf.claim().lease, "not audio")
    assert (shelf.requests.get(job).state, shelf.requests.get(job).reason) == ("failed", "not audio")
    assert (shelf.step(job).state, shelf.step(job).error) == ("failed", "not audio")
    assert shelf.none()


def test_a_step_that_brings_its_process_down_three_times_is_poison(shelf: Shelf) -> None:
    """Twice it is put back; the third time its job fails and says what happened."""
    job = shelf.job(ready=[part(4)])
    for attempt in range(1, MAX_ATTEMPTS + 1):
        claim = shelf.claim()
        assert claim.step.attempts == attempt
        shelf.queue.crashed(claim.lease, "its process was killed (SIGSEGV)")
    failed = shelf.requests.get(job)
    assert failed.state == "failed"
    assert failed.reason.startswith("transcribe[4] did not come to an end in 3 attempts; the last time its process was killed")
    assert shelf.none()
    kinds = [event.kind for event in Events(shelf.engine).of_job(job)]
    assert kinds == ["job.queued", "step.started", "job.running", "step.lost", "step.started", "step.lost", "step.started",
                     "step.failed", "job.failed"]  # fmt: skip


def test_a_step_that_is_given_back_costs_no_attempt(shelf: Shelf) -> None:
    """As when a worker is told to stop."""
    job = shelf.job(ready=[part()])
    for _ in range(MAX_ATTEMPTS + 1):
        shelf.queue.release(shelf.claim().lease)
    assert (shelf.step(job).state, shelf.step(job).attempts) == ("queued", 0)


def test_a_step_that_the_plan_does_not_hold_any_more_leaves_its_queue(shelf: Shelf) -> None:
    """It is queued again if a plan holds it again."""
    job = shelf.job(ready=[part()])
    shelf.queue.withdraw(shelf.claim().lease)
    assert shelf.none()
    assert shelf.queue.enqueue(job, [part()]) == (Hint("asr", job, "transcribe", 0),)
    assert shelf.claim().step.attempts == 1


@pytest.mark.parametrize("how", ["postpone", "release", "withdraw", "fail", "crashed"])
def test_whoever_lost_the_lease_can_settle_nothing(shelf: Shelf, how: str) -> None:
    """The step went to another, whatever becomes of it there."""
    job = shelf.job(ready=[part()])
    lost = shelf.claim().lease
    shelf.clock.now += LEASE_SECONDS + 1
    assert shelf.queue.reclaim() == 1
    held = shelf.claim(owner="ben").lease
    settle = {
        "postpone": lambda: shelf.queue.postpone(lost, "", until=0),
        "release": lambda: shelf.queue.release(lost),
        "withdraw": lambda: shelf.queue.withdraw(lost),
        "fail": lambda: shelf.queue.fail(lost, ""),
        "crashed": lambda: shelf.queue.crashed(lost, ""),
    }
    with pytest.raises(LeaseLost, match=r"transcribe\[0\] went to another process"):
        settle[how]()
    assert shelf.queue.running("ben") == (held,)
    assert shelf.requests.get(job).state == "running"


@pytest.mark.parametrize("how", ["postpone", "release", "crashed", "reclaim"])
def test_a_step_of_a_job_that_has_ended_is_not_begun_again(shelf: Shelf, how: str) -> None:
    """It was being done when the job was cancelled; however that comes to an end, nobody claims it."""
    job = shelf.job(ready=[part(0), part(1)])
    lease = shelf.claim().lease
    shelf.requests.cancel(job)
    assert shelf.queue.unwanted([job, "another"]) == {job}
    if how == "reclaim":
        shelf.clock.now += LEASE_SECONDS + 1
        assert shelf.queue.reclaim() == 1
    elif how == "postpone":
        shelf.queue.postpone(lease, "", until=0)
    elif how == "release":
        shelf.queue.release(lease)
    else:
        shelf.queue.crashed(lease, "died")
    assert shelf.none()
    assert shelf.queue.unannounced(since=shelf.clock.now) == ()
    assert shelf.requests.get(job).state == "cancelled"


def test_a_result_that_is_forgotten_does_not_send_workers_after_jobs_that_have_ended(shelf: Shelf) -> None:
    """Its audio is gone: a job that wants it fetches it again, and one that is done does not."""
    ended = shelf.job("ended", ready=[part(0, "same")])
    shelf.ledger.commit(shelf.claim().lease, "a" * 64)
    shelf.requests.done(ended, "b" * 64)
    wants = shelf.job("wants")
    shelf.ledger.adopt(wants, "transcribe", 0, "same", "a" * 64)
    shelf.ledger.forget("same")
    assert shelf.none()
    assert len(shelf.queue.enqueue(wants, [part(0, "same")])) == 1
    assert shelf.claim().step.job_id == wants
    assert shelf.none()


# -------------------------------------------------------------- workers that die


def test_a_lease_that_ran_out_is_taken_back_and_one_that_holds_is_not(shelf: Shelf) -> None:
    """The attempt counts, and the history says why."""
    job = shelf.job(ready=[part(0), part(1)])
    shelf.claim()
    shelf.clock.now += LEASE_SECONDS
    shelf.claim()
    assert shelf.queue.reclaim() == 1
    assert (shelf.step(job).state, shelf.step(job).attempts, shelf.step(job).error) == (
        "queued", 1, "its worker gave no sign of life",
    )  # fmt: skip
    assert shelf.step(job, part=1).state == "running"


def test_the_step_of_a_worker_that_is_gone_is_taken_back_at_once(shelf: Shelf) -> None:
    """Signs of life beat the lease."""
    job = shelf.job(ready=[part(0), part(1)])
    shelf.claim(owner="anna")
    shelf.claim(owner="ben")
    assert shelf.queue.reclaim(is_gone=lambda owner: owner == "anna") == 1
    assert shelf.step(job).error == "its worker died"
    assert shelf.step(job, part=1).owner == "ben"


def test_a_step_is_not_blamed_for_its_workers_death_but_not_tried_for_ever(shelf: Shelf) -> None:
    """A machine goes down more often than a step takes it down; but there is nobody left to tell which it was."""
    job = shelf.job(ready=[part()])
    for _ in range(MAX_CLAIMS):
        assert shelf.requests.get(job).state in OPEN_STATES
        shelf.claim()
        shelf.clock.now += LEASE_SECONDS + 1
        shelf.queue.reclaim()
    assert shelf.requests.get(job).state == "failed"
    assert "gave no sign of life" in shelf.requests.get(job).reason


def test_of_many_sweepers_one_takes_a_step_back(shelf: Shelf) -> None:
    """It loses one attempt, not one for each."""
    job = shelf.job(ready=[part()])
    shelf.claim()
    shelf.clock.now += LEASE_SECONDS + 1
    barrier = threading.Barrier(8)

    def sweep(_: int) -> int:
        barrier.wait()
        return shelf.queue.reclaim()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(sweep, range(8))) == 1
    assert (shelf.step(job).attempts, shelf.step(job).state) == (1, "queued")


def test_a_step_that_a_run_by_hand_began_for_a_job_of_the_service_is_taken_back(shelf: Shelf) -> None:
    """`earmark run` of a submitted episode, killed in a step that was in no queue: the job goes on with the workers."""
    job = shelf.job()
    shelf.ledger.claim(job, "prepare", 0, "key", "a run that was killed")
    by_hand = shelf.ledger.open_job("ep_hand", "options", "By hand").id
    shelf.ledger.claim(by_hand, "prepare", 0, "key of its own", "a run that was killed")
    shelf.clock.now += LEASE_SECONDS + 1
    assert shelf.queue.reclaim() == 1
    assert shelf.queue.stalled(before=shelf.clock.now) == (job,)
    assert shelf.step(by_hand, "prepare").state == "running"


# -------------------------------------------------------------- planning


def test_queueing_twice_queues_nothing_twice(shelf: Shelf) -> None:
    """Nor does it begin again what is being done or was done."""
    job = shelf.job()
    ready = [part(0), part(1)]
    assert len(shelf.queue.enqueue(job, ready)) == 2
    assert shelf.queue.enqueue(job, ready) == ()
    lease = shelf.claim().lease
    assert shelf.queue.enqueue(job, ready) == ()
    shelf.ledger.commit(lease, "a" * 64)
    assert shelf.queue.enqueue(job, ready) == ()
    assert shelf.step(job).output == "a" * 64


def test_a_step_with_another_key_starts_over_and_whoever_is_at_the_old_one_cannot_commit(shelf: Shelf) -> None:
    """The job was asked for anew while a worker was at it."""
    job = shelf.job(ready=[part(0, "old")])
    old = shelf.claim().lease
    assert len(shelf.queue.enqueue(job, [part(0, "new")])) == 1
    with pytest.raises(LeaseLost):
        shelf.ledger.renew(old)
    new = shelf.claim(owner="ben")
    assert (new.step.key, new.step.attempts) == ("new", 1)
    with pytest.raises(LeaseLost):
        shelf.ledger.commit(old, "a" * 64)
    shelf.ledger.commit(new.lease, "b" * 64)
    assert shelf.ledger.finished("old") is None
    assert shelf.ledger.finished("new") == "b" * 64


def test_nothing_is_queued_for_a_job_that_has_ended(shelf: Shelf) -> None:
    """Nor for one that is not there."""
    job = shelf.job()
    shelf.requests.cancel(job)
    assert shelf.queue.enqueue(job, [part()]) == ()
    assert shelf.queue.enqueue("nope", [part()]) == ()
    assert shelf.ledger.steps(job) == ()


def test_a_plan_that_was_made_for_an_earlier_request_queues_nothing(shelf: Shelf) -> None:
    """The job was asked for anew between the reading of the request and the end of the planning."""
    job = shelf.job(ready=[part(0, "new")])
    held = shelf.claim().lease
    assert shelf.queue.enqueue(job, [part(0, "old")], request="what was asked before") == ()
    shelf.ledger.renew(held)
    assert len(shelf.queue.enqueue(job, [part(1)], request="{}")) == 1


def test_a_result_that_serves_an_earlier_request_is_not_taken_for_this_one(shelf: Shelf) -> None:
    """A late planner would take a queued step for done."""
    job = shelf.job(ready=[part(0, "new")])
    shelf.ledger.adopt(job, "transcribe", 0, "old", "a" * 64, request="what was asked before")
    assert shelf.claim().step.key == "new"


# -------------------------------------------------------------- word to the workers


def test_steps_of_which_nobody_was_told_are_told_of_again(shelf: Shelf) -> None:
    """A word is good for a while; a step that was put back needs another."""
    job = shelf.job(ready=[part(0), part(1)])
    hints = (Hint("asr", job, "transcribe", 0), Hint("asr", job, "transcribe", 1))
    assert shelf.queue.unannounced(since=shelf.clock.now) == ()  # whoever queued them gives word of them
    shelf.queue.unheard(hints)
    assert shelf.queue.unannounced(since=shelf.clock.now) == hints
    shelf.queue.announced(hints[:1])
    assert shelf.queue.unannounced(since=shelf.clock.now) == hints[1:]
    shelf.clock.now += 20
    assert shelf.queue.unannounced(since=shelf.clock.now - 15) == hints
    shelf.queue.announced(hints)
    shelf.queue.release(shelf.claim().lease)
    assert shelf.queue.unannounced(since=shelf.clock.now) == hints[:1]


def test_a_long_backlog_in_one_queue_hides_no_step_of_another(shelf: Shelf) -> None:
    """More downloads than a look takes in: who hears is told of what to hear all the same."""
    shelf.job("backlog", ready=[ReadyStep("fetch", number, f"f{number}", "fetch") for number in range(6)])
    job = shelf.job("late", ready=[part()])
    shelf.clock.now += 20
    hints = shelf.queue.unannounced(since=shelf.clock.now - 15, limit=5)
    assert Hint("asr", job, "transcribe", 0) in hints
    assert sum(hint.queue == "fetch" for hint in hints) == 5


def test_an_open_job_with_nothing_queued_or_running_is_stalled(shelf: Shelf) -> None:
    """A worker died between two steps; one that just ended a step may be planning."""
    job = shelf.job(ready=[part()])
    assert shelf.queue.stalled(before=shelf.clock.now + 10) == ()
    lease = shelf.claim().lease
    assert shelf.queue.stalled(before=shelf.clock.now + 10) == ()
    shelf.clock.now += 5
    shelf.ledger.commit(lease, "a" * 64)
    assert shelf.queue.stalled(before=shelf.clock.now) == ()
    assert shelf.queue.stalled(before=shelf.clock.now + 1) == (job,)
    shelf.requests.cancel(job)
    assert shelf.queue.stalled(before=shelf.clock.now + 1) == ()


def test_a_job_that_is_run_by_hand_is_never_stalled(shelf: Shelf) -> None:
    """It is its process's, and nobody else knows how to do it."""
    shelf.ledger.set_job(shelf.ledger.open_job("ep_1", "options", "By hand").id, "running")
    assert shelf.queue.stalled(before=shelf.clock.now + 1000) == ()


def test_the_backlog_says_what_waits_and_what_runs(shelf: Shelf) -> None:
    """The oldest is the time at which its job was asked for."""
    shelf.job("one", ready=[part(0, "a"), part(1, "b"), ReadyStep("fetch", 0, "f", "fetch")])
    asked = shelf.clock.now
    shelf.job("two", ready=[part(0, "c")])
    shelf.claim()
    shelf.claim("fetch")
    found = {line.queue: (line.waiting, line.running, line.oldest) for line in shelf.queue.backlog()}
    assert found == {"asr": (2, 1, asked), "fetch": (0, 1, None)}


# -------------------------------------------------------------- a step and what follows it


def following(shelf: Shelf, lease: Lease, *ready: ReadyStep, transcript: str | None = None) -> Outlook:
    """Return what was planned to follow a step, as the job stands now."""
    standing = shelf.ledger.standing(lease.job_id)
    return Outlook(standing.with_done(lease, "a" * 64), ready, transcript)


def test_a_step_is_recorded_and_what_follows_is_queued_at_once(shelf: Shelf) -> None:
    """There is no moment in which one of them stands in the ledger and the other does not."""
    job = shelf.job(ready=[part(0)])
    lease = shelf.claim().lease
    committed = shelf.queue.commit(lease, "a" * 64, following(shelf, lease, part(0), part(1)))
    assert committed == Committed((Hint("asr", job, "transcribe", 1),))
    assert (shelf.step(job).state, shelf.step(job).output) == ("done", "a" * 64)
    assert shelf.claim().step.part == 1


def test_what_was_planned_before_another_step_of_the_job_ended_is_planned_again(shelf: Shelf) -> None:
    """The one that commits last sees both results, so between them nothing is forgotten."""
    job = shelf.job(ready=[part(0), part(1)])
    first, second = shelf.claim().lease, shelf.claim().lease
    planned = [following(shelf, lease, part(2)) for lease in (first, second)]
    assert shelf.queue.commit(first, "a" * 64, planned[0]).standing is None
    committed = shelf.queue.commit(second, "a" * 64, planned[1])
    assert committed.hints == ()
    assert committed.standing == shelf.ledger.standing(job)
    assert [step.state for step in committed.standing.steps if step.part < 2] == ["done", "done"]


def test_a_step_that_could_not_be_planned_on_is_recorded_all_the_same(shelf: Shelf) -> None:
    """What follows is planned on how the job stands then."""
    job = shelf.job(ready=[part(0)])
    assert shelf.queue.commit(shelf.claim().lease, "a" * 64, None).standing == shelf.ledger.standing(job)
    assert shelf.step(job).state == "done"


def test_the_last_step_ends_its_job(shelf: Shelf) -> None:
    """With the transcript, once; a job that was cancelled meanwhile stays so."""
    done, cancelled = shelf.job("done", ready=[part(0, "a")]), shelf.job("cancelled", ready=[part(0, "b")])
    for job, ends in ((done, True), (cancelled, False)):
        lease = shelf.claim().lease
        planned = following(shelf, lease, transcript="t" * 64)
        if not ends:
            shelf.requests.cancel(job)
        assert shelf.queue.commit(lease, "a" * 64, planned) == Committed(ended=ends)
    assert (shelf.requests.get(done).state, shelf.requests.get(done).output) == ("done", "t" * 64)
    assert shelf.requests.get(cancelled).state == "cancelled"


def test_a_step_of_a_job_that_was_cancelled_is_recorded_and_nothing_follows(shelf: Shelf) -> None:
    """Its result serves others."""
    job = shelf.job(ready=[part(0)])
    lease = shelf.claim().lease
    planned = following(shelf, lease, part(1))
    shelf.requests.cancel(job)
    assert shelf.queue.commit(lease, "a" * 64, planned) == Committed()
    assert [(step.part, step.state) for step in shelf.ledger.steps(job)] == [(0, "done")]


def test_whoever_lost_a_step_queues_nothing_after_it(shelf: Shelf) -> None:
    """Another worker does it now."""
    job = shelf.job(ready=[part(0)])
    lease = shelf.claim().lease
    planned = following(shelf, lease, part(1))
    shelf.clock.now += LEASE_SECONDS + 1
    shelf.queue.reclaim()
    shelf.claim(owner="ben")
    with pytest.raises(LeaseLost):
        shelf.queue.commit(lease, "a" * 64, planned)
    assert [(step.part, step.state) for step in shelf.ledger.steps(job)] == [(0, "running")]


def test_what_was_planned_for_an_earlier_request_does_not_follow(shelf: Shelf) -> None:
    """The job asks for something else by now."""
    shelf.job(ready=[part(0)])
    lease = shelf.claim().lease
    planned = following(shelf, lease, part(1))
    with shelf.engine.begin() as connection:
        connection.execute(update(jobs).values(request='{"else": 1}'))
    standing = shelf.queue.commit(lease, "a" * 64, planned).standing
    assert standing is not None
    assert standing.request == '{"else": 1}'
