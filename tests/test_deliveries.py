"""The messages to webhooks: one for each job that ends, tried again by a schedule, and given up with a reason."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from storage.database import open_database, sqlite_url
from storage.deliveries import CLAIM_SECONDS, MAX_TRIES, WAITS, Deliveries, DeliveryRecord
from storage.documents import Episode
from storage.requests import NewJob, Requests
from tests.clock import Clock

HOOK = '{"url": "https://example.com/hook", "secret": "s"}'


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock(1_000_000.0)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Lend a real database."""
    opened = open_database(sqlite_url(tmp_path / "ledger.db"))
    yield opened
    opened.dispose()


@pytest.fixture
def requests(engine: Engine, clock: Clock) -> Requests:
    """Return the jobs of that database."""
    return Requests(engine, clock=clock)


@pytest.fixture
def deliveries(engine: Engine, clock: Clock) -> Deliveries:
    """Return its messages."""
    return Deliveries(engine, clock=clock)


def job(requests: Requests, *, number: int = 1, webhook: str | None = HOOK) -> str:
    """Submit a job, and return its id."""
    episode = Episode(id=f"ep_{number}", title=f"Episode {number}", show="A show")
    return requests.submit(NewJob(episode, "options", "{}", webhook=webhook)).job.id


@pytest.fixture
def message(requests: Requests, deliveries: Deliveries) -> str:
    """Return the id of a message that waits to be sent."""
    requests.failed(job(requests), "no audio")
    (only,) = deliveries.due()
    return only


def claimed(deliveries: Deliveries, message: str) -> DeliveryRecord:
    """Claim a message that must be there."""
    found = deliveries.claim(message)
    assert found is not None
    return found


def hook(address: str, secret: str) -> str:
    """Return a webhook as the ledger keeps it."""
    return json.dumps({"url": address, "secret": secret})


def test_whoever_asks_for_an_open_job_with_a_webhook_is_told_of_its_end_too(requests: Requests, deliveries: Deliveries) -> None:
    """One message for each address, signed with the secret that was told last; asking without one takes none away."""
    first, again, other = (
        hook("https://a.example/", "one"),
        hook("https://a.example/", "two"),
        hook("https://b.example/", "three"),
    )
    asked = {job(requests, webhook=webhook) for webhook in (None, first, other, again, None)}
    requests.failed(asked.pop(), "no audio")
    assert not asked
    told = [claimed(deliveries, message) for message in deliveries.due()]
    assert sorted(message.webhook for message in told) == [again, other]
    assert len({message.id for message in told}) == 2


def test_a_job_that_has_ended_tells_nobody_who_asks_later(requests: Requests, deliveries: Deliveries) -> None:
    """Its state is in the answer."""
    done = job(requests, webhook=None)
    requests.done(done, "a" * 64)
    assert job(requests) == done
    assert deliveries.due() == ()


def test_the_end_of_a_job_is_a_message_that_says_what_became_of_it(requests: Requests, deliveries: Deliveries) -> None:
    """Written with the end itself."""
    job_id = job(requests)
    assert deliveries.due() == ()
    requests.failed(job_id, "no audio")
    (message,) = deliveries.list(job_id)
    payload = json.loads(message.payload)
    assert (payload["type"], payload["timestamp"]) == ("job.failed", "1970-01-12T13:46:40.000Z")
    assert payload["data"]["job"] == job_id
    assert (payload["data"]["state"], payload["data"]["reason"], payload["data"]["title"]) == ("failed", "no audio", "Episode 1")
    assert (message.state, message.attempts, message.webhook) == ("queued", 0, HOOK)
    assert deliveries.due() == (message.id,)
    assert deliveries.get(message.id) == message


def test_a_job_without_a_webhook_writes_none(requests: Requests, deliveries: Deliveries) -> None:
    """Nobody asked."""
    job_id = job(requests, webhook=None)
    requests.failed(job_id, "no audio")
    assert deliveries.list(job_id) == ()


def test_a_job_that_ends_many_times_at_once_writes_one_message(requests: Requests, deliveries: Deliveries) -> None:
    """Done, failed and cancelled in a race: one wins, and its message says what the job says."""
    job_id = job(requests)
    ends: list[Callable[[], object]] = [
        lambda: requests.done(job_id, "digest"),
        lambda: requests.failed(job_id, "no audio"),
        lambda: requests.cancel(job_id),
    ]
    barrier = threading.Barrier(18)

    def end(how: Callable[[], object]) -> None:
        barrier.wait()
        how()

    threads = [threading.Thread(target=end, args=(ends[number % 3],)) for number in range(18)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (message,) = deliveries.list(job_id)
    assert json.loads(message.payload)["data"]["state"] == requests.get(job_id).state


def test_of_many_senders_one_has_the_message(deliveries: Deliveries, message: str) -> None:
    """The try is counted as it is claimed."""
    won: list[DeliveryRecord | None] = []
    barrier = threading.Barrier(20)

    def claim() -> None:
        barrier.wait()
        won.append(deliveries.claim(message))

    threads = [threading.Thread(target=claim) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (record,) = [record for record in won if record is not None]
    assert record.attempts == 1
    assert deliveries.due() == ()


def test_a_message_that_was_taken_in_is_done(deliveries: Deliveries, message: str, clock: Clock) -> None:
    """And never due again."""
    deliveries.done(claimed(deliveries, message))
    clock.now += 1e9
    record = deliveries.get(message)
    assert record is not None
    assert (record.state, record.attempts, deliveries.due(), deliveries.claim(message)) == ("done", 1, (), None)


def test_the_waits_grow_until_the_message_is_given_up(deliveries: Deliveries, message: str, clock: Clock) -> None:
    """5 s, 30 s, 2 min, 10 min, 1 h, 6 h, 24 h; the reason of the last try stays."""
    waited = []
    for number in range(1, MAX_TRIES + 1):
        record = claimed(deliveries, message)
        assert record.attempts == number
        next_at = deliveries.failed(record, f"no answer, {number}")
        if next_at is not None:
            waited.append(next_at - clock.now)
            clock.now = next_at - 0.5
            assert deliveries.claim(message) is None
            clock.now = next_at
    assert waited == [5, 30, 120, 600, 3600, 6 * 3600, 24 * 3600] == list(WAITS)
    ended = deliveries.get(message)
    assert ended is not None
    assert (ended.state, ended.attempts, ended.error) == ("failed", 8, "no answer, 8")
    clock.now += 1e9
    assert deliveries.due() == ()


def test_a_receiver_may_ask_for_a_longer_wait_but_not_for_ever(deliveries: Deliveries, message: str, clock: Clock) -> None:
    """A shorter one than ours changes nothing."""
    first = deliveries.failed(claimed(deliveries, message), "429", retry_after=300.0)
    assert first == clock.now + 300
    clock.now = first
    second = deliveries.failed(claimed(deliveries, message), "429", retry_after=1.0)
    assert second == clock.now + 30
    clock.now = second
    assert deliveries.failed(claimed(deliveries, message), "429", retry_after=1e9) == clock.now + 86_400


def test_what_cannot_go_through_is_given_up_at_once(deliveries: Deliveries, message: str) -> None:
    """With the reason."""
    assert deliveries.failed(claimed(deliveries, message), "gone", final=True) is None
    ended = deliveries.get(message)
    assert ended is not None
    assert (ended.state, ended.error, ended.attempts) == ("failed", "gone", 1)


def test_a_message_whose_sender_died_is_tried_again_but_not_for_ever(deliveries: Deliveries, message: str, clock: Clock) -> None:
    """Each claim counts."""
    for _ in range(MAX_TRIES):
        assert deliveries.claim(message) is not None
        assert deliveries.claim(message) is None
        clock.now += CLAIM_SECONDS
    assert deliveries.due() == (message,)
    assert deliveries.claim(message) is None
    ended = deliveries.get(message)
    assert ended is not None
    assert (ended.state, ended.error != "", deliveries.due()) == ("failed", True, ())


def test_a_sender_that_was_taken_for_dead_changes_nothing_by_failing(deliveries: Deliveries, message: str, clock: Clock) -> None:
    """But if its message did arrive after all, that counts."""
    slow = claimed(deliveries, message)
    clock.now += CLAIM_SECONDS
    second = claimed(deliveries, message)
    deliveries.failed(slow, "too slow")
    record = deliveries.get(message)
    assert record is not None
    assert (record.error, record.next_at) == ("", second.next_at)
    deliveries.done(slow)
    deliveries.failed(second, "no answer")
    record = deliveries.get(message)
    assert record is not None
    assert record.state == "done"


def test_the_longest_waiting_messages_are_due_first(requests: Requests, deliveries: Deliveries, clock: Clock) -> None:
    """And no more than asked for."""
    ids = []
    for number in range(5):
        clock.now += 1
        job_id = job(requests, number=number)
        requests.failed(job_id, "no audio")
        ids.append(deliveries.list(job_id)[0].id)
    assert deliveries.due(3) == tuple(ids[:3])
