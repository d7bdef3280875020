"""Jobs through the API: listed, cancelled, tried again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.errors import LeaseLost
from storage.records import QUEUES
from tests.apiserver import Api, open_api, problem_of
from tests.commands import AUDIO
from tests.webserver import WebServer


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """A running API that may fetch from the loopback, where the tests' outside world is."""
    with open_api(tmp_path) as running:
        yield running


@pytest.fixture
def audio(webserver: WebServer) -> str:
    """The address of an episode."""
    webserver.routes["/one.mp3"] = AUDIO.read_bytes()
    return webserver.url("/one.mp3")


def test_jobs_are_found_by_state_episode_and_a_piece_of_the_title(api: Api) -> None:
    """Together, too."""
    first, second = api.add_job("one"), api.add_job("two", show="Ärger 100% im Büro")
    api.finish(first)

    def found(**params: object) -> list[str]:
        return [job["id"] for job in api.get("/v1/jobs", params=params).json()["items"]]

    assert found() == [second, first]
    assert found(state="done") == [first]
    assert found(state=["done", "queued"]) == [second, first]
    assert found(episode="ep_two") == [second]
    assert found(q="EPISODE ONE") == [first]
    assert found(q="100%") == [second]
    assert found(q="100_") == []
    assert found(q="episode", state="cancelled") == []
    problem_of(api.get("/v1/jobs", params={"submission": "none"}), 404)


def test_a_job_that_is_cancelled_stays_cancelled_until_it_is_tried_again(api: Api, audio: str) -> None:
    """Both may be asked for twice."""
    path = api.submit(audio).headers["location"]
    claim = api.stores.queue.claim_next(QUEUES, "a worker")
    assert claim is not None
    for _ in range(2):
        answer = api.client.delete(path)
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    for _ in range(2):
        answer = api.client.post(f"{path}/retry")
        assert (answer.status_code, answer.json()["state"]) == (200, "queued")
    assert {step["queue"] for step in answer.json()["steps"]} == {"fetch", "asr", "diarize"}
    with pytest.raises(LeaseLost):
        api.stores.ledger.commit(claim.lease, "0" * 64)


def test_a_job_that_is_done_is_neither_cancelled_nor_tried_again(api: Api) -> None:
    """It stays as it is."""
    job = api.add_job("one")
    api.finish(job)
    for answer in (api.client.delete(f"/v1/jobs/{job}"), api.client.post(f"/v1/jobs/{job}/retry")):
        assert (answer.status_code, answer.json()["state"], answer.json()["progress"]) == (200, "done", 1.0)
    assert answer.json()["links"]["transcript"] == "/v1/episodes/ep_one/transcript"


def test_a_job_that_was_run_by_hand_is_not_tried_again_by_workers(api: Api) -> None:
    """They do not know what was asked for."""
    job = api.stores.ledger.open_job("ep_hand", "options", "By hand").id
    api.stores.ledger.set_job(job, "failed", reason="no luck")
    assert problem_of(api.client.post(f"/v1/jobs/{job}/retry"), 409)["detail"].endswith("was run by hand.")


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/retry"), ("GET", "/events")])
def test_a_job_that_is_not_there_is_404(api: Api, method: str, path: str) -> None:
    """On each of its routes."""
    assert "no job nothing" in problem_of(api.client.request(method, f"/v1/jobs/nothing{path}"), 404)["detail"]
