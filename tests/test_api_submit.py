"""Submitting through the API."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jobs.request import JobRequest
from tests.apiserver import Api, open_api, problem_of
from tests.commands import AUDIO, Item, feed_of
from tests.webserver import Canary, Reply, WebServer, redirect


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """A running API that may fetch from the loopback, where the tests' outside world is."""
    with open_api(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One API for all requests that are refused: they leave nothing."""
    with open_api(tmp_path_factory.mktemp("refusing")) as running:
        yield running
        assert running.get("/v1/jobs").json()["items"] == []


@pytest.fixture
def audio(webserver: WebServer) -> str:
    """The address of an episode."""
    webserver.routes["/one.mp3"] = AUDIO.read_bytes()
    return webserver.url("/one.mp3")


def _show(webserver: WebServer, count: int = 3) -> str:
    items = [
        Item(f"Part {n}", webserver.url(f"/{n}.mp3"), f"guid-{n}", f"Mon, {n:02d} Jan 2024 12:00:00 GMT")
        for n in range(count, 0, -1)
    ]
    webserver.routes["/feed.xml"] = feed_of(*items)
    return webserver.url("/feed.xml")


def test_an_episode_is_taken_down_and_its_first_steps_are_queued(api: Api, audio: str) -> None:
    """202, and Location leads to the job; that no broker is there is no error."""
    answer = api.submit(audio)
    assert answer.status_code == 202
    (job,) = answer.json()["jobs"]
    assert answer.json()["fresh"] == [job["id"]]
    assert answer.headers["location"] == job["links"]["self"] == f"/v1/jobs/{job['id']}"
    detail = api.get(answer.headers["location"]).json()
    assert (detail["state"], detail["title"], detail["priority"], detail["progress"]) == ("queued", "one", 10, 0.0)
    assert {step["name"] for step in detail["steps"]} == {"transcriber", "diarizer", "fetch"}
    assert {step["state"] for step in detail["steps"]} == {"queued"}


def test_a_feed_becomes_a_job_for_each_chosen_episode(api: Api, webserver: WebServer) -> None:
    """Location is then the list of just these, which is paged like any other."""
    api.add_job("other")
    answer = api.submit(_show(webserver), selection={"latest": 2})
    assert answer.status_code == 202
    assert [job["title"] for job in answer.json()["jobs"]] == ["Part 3", "Part 2"]
    assert {job["priority"] for job in answer.json()["jobs"]} == {0}
    listed = api.get(answer.headers["location"]).json()
    assert {job["id"] for job in listed["items"]} == set(answer.json()["fresh"])
    first = api.get(f"{answer.headers['location']}&limit=1").json()
    second = api.get(first["next"]).json()
    assert {page["items"][0]["id"] for page in (first, second)} == set(answer.json()["fresh"])
    assert second["next"] is None


@pytest.mark.parametrize(
    ("selection", "titles"),
    [
        ({}, ["Part 3"]),
        ({"all": True}, ["Part 3", "Part 2", "Part 1"]),
        ({"since": "2024-01-02"}, ["Part 3", "Part 2"]),
        ({"episodes": ["Part 1", "guid-3"]}, ["Part 3", "Part 1"]),
    ],
)
def test_the_selection_chooses(api: Api, webserver: WebServer, selection: dict[str, object], titles: list[str]) -> None:
    """As the command line's options do."""
    answer = api.submit(_show(webserver), selection=selection)
    assert [job["title"] for job in answer.json()["jobs"]] == titles


def test_the_feeds_of_a_list_that_cannot_be_used_do_not_hide_the_others(api: Api, webserver: WebServer) -> None:
    """They are told of beside the jobs."""
    good, gone = _show(webserver), webserver.url("/gone.xml")
    webserver.routes["/list.opml"] = f'<opml><body><outline xmlUrl="{gone}"/><outline xmlUrl="{good}"/></body></opml>'.encode()
    answer = api.submit(webserver.url("/list.opml"))
    assert answer.status_code == 202
    assert [job["title"] for job in answer.json()["jobs"]] == ["Part 3"]
    (failure,) = answer.json()["failures"]
    assert (failure["source"], "404" in failure["detail"]) == (gone, True)
    assert [notice["code"] for notice in answer.json()["notices"]] == ["newest_chosen"]


def test_a_hundred_submits_of_one_episode_at_once_are_one_job(api: Api, audio: str) -> None:
    """Every one of them is told so."""
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: api.submit(audio), range(100)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["jobs"][0]["id"] for answer in answers}) == 1
    assert sum(len(answer.json()["fresh"]) for answer in answers) == 1
    assert len(api.get("/v1/jobs").json()["items"]) == 1


def test_a_hundred_submits_with_one_key_are_one_submission(api: Api, audio: str) -> None:
    """All get the same answer, and the source is looked at once."""
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: api.submit(audio, key="k"), range(100)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({(answer.text, answer.headers["location"]) for answer in answers}) == 1
    assert answers[0].json()["fresh"] != []


def test_the_same_key_gives_the_same_answer_for_the_same_body_only(api: Api, audio: str, webserver: WebServer) -> None:
    """However the JSON is laid out, and whether or not the key is quoted."""
    first = api.submit(audio, key="a-key")
    again = api.client.post(
        "/v1/jobs",
        content=f'{{ "again":false, "url" : "{audio}"}}',
        headers={"Idempotency-Key": '"a-key"', "Content-Type": "application/json"},
    )
    assert (again.status_code, again.text, again.headers["location"]) == (202, first.text, first.headers["location"])
    assert len(webserver.asked("/one.mp3")) == 1
    conflict = problem_of(api.submit(audio, key="a-key", again=True), 409)
    assert conflict["type"] == "urn:earmark:problem:conflict"
    assert api.submit(audio, key="another", again=True).status_code == 202


def test_a_key_is_free_again_after_a_failure(api: Api, webserver: WebServer) -> None:
    """So the request can be repeated as it is."""
    webserver.routes["/flaky.mp3"] = [Reply(status=503), AUDIO.read_bytes()]
    assert api.submit(webserver.url("/flaky.mp3"), key="k").status_code == 502
    assert api.submit(webserver.url("/flaky.mp3"), key="k").status_code == 202


@pytest.mark.parametrize(
    ("reply", "status", "kind"),
    [
        (Reply(status=404), 422, "not-found"),
        (Reply(status=401), 422, "forbidden"),
        (Reply(status=500), 502, "server-error"),
        (Reply(status=429), 502, "rate-limited"),
        (Reply(b"<html><p>Nothing to hear here.</html>"), 422, "no-episode"),
        (Reply(b"<rss><channel></channel></rss>"), 422, "no-episode"),
        (Reply(b"neither one nor the other"), 422, "not-a-feed"),
        (redirect("file:///etc/passwd"), 422, "address-refused"),
        (redirect("/loop"), 422, "too-many-redirects"),
        (Reply([b"slow"], drip=None, raw=[]), 502, "network-error"),
    ],
)
def test_a_source_that_cannot_be_used_is_told_in_its_own_words(
    refusing: Api, webserver: WebServer, reply: Reply, status: int, kind: str
) -> None:
    """422 for what would fail again, 502 for what may pass; nothing is taken down."""
    webserver.routes["/loop"] = reply
    told = problem_of(refusing.submit(webserver.url("/loop")), status)
    assert told["type"] == f"urn:earmark:problem:{kind}"
    assert told["detail"]
    assert told["hint"]


def test_a_source_that_is_too_slow_is_given_up(refusing: Api, webserver: WebServer) -> None:
    """504 after the fetcher's deadline."""
    webserver.routes["/slow"] = Reply(b"x" * 100, drip=(1, 0.2))
    assert problem_of(refusing.submit(webserver.url("/slow")), 504)["type"] == "urn:earmark:problem:too-slow"


@pytest.mark.parametrize(
    "url",
    [
        "/etc/passwd", "etc/passwd", "~/secrets.mp3", "file:///etc/passwd", "FILE:///etc/passwd", "ftp://example.com/a.mp3",
        "data:audio/mpeg;base64,AAAA", "http:/etc/passwd", "http://", "http://user:word@example.com/a.mp3", "gopher://x/",
        "http://exa mple.com/", "http://example.com/\x00", "http://127.1/", "http://0x7f000001/", "http://2130706433/", "", 7,
        None,
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused_before_anything_is_looked_at(refusing: Api, url: object) -> None:
    """Neither as the source, nor as chapters, nor as a webhook."""
    for body in (
        {"url": url},
        {"url": "http://example.invalid/", "chapters": url if url is not None else 7},
        {"url": "http://example.invalid/", "webhook": {"url": url}},
    ):
        told = problem_of(refusing.client.post("/v1/jobs", json=body), 422)
        assert told["type"] == "urn:earmark:problem:invalid-request"
        assert told["errors"][0]["place"].startswith("body")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.0.0.1.nip.invalid"])
def test_private_addresses_are_refused_without_a_connection(tmp_path: Path, canary: Canary, host: str) -> None:
    """Unless the settings allow them."""
    with open_api(tmp_path, allow_private_networks=False) as guarded:
        answer = guarded.submit(canary.url("/episode.mp3", host=host))
        assert answer.status_code in {422, 502}
        assert problem_of(answer, answer.status_code)["type"].rpartition(":")[2] in {"address-refused", "network-error"}
    assert not canary.touched


@pytest.mark.parametrize(
    "more",
    [
        {"options": {"model": "/models/small"}}, {"options": {"model": "../small"}}, {"options": {"model": "someone/model"}},
        {"options": {"diarizer_model": "someone/pipeline"}}, {"options": {"engine": "scripted"}},
        {"options": {"diarizer": "scripted"}}, {"options": {"device": "cuda"}}, {"options": {"speakers": 2, "min_speakers": 1}},
        {"options": {"min_speakers": 3, "max_speakers": 2}}, {"options": {"speakers": 10**30}}, {"options": {"beam_size": 0}},
        {"selection": {"latest": 0}}, {"selection": {"latest": "2"}}, {"selection": {"latest": 1, "all": True}},
        {"selection": {"episodes": ["1"], "since": "2024-01-01"}}, {"selection": {"since": "yesterday"}},
        {"selection": {"since": "2024-02-30"}}, {"selection": {"since": 0}}, {"selection": {"episodes": []}},
        {"selection": {"episodes": ["nul\x00"]}}, {"priority": 101}, {"priority": 10**400}, {"priority": True}, {"again": 1},
        {"notes": "nul\x00"}, {"notes": "x" * 600_000}, {"unknown": 1}, {"options": []}, {"chapters": ["http://example.com/"]},
        {"webhook": {"url": "http://example.com/", "secret": "short"}},
        {"webhook": {"url": "http://example.com/", "secret": "whsec_" + "A" * 8}},
        {"webhook": {"url": "http://example.com/", "secret": "whsec_" + "A" * 25}},
    ],
)  # fmt: skip
def test_bodies_that_make_no_sense_are_refused_with_the_place(refusing: Api, more: dict[str, object]) -> None:
    """Before the source is looked at."""
    answer = refusing.client.post("/v1/jobs", json={"url": "http://example.invalid/a.mp3", **more})
    if answer.status_code == 400:  # an integer that Python's parser refuses
        assert more == {"priority": 10**400}
        return
    told = problem_of(answer, 422)
    assert told["errors"][0]["place"].startswith(f"body.{next(iter(more))}")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"url": "\xff\xfe"}', 400),
        (b"[" * 100_000, 400),
        (b"{", 422),
        (b"", 422),
        (b'{"url": NaN}', 422),
        (b'{"\\ud800": "\\udfff", "url": "http://a.example/\\ud800"}', 422),
        (b'{"url": ' + b"9" * 6000 + b"}", 400),
        (b" " * (2 << 20), 413),
    ],
)
def test_hostile_bodies_are_refused(refusing: Api, content: bytes, status: int) -> None:
    """As problems, all of them."""
    answer = refusing.client.post("/v1/jobs", content=content, headers={"Content-Type": "application/json"})
    problem_of(answer, status)


def test_a_body_that_grows_too_large_is_refused(refusing: Api) -> None:
    """However it comes; the client that still writes sees the answer."""

    def long() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * (1 << 16)

    answer = refusing.client.post("/v1/jobs", content=long(), headers={"Content-Type": "application/json"})
    problem_of(answer, 413)


def test_a_body_that_is_announced_as_huge_is_not_read(refusing: Api) -> None:
    """The answer comes before the body."""
    host, port = refusing.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\n\r\n")
        assert connection.recv(100).startswith((b"HTTP/1.1 413 ", b"HTTP/1.1 400 "))


def test_a_request_for_too_many_jobs_takes_none_down(tmp_path: Path, webserver: WebServer) -> None:
    """It says how to ask for fewer."""
    with open_api(tmp_path, api_max_jobs=2) as small:
        told = problem_of(small.submit(_show(webserver), selection={"all": True}), 422)
        assert (told["type"], "2 jobs" in told["detail"], "latest" in told["hint"]) == (
            "urn:earmark:problem:too-large",
            True,
            True,
        )
        assert small.get("/v1/jobs").json()["items"] == []
        assert small.submit(_show(webserver), selection={"latest": 2}).status_code == 202


def test_chapters_and_notes_belong_to_one_episode(api: Api, webserver: WebServer) -> None:
    """With several chosen, nobody can tell to which."""
    told = problem_of(api.submit(_show(webserver), selection={"all": True}, notes="00:00 Start"), 422)
    assert told["type"] == "urn:earmark:problem:option-error"
    problem_of(api.submit(_show(webserver), selection={"all": True}, reference=webserver.url("/clean.mp3")), 422)
    assert api.submit(_show(webserver), notes="00:00 Start", chapters=webserver.url("/c.json")).status_code == 202


def test_options_are_those_of_the_settings_where_nothing_is_said(tmp_path: Path, audio: str) -> None:
    """The scripted engine's model is a script, and goes with no other engine."""
    with open_api(tmp_path, engine="scripted", diarizer="none", model="/a/script.json", part_seconds=60) as api:
        for more, told in (
            ({}, ("scripted", "/a/script.json", "none", None)),
            ({"engine": "whisper"}, ("whisper", None, "none", None)),
            ({"engine": "whisper", "model": "small", "language": "de"}, ("whisper", "small", "none", "de")),
            ({"diarizer": "auto"}, ("scripted", "/a/script.json", "auto", None)),
        ):
            job = api.submit(audio, options=more).json()["jobs"][0]["id"]
            request = api.stores.ledger.standing(job).request
            assert request is not None
            options = JobRequest.model_validate_json(request).options
            assert (options.engine, options.model, options.diarizer, options.language) == told
            assert options.part_seconds == 60


def test_a_webhook_without_a_secret_gets_one_that_is_told_once(api: Api, audio: str) -> None:
    """Whoever listens there needs it; the job does not tell it again."""
    answer = api.submit(audio, webhook={"url": "https://example.com/hook"})
    secret = answer.json()["webhook_secret"]
    assert secret.startswith("whsec_")
    assert secret not in api.get(answer.headers["location"]).text
    given = api.submit(audio, again=True, webhook={"url": "https://example.com/hook", "secret": secret})
    assert given.json()["webhook_secret"] is None
