"""Messages to webhooks, from the ledger to a real receiver on the loopback."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import jobs.post
from jobs.fetch import Fetcher
from jobs.webhook import new_webhook, verify
from jobs.wire import FetchLimits
from storage.database import open_database, sqlite_url
from storage.deliveries import Deliveries, DeliveryRecord
from storage.documents import Episode
from storage.errors import BadSignature
from storage.requests import NewJob, Requests
from tests.clock import Clock
from tests.webserver import Canary, Reply, WebServer, redirect
from worker.deliver import deliver

FETCHER = Fetcher(FetchLimits(tries=1), allow_private=True)

Outbox = Callable[[str], str]
"""Ends a job with a webhook at an address, and returns the id of its message."""


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock(1_000_000.0)


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Iterator[tuple[Requests, Deliveries]]:
    """Lend a real ledger."""
    engine = open_database(sqlite_url(tmp_path / "ledger.db"))
    yield Requests(engine, clock=clock), Deliveries(engine, clock=clock)
    engine.dispose()


@pytest.fixture
def deliveries(ledger: tuple[Requests, Deliveries]) -> Deliveries:
    """Return the messages."""
    return ledger[1]


@pytest.fixture
def outbox(ledger: tuple[Requests, Deliveries]) -> Outbox:
    """Return what puts a message into the outbox."""
    requests, deliveries = ledger

    def put(url: str) -> str:
        webhook = new_webhook(url).model_dump_json()
        job = requests.submit(NewJob(Episode(id="ep_1", title="Ein Stück über Öl"), "options", "{}", webhook=webhook)).job
        requests.failed(job.id, "no audio")
        return deliveries.list(job.id)[0].id

    return put


def record(deliveries: Deliveries, message: str) -> DeliveryRecord:
    """Return a message that must be there."""
    found = deliveries.get(message)
    assert found is not None
    return found


def secret_of(deliveries: Deliveries, message: str) -> str:
    """Return the secret that a message is signed with."""
    return str(json.loads(record(deliveries, message).webhook)["secret"])


def test_a_receiver_can_tell_that_a_message_is_ours(
    webserver: WebServer, outbox: Outbox, deliveries: Deliveries, clock: Clock
) -> None:
    """It verifies the signature over the bytes that came; whatever is changed on the way is noticed."""
    webserver.routes["/hook"] = Reply(status=204)
    message = outbox(webserver.url("/hook"))
    assert deliver(message, deliveries, FETCHER, clock=clock)
    assert (record(deliveries, message).state, record(deliveries, message).attempts) == ("done", 1)
    (request,) = webserver.asked("/hook")
    assert (request.method, request.headers["content-type"]) == ("POST", "application/json")
    assert request.headers["webhook-id"] == message
    secret = secret_of(deliveries, message)
    verify(secret, request.headers, request.body, now=clock.now)
    assert json.loads(request.body)["data"]["title"] == "Ein Stück über Öl"
    for headers, body in (
        (request.headers, request.body.replace(b"failed", b"done")),
        ({**request.headers, "webhook-id": "msg_0"}, request.body),
        ({**request.headers, "webhook-timestamp": str(int(clock.now) + 5)}, request.body),
    ):
        with pytest.raises(BadSignature):
            verify(secret, headers, body, now=clock.now)


def test_every_try_has_the_same_id_and_its_own_time(
    webserver: WebServer, outbox: Outbox, deliveries: Deliveries, clock: Clock
) -> None:
    """So that a receiver can drop what it had already, and a late try is not taken for an old message."""
    webserver.routes["/hook"] = [Reply(status=500), Reply(status=503), Reply(b"thanks")]
    message = outbox(webserver.url("/hook"))
    for wait in (0, 5, 30):
        clock.now += wait
        deliver(message, deliveries, FETCHER, clock=clock)
    requests = webserver.asked("/hook")
    assert [request.headers["webhook-id"] for request in requests] == [message] * 3
    assert [int(request.headers["webhook-timestamp"]) for request in requests] == [1_000_000, 1_000_005, 1_000_035]
    for request in requests:
        verify(secret_of(deliveries, message), request.headers, request.body, now=int(request.headers["webhook-timestamp"]))
    assert record(deliveries, message).state == "done"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    status: int, webserver: WebServer, outbox: Outbox, deliveries: Deliveries, canary: Canary
) -> None:
    """What is signed goes to the address that a person gave and nowhere else; the reason says so."""
    webserver.routes["/hook"] = redirect(canary.url("/stolen"), status)
    message = outbox(webserver.url("/hook"))
    assert not deliver(message, deliveries, FETCHER)
    assert not canary.touched
    assert record(deliveries, message).state == "queued"
    assert f"redirects ({status})" in record(deliveries, message).error


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.1", "2130706433"])
def test_a_private_address_is_not_connected_to(host: str, canary: Canary, outbox: Outbox, deliveries: Deliveries) -> None:
    """Whoever may set a webhook must not reach into the network of the service."""
    message = outbox(canary.url("/hook", host=host))
    assert not deliver(message, deliveries, Fetcher())
    assert not canary.touched
    assert record(deliveries, message).error
    assert record(deliveries, message).state == "queued"


def test_a_receiver_that_wants_no_more_is_left_alone(webserver: WebServer, outbox: Outbox, deliveries: Deliveries) -> None:
    """410 ends it at once."""
    webserver.routes["/hook"] = Reply(status=410)
    message = outbox(webserver.url("/hook"))
    assert not deliver(message, deliveries, FETCHER)
    assert record(deliveries, message).state == "failed"
    assert "410" in record(deliveries, message).error


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_any_other_answer_is_tried_again(status: int, webserver: WebServer, outbox: Outbox, deliveries: Deliveries) -> None:
    """A receiver may be broken for a while."""
    webserver.routes["/hook"] = Reply(status=status)
    message = outbox(webserver.url("/hook"))
    assert not deliver(message, deliveries, FETCHER)
    assert (record(deliveries, message).state, record(deliveries, message).attempts) == ("queued", 1)
    assert str(status) in record(deliveries, message).error


def test_a_receiver_that_asks_for_time_gets_it(
    webserver: WebServer, outbox: Outbox, deliveries: Deliveries, clock: Clock
) -> None:
    """Retry-After."""
    webserver.routes["/hook"] = Reply(status=429, headers={"Retry-After": "77"})
    message = outbox(webserver.url("/hook"))
    deliver(message, deliveries, FETCHER, clock=clock)
    assert record(deliveries, message).next_at == clock.now + 77


def test_nobody_at_home_is_tried_again(webserver: WebServer, outbox: Outbox, deliveries: Deliveries) -> None:
    """A refused connection is said in words."""
    with Canary() as gone:
        address = gone.url("/hook")
    message = outbox(address)
    assert not deliver(message, deliveries, FETCHER)
    assert "127.0.0.1" in record(deliveries, message).error
    assert record(deliveries, message).state == "queued"


def test_a_receiver_that_never_answers_is_given_its_time_and_no_more(
    webserver: WebServer, outbox: Outbox, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline holds for the head of the answer."""

    def post(url: str, body: bytes, headers: object) -> object:
        return jobs.post.post_once(FETCHER._route, url, body, {}, seconds=0.5)

    monkeypatch.setattr(Fetcher, "post", lambda self, *arguments: post(*arguments))
    webserver.routes["/hook"] = lambda request: Reply(raw=_never(webserver))
    message = outbox(webserver.url("/hook"))
    began = time.monotonic()
    assert not deliver(message, deliveries, FETCHER)
    assert time.monotonic() - began < 5
    assert record(deliveries, message).state == "queued"


def test_an_endless_answer_is_read_a_little_and_thrown_away(webserver: WebServer, outbox: Outbox, deliveries: Deliveries) -> None:
    """The status has been given, and it alone counts."""
    sent = []

    def endless() -> Iterator[bytes]:
        while not webserver.stopping.is_set():
            sent.append(1)
            yield b"x" * 65_536

    webserver.routes["/hook"] = lambda request: Reply(endless())
    message = outbox(webserver.url("/hook"))
    assert deliver(message, deliveries, FETCHER)
    assert record(deliveries, message).state == "done"
    webserver.stopping.set()
    assert len(sent) < 1000


def test_a_message_that_was_sent_is_not_sent_again(webserver: WebServer, outbox: Outbox, deliveries: Deliveries) -> None:
    """A second hint finds nothing to claim."""
    webserver.routes["/hook"] = b"thanks"
    message = outbox(webserver.url("/hook"))
    assert deliver(message, deliveries, FETCHER)
    assert not deliver(message, deliveries, FETCHER)
    assert not deliver("msg_none", deliveries, FETCHER)
    assert len(webserver.requests) == 1


def test_a_webhook_that_is_kept_wrongly_is_given_up(ledger: tuple[Requests, Deliveries], deliveries: Deliveries) -> None:
    """Trying again would not help."""
    requests, _ = ledger
    job = requests.submit(NewJob(Episode(id="ep_2", title="Two"), "options", "{}", webhook="{}")).job
    requests.failed(job.id, "no audio")
    (message,) = deliveries.list(job.id)
    assert not deliver(message.id, deliveries, FETCHER)
    assert record(deliveries, message.id).state == "failed"


def _never(webserver: WebServer) -> Iterator[bytes]:
    webserver.stopping.wait(10)
    yield b""
