"""What people ask of the service: one job for one wish, ended once, set going again when asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, select

from storage.database import open_database
from storage.documents import Episode
from storage.episodes import Episodes
from storage.errors import LeaseLost, NotFound, OptionError
from storage.events import Events
from storage.ledger import Ledger
from storage.queue import StepQueue
from storage.records import ENDED_STATES, JobState, ReadyStep
from storage.requests import NewJob, Requests, Submitted
from storage.tables import deliveries
from tests.clock import Clock

EPISODE = Episode(id="ep_1", title="One hundred % sure", show="A show")
DIGEST = "d" * 64
HOOK = json.dumps({"url": "https://example.com/hook", "secret": "s"})
PART = ReadyStep("transcribe", 0, "key", "asr", parts=2)


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    """Lend an empty database of each kind."""
    engine = open_database(ledger_url)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> Clock:
    """Return a clock at 1000 s."""
    return Clock()


@pytest.fixture
def requests(engine: Engine, clock: Clock) -> Requests:
    """Lend the requests of the ledger."""
    return Requests(engine, clock=clock)


@pytest.fixture
def queue(engine: Engine, clock: Clock) -> StepQueue:
    """Lend the queue of the ledger."""
    return StepQueue(engine, clock=clock)


def new(
    name: str = "ep_1", *, request: str = "{}", again: bool = False, webhook: str | None = None, options: str = "options"
) -> NewJob:
    """Return a job to be submitted."""
    episode = EPISODE.model_copy(update={"id": name})
    return NewJob(episode, options, request, webhook=webhook, again=again)


def kinds(engine: Engine, job_id: str) -> list[str]:
    """Return what happened to a job."""
    return [event.kind for event in Events(engine).of_job(job_id)]


# -------------------------------------------------------------- submitting


def test_a_submitted_job_is_queued_and_its_episode_is_known(requests: Requests, engine: Engine) -> None:
    """What was asked for can be read again."""
    submitted = requests.submit(new(request='{"a": 1}'))
    job = submitted.job
    assert submitted.fresh
    assert (job.state, job.title, job.show, job.episode_id) == ("queued", EPISODE.title, "A show", "ep_1")
    assert Ledger(engine).standing(job.id).request == '{"a": 1}'
    assert Episodes(engine).get("ep_1").title == EPISODE.title
    assert kinds(engine, job.id) == ["job.queued"]
    assert Events(engine).last() > 0


def test_the_same_wish_is_one_job_and_another_wish_another(requests: Requests, engine: Engine) -> None:
    """The second submission changes nothing."""
    first = requests.submit(new(request="first"))
    again = requests.submit(new(request="second"))
    assert (again.job, again.fresh) == (first.job, False)
    assert Ledger(engine).standing(first.job.id).request == "first"
    assert requests.submit(new(options="others")).job.id != first.job.id
    assert requests.submit(new("ep_2")).job.id != first.job.id


def test_a_hundred_submissions_at_once_make_one_job(requests: Requests, engine: Engine) -> None:
    """One of them made it; the others find it."""
    with ThreadPoolExecutor(10) as pool:
        submitted = list(pool.map(lambda _: requests.submit(new()), range(100)))
    assert len({one.job.id for one in submitted}) == 1
    assert sum(one.fresh for one in submitted) == 1
    assert kinds(engine, submitted[0].job.id) == ["job.queued"]


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_job_that_came_to_nothing_is_set_going_by_another_submission(
    requests: Requests, engine: Engine, state: JobState
) -> None:
    """With what is asked for now."""
    job = requests.submit(new()).job
    _end(requests, state)(job.id)
    submitted = requests.submit(new(request="now"))
    assert submitted.fresh
    assert (submitted.job.id, submitted.job.state, submitted.job.reason) == (job.id, "queued", "")
    assert Ledger(engine).standing(job.id).request == "now"


def test_a_job_that_was_only_run_by_hand_becomes_the_services_unless_it_is_done(requests: Requests, engine: Engine) -> None:
    """A run that was killed left it running; a finished one needs nothing."""
    ledger = Ledger(engine)
    killed = ledger.open_job("ep_1", "options", "By hand")
    ledger.set_job(killed.id, "running")
    submitted = requests.submit(new())
    assert (submitted.job.id, submitted.job.state, submitted.fresh) == (killed.id, "queued", True)
    done = ledger.open_job("ep_2", "options", "By hand")
    ledger.set_job(done.id, "done", output=DIGEST)
    assert not requests.submit(new("ep_2")).fresh
    assert Ledger(engine).standing(done.id).request is None


def test_a_done_job_is_done_again_only_when_asked_to(requests: Requests) -> None:
    """Its transcript is not shown as the new one."""
    job = requests.submit(new()).job
    requests.done(job.id, DIGEST)
    assert not requests.submit(new()).fresh
    submitted = requests.submit(new(request="again", again=True))
    assert submitted.fresh
    assert (submitted.job.id, submitted.job.state, submitted.job.output) == (job.id, "queued", None)


def test_what_is_asked_for_anew_takes_the_step_from_whoever_is_at_it(requests: Requests, queue: StepQueue) -> None:
    """The worker finds its token stale; nothing is claimable until it is planned."""
    job = requests.submit(new()).job
    queue.enqueue(job.id, [PART])
    claim = queue.claim_next(("asr",), "anna")
    assert claim is not None
    requests.submit(new(request="again", again=True))
    with pytest.raises(LeaseLost):
        queue.release(claim.lease)
    assert queue.claim_next(("asr",), "ben") is None
    assert len(queue.enqueue(job.id, [PART])) == 1
    again = queue.claim_next(("asr",), "ben")
    assert again is not None
    assert again.step.attempts == 1


def test_a_transcript_of_an_earlier_request_does_not_end_the_job(requests: Requests) -> None:
    """It was asked for anew while a worker planned the end of the old one."""
    job = requests.submit(new(request="old")).job
    requests.submit(new(request="new", again=True))
    assert not requests.done(job.id, DIGEST, request="old")
    assert not requests.failed(job.id, "no", request="old")
    assert requests.get(job.id).state == "queued"
    assert requests.done(job.id, DIGEST, request="new")


# -------------------------------------------------------------- ending


def test_a_finished_job_tells_its_episode_of_the_transcript(requests: Requests, engine: Engine, clock: Clock) -> None:
    """The newest one counts."""
    job = requests.submit(new()).job
    clock.now = 2000.0
    assert requests.done(job.id, DIGEST)
    episode = Episodes(engine).get("ep_1")
    assert (episode.transcript, episode.job_id, episode.transcribed_at) == (DIGEST, job.id, 2000.0)


def test_a_cancelled_job_says_why_and_can_be_cancelled_twice(requests: Requests, engine: Engine) -> None:
    """The first reason stays."""
    job = requests.submit(new()).job
    cancelled = requests.cancel(job.id)
    assert (cancelled.state, cancelled.reason) == ("cancelled", "cancelled by a person")
    assert requests.cancel(job.id, reason="once more") == cancelled
    assert kinds(engine, job.id) == ["job.queued", "job.cancelled"]


def test_a_job_that_is_done_stays_done(requests: Requests) -> None:
    """Whoever comes later is told so."""
    job = requests.submit(new()).job
    assert requests.done(job.id, DIGEST)
    assert not requests.failed(job.id, "late")
    assert not requests.done(job.id, "e" * 64)
    assert requests.cancel(job.id).state == "done"
    assert requests.get(job.id).output == DIGEST


def _end(requests: Requests, state: str) -> Callable[[str], object]:
    ways: dict[str, Callable[[str], object]] = {
        "cancelled": requests.cancel,
        "failed": lambda job_id: requests.failed(job_id, "no"),
        "done": lambda job_id: requests.done(job_id, DIGEST),
    }
    return ways[state]


def test_of_cancel_done_and_fail_at_once_one_wins(requests: Requests, queue: StepQueue, engine: Engine) -> None:
    """Ten rounds; each job has one end, one message to its webhook, and nothing to claim."""
    for number in range(10):
        job = requests.submit(new(f"ep_{number}", webhook=HOOK)).job
        queue.enqueue(job.id, [PART])
        barrier = threading.Barrier(4)

        def claim(barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            claimed = queue.claim_next(("asr",), "anna")
            if claimed is not None:
                queue.release(claimed.lease)

        def end(state: str, job_id: str = job.id, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            _end(requests, state)(job_id)

        with ThreadPoolExecutor(4) as pool:
            ending = [pool.submit(end, state) for state in ENDED_STATES]
            ending.append(pool.submit(claim))
            for one in ending:
                one.result()
        ended = [kind for kind in kinds(engine, job.id) if kind.removeprefix("job.") in ENDED_STATES]
        assert ended == [f"job.{requests.get(job.id).state}"]
        assert queue.claim_next(("asr",), "ben") is None
    with engine.connect() as connection:
        assert len(connection.execute(select(deliveries)).all()) == 10


def test_the_message_to_the_webhook_says_how_it_ended(requests: Requests, engine: Engine) -> None:
    """It is written with the end; a job without a webhook has none."""
    requests.failed(requests.submit(new("ep_2")).job.id, "no")
    job = requests.submit(new(webhook=HOOK)).job
    requests.failed(job.id, "not audio")
    with engine.connect() as connection:
        (row,) = connection.execute(select(deliveries)).all()
    assert (row.job_id, row.webhook, row.state, row.next_at) == (job.id, HOOK, "queued", 1000.0)
    told = json.loads(row.payload)
    assert told["type"] == "job.failed"
    assert told["data"] == {
        "job": job.id, "episode": "ep_1", "title": EPISODE.title, "show": "A show", "state": "failed", "reason": "not audio",
        "transcript": None,
    }  # fmt: skip


def test_an_end_that_is_not_written_writes_no_message_either(requests: Requests, engine: Engine) -> None:
    """All or nothing: the transaction is broken off after the message."""
    from storage.transitions import end_job

    job = requests.submit(new(webhook=HOOK)).job

    def break_off() -> None:
        with engine.begin() as connection:
            assert end_job(connection, job.id, "done", 1000.0, output=DIGEST)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        break_off()
    with engine.connect() as connection:
        assert connection.execute(select(deliveries)).all() == []
    assert requests.get(job.id).state == "queued"
    assert kinds(engine, job.id) == ["job.queued"]


# -------------------------------------------------------------- trying again


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_retry_sets_a_job_going_and_keeps_what_is_done(
    requests: Requests, queue: StepQueue, engine: Engine, state: JobState
) -> None:
    """What failed begins with all its attempts."""
    ledger = Ledger(engine)
    job = requests.submit(new()).job
    queue.enqueue(job.id, [ReadyStep("fetch", 0, "f", "fetch"), PART])
    fetched, heard = queue.claim_next(("fetch",), "anna"), queue.claim_next(("asr",), "anna")
    assert fetched is not None
    assert heard is not None
    ledger.commit(fetched.lease, DIGEST)
    _end(requests, state)(job.id)
    retried = requests.retry(job.id)
    assert (retried.fresh, retried.job.state, retried.job.reason) == (True, "queued", "")
    with pytest.raises(LeaseLost):
        ledger.commit(heard.lease, DIGEST)
    assert {step.name: (step.state, step.attempts) for step in ledger.steps(job.id)} == {
        "fetch": ("done", 1),
        "transcribe": ("failed", 0),
    }
    assert queue.enqueue(job.id, [ReadyStep("fetch", 0, "f", "fetch")]) == ()


def test_only_what_came_to_nothing_can_be_tried_again(requests: Requests, engine: Engine) -> None:
    """A job that is open, done, or was run by hand stays as it is."""
    job = requests.submit(new()).job
    assert requests.retry(job.id) == Submitted(job, fresh=False)
    requests.done(job.id, DIGEST)
    assert not requests.retry(job.id).fresh
    ledger = Ledger(engine)
    by_hand = ledger.open_job("ep_2", "options", "By hand")
    ledger.set_job(by_hand.id, "failed", reason="no")
    assert not requests.retry(by_hand.id).fresh


def test_of_many_retries_at_once_one_sets_it_going(requests: Requests, engine: Engine) -> None:
    """The others find it queued."""
    job = requests.submit(new()).job
    requests.cancel(job.id)
    with ThreadPoolExecutor(8) as pool:
        assert sum(one.fresh for one in pool.map(lambda _: requests.retry(job.id), range(16))) == 1
    assert kinds(engine, job.id) == ["job.queued", "job.cancelled", "job.queued"]


# -------------------------------------------------------------- looking


@pytest.mark.parametrize("ask", ["get", "cancel", "retry"])
def test_a_job_that_is_not_there_is_said_to_be_missing(requests: Requests, ask: str) -> None:
    """And nothing else happens."""
    with pytest.raises(NotFound, match=r"There is no job nope\. List the jobs"):
        getattr(requests, ask)("nope")


def test_jobs_are_listed_newest_first_in_pages_that_nothing_shifts(requests: Requests, clock: Clock) -> None:
    """What comes in between two pages is on neither."""
    ids = []
    for number in range(7):
        clock.now += number % 2  # some at the same time
        ids.append(requests.submit(new(f"ep_{number}")).job.id)
    seen: list[str] = []
    page = requests.list(limit=3)
    while True:
        seen += [job.id for job in page.items]
        if page.next is None:
            break
        clock.now += 1
        requests.submit(new(f"late_{clock.now}"))
        page = requests.list(limit=3, after=page.next)
    assert sorted(seen) == sorted(ids)
    times = [requests.get(job).created_at for job in seen]
    assert times == sorted(times, reverse=True)


def test_a_list_can_be_narrowed(requests: Requests) -> None:
    """By state, episode, and a piece of title or show in any case; % and _ are themselves."""
    one = requests.submit(new()).job
    two = requests.submit(NewJob(Episode(id="ep_2", title="Snow_fall"), "options", "{}")).job
    requests.cancel(two.id)
    two = requests.get(two.id)
    assert requests.list(states=("cancelled", "done")).items == (two,)
    assert requests.list(episode_id="ep_1").items == (one,)
    assert requests.list(query="SURE").items == (one,)
    assert requests.list(query="a SHOW").items == (one,)
    assert requests.list(query="d %").items == (one,)
    assert requests.list(query="w_f").items == (two,)
    assert requests.list(query="n_f").items == ()
    assert requests.counts() == {"queued": 1, "cancelled": 1}


def test_old_jobs_are_removed_with_their_steps_and_events(
    requests: Requests, queue: StepQueue, clock: Clock, engine: Engine
) -> None:
    """Open ones never, whatever is asked for; the episodes stay."""
    gone, open_job, done = (requests.submit(new(f"ep_{n}", webhook=HOOK)).job for n in range(3))
    queue.enqueue(gone.id, [PART])
    requests.cancel(gone.id)
    requests.done(done.id, DIGEST)
    clock.now += 100
    late = requests.submit(new("ep_late")).job
    requests.cancel(late.id)
    assert requests.purge(before=clock.now) == 1
    assert {job.id for job in requests.list().items} == {open_job.id, done.id, late.id}
    assert Ledger(engine).steps(gone.id) == ()
    assert kinds(engine, gone.id) == []
    assert requests.purge(before=clock.now, states=("queued", "running", "done")) == 1
    assert {job.id for job in requests.list().items} == {open_job.id, late.id}
    assert Episodes(engine).get("ep_2").transcript == DIGEST


def test_a_job_is_found_by_the_beginning_of_its_id(requests: Requests) -> None:
    """On each of the databases; a wildcard of theirs is a character like any other."""
    job = requests.submit(new()).job
    assert requests.named(job.id) == requests.named(job.id[:4])
    for unknown in ("%%%%", "____", f"{job.id}0"):
        with pytest.raises(NotFound):
            requests.named(unknown)
    with pytest.raises(OptionError, match="too short"):
        requests.named(job.id[:3])
