"""Following a job as server-sent events."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from storage.records import ReadyStep
from tests.apiserver import Api, SentEvent, open_api, problem_of, read_events


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One API for all; each test follows a job of its own."""
    with open_api(tmp_path_factory.mktemp("events")) as running:
        yield running


@contextmanager
def _following(api: Api, job: str, *, after: int | None = None) -> Iterator[Iterator[SentEvent]]:
    headers = {"Last-Event-ID": str(after)} if after is not None else {}
    with (
        httpx.Client(base_url=api.url, timeout=20, trust_env=False) as client,
        client.stream("GET", f"/v1/jobs/{job}/events", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield read_events(answer.iter_lines())


def _kinds(events: list[SentEvent]) -> list[str]:
    return [event.kind for event in events if event.id is not None]


def _queue_step(api: Api, job: str) -> None:
    api.stores.queue.enqueue(job, [ReadyStep("fetch", 0, f"key of {job}", "fetch", total=100.0, unit="bytes")])


def test_a_job_is_followed_from_its_beginning_to_its_end(api: Api) -> None:
    """Events have growing ids, and the stream ends by itself after the last."""
    job = api.add_job("whole")
    with _following(api, job) as events:
        seen = [next(events)]
        _queue_step(api, job)
        claim = api.stores.queue.claim_next(["fetch"], "a worker")
        assert claim is not None
        api.stores.ledger.commit(claim.lease, "0" * 64)
        api.finish(job)
        seen += list(events)
    assert _kinds(seen) == ["job.queued", "step.started", "job.running", "step.done", "job.done"]
    ids = [event.id for event in seen if event.id is not None]
    assert ids == sorted(set(ids))
    assert next(event.data for event in seen if event.kind == "step.started")["step"] == "fetch"


def test_a_client_that_comes_back_misses_nothing_and_gets_nothing_twice(api: Api) -> None:
    """However often it is cut off."""
    job = api.add_job("broken")
    for number in range(5):
        api.stores.queue.enqueue(job, [ReadyStep("transcribe", number, f"key {number}", "asr", parts=5)])
        claim = api.stores.queue.claim_next(["asr"], "a worker")
        assert claim is not None
        api.stores.ledger.commit(claim.lease, "0" * 64)
    api.finish(job)
    whole = [event.id for event in api.stores.events.of_job(job)]
    seen: list[int] = []
    while len(seen) < len(whole):
        with _following(api, job, after=seen[-1] if seen else None) as events:
            for event, _ in zip(events, range(3), strict=False):
                assert event.id is not None
                seen.append(event.id)
    assert seen == whole


def test_there_is_nothing_to_come_back_for_once_all_was_seen(api: Api) -> None:
    """204 tells browsers to stop."""
    job = api.add_job("over")
    api.finish(job)
    last = api.stores.events.last()
    for after in (last, last + 1000):
        answer = api.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": str(after)})
        assert (answer.status_code, answer.content) == (204, b"")


def test_a_job_that_is_tried_again_goes_on_being_told(api: Api) -> None:
    """The end of its first life does not end the stream."""
    job = api.add_job("twice")
    api.stores.requests.cancel(job)
    first = api.stores.events.last()
    api.stores.requests.retry(job)
    with _following(api, job) as events:
        seen = [next(events) for _ in range(3)]
        api.stores.requests.cancel(job)
        seen += list(events)
    assert _kinds(seen) == ["job.queued", "job.cancelled", "job.queued", "job.cancelled"]
    with _following(api, job, after=first) as events:
        assert _kinds(list(events)) == ["job.queued", "job.cancelled"]


def test_progress_is_told_without_an_id_and_not_more_than_once_a_second(api: Api) -> None:
    """It is a snapshot: whoever comes back gets a newer one."""
    job = api.add_job("slow")
    _queue_step(api, job)
    claim = api.stores.queue.claim_next(["fetch"], "a worker")
    assert claim is not None
    stop = threading.Event()

    def work() -> None:
        done = 0.0
        while not stop.wait(0.05):
            done = min(99.0, done + 1)
            api.stores.ledger.renew(claim.lease, done=done)
        api.stores.ledger.commit(claim.lease, "0" * 64)
        api.stores.requests.cancel(job)

    worker = threading.Thread(target=work)
    worker.start()
    told: list[tuple[float, SentEvent]] = []
    with _following(api, job) as events:
        for event in events:
            if event.kind == "progress":
                assert event.id is None
                told.append((time.monotonic(), event))
            if len(told) == 4:
                stop.set()
    worker.join()
    assert all(later - earlier > 0.8 for (earlier, _), (later, _) in pairwise(told))
    shares = [event.data["progress"] for _, event in told]
    assert shares == sorted(set(shares))
    assert told[0][1].data["steps"][0]["name"] == "fetch"


def test_a_stream_is_open_before_anything_happens_and_ends_when_the_job_is_removed(api: Api) -> None:
    """There is nothing more to tell."""
    job = api.add_job("purged")
    with _following(api, job) as events:
        assert next(events).kind == "job.queued"
        api.stores.requests.cancel(job)
        assert next(events).kind in {"progress", "job.cancelled"}
        api.stores.requests.purge(before=time.time() + 1)
        assert len(list(events)) <= 1


@pytest.mark.parametrize("place", ["-1", "x", "1e99", "9" * 40, "1.5"])
def test_a_place_that_is_none_is_refused(api: Api, place: str) -> None:
    """Rather than telling everything again."""
    job = api.add_job("place")
    problem_of(api.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": place}), 422)


def test_streams_are_bounded_and_hold_up_nothing_else(api: Api) -> None:
    """One too many is asked to come again; lists answer all the while, and a stream that is left makes room."""
    job = api.add_job("popular")
    with httpx.Client(base_url=api.url, timeout=20, trust_env=False, limits=httpx.Limits(max_connections=None)) as client:
        url = f"/v1/jobs/{job}/events"
        stack = [client.send(client.build_request("GET", url), stream=True) for _ in range(64)]
        assert {answer.status_code for answer in stack} == {200}
        refused = api.get(url)
        assert problem_of(refused, 503)["type"] == "urn:earmark:problem:busy"
        assert int(refused.headers["retry-after"]) >= 1
        assert api.get("/v1/jobs").status_code == 200
        assert api.get("/healthz").status_code == 200
        for answer in stack:
            answer.close()
    deadline = time.monotonic() + 20
    while api.context.streams.free < 64:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_streams_end_when_the_server_stops(tmp_path: Path) -> None:
    """And the server does not wait for their jobs."""
    ended: list[float] = []

    def follow(running: Api, job: str, started: threading.Event) -> None:
        with _following(running, job) as events:
            for _ in events:
                started.set()
        ended.append(time.monotonic())

    with open_api(tmp_path) as running:
        started = threading.Event()
        reader = threading.Thread(target=follow, args=(running, running.add_job("long"), started))
        reader.start()
        assert started.wait(20)
        told = time.monotonic()
    reader.join(timeout=20)
    assert ended
    assert ended[0] - told < 10
