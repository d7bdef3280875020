"""Who may use the API."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api.access import Access, bearer, is_loopback
from tests.apiserver import Api, open_api, problem_of


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API that others can reach, too."""
    with open_api(tmp_path_factory.mktemp("public"), host="0.0.0.0") as running:
        yield running


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API on the loopback that has another name besides."""
    with open_api(tmp_path_factory.mktemp("private")) as running:
        yield running


def _routes(api: Api) -> list[tuple[str, str]]:
    """Return every method and path of the description, and some that it does not have."""
    _, token = api.context.tokens.create("reader")
    description = api.get("/openapi.json", headers={"Authorization": f"Bearer {token}"}).json()
    known = [(method.upper(), path) for path, methods in description["paths"].items() for method in methods]
    more = [
        ("GET", "/openapi.json"),
        ("GET", "/"),
        ("GET", "/nothing"),
        ("PUT", "/v1/jobs"),
        ("GET", "/v1/jobs/x/y"),
        ("GET", "//"),
    ]
    return [route for route in known + more if route[1] not in {"/healthz", "/readyz"}]


_BAD: dict[str, dict[str, str] | list[tuple[str, str]]] = {
    "none": {},
    "empty": {"Authorization": ""},
    "basic": {"Authorization": "Basic dXNlcjpwYXNzd29yZA=="},
    "bare": {"Authorization": "Bearer"},
    "wrong": {"Authorization": f"Bearer earmark_{'0' * 12}_{'0' * 64}"},
    "foreign": {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."},
    "nul": {"Authorization": "Bearer \x01"},
    "long": {"Authorization": f"Bearer {'x' * 5000}"},
}


@pytest.mark.parametrize("kind", _BAD)
def test_without_a_right_token_every_route_is_401(public: Api, kind: str) -> None:
    """Before anything is parsed or looked up, and whether or not there is such a path."""
    routes = _routes(public)
    assert len(routes) > 20
    for method, path in routes:
        answer = public.client.request(method, path.replace("{", "").replace("}", ""), headers=_BAD[kind], content=b"{")
        told = problem_of(answer, 401)
        assert told["type"] == "urn:earmark:problem:unauthorized"
        assert answer.headers["www-authenticate"].startswith('Bearer realm="earmark"')


def test_a_revoked_token_is_401_and_a_right_one_is_not(public: Api) -> None:
    """From its next use on."""
    record, token = public.context.tokens.create("guest")
    headers = {"Authorization": f"bearer {token}"}
    assert public.get("/v1/jobs", headers=headers).status_code == 200
    assert public.get("/metrics", headers=headers).status_code == 200
    problem_of(public.client.post("/v1/jobs", headers=headers, json={}), 422)
    problem_of(public.get("/v1/jobs", headers=[("Authorization", f"Bearer {token}")] * 2), 401)
    public.context.tokens.revoke(record.id)
    answer = public.get("/v1/jobs", headers=headers)
    problem_of(answer, 401)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_the_body_of_a_request_without_a_token_is_not_read(public: Api) -> None:
    """So it costs nothing."""
    host, port = public.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = b"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n"
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")


def test_two_clients_may_use_the_same_idempotency_key(public: Api) -> None:
    """Keys belong to their token."""
    keys = []
    for name in "ab":
        _, token = public.context.tokens.create(name)
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "same"}
        answer = public.client.post("/v1/jobs", headers=headers, json={"url": f"http://{name}.invalid/"})
        keys.append(answer.status_code)
    assert keys == [502, 502]


def test_those_who_run_the_service_need_no_token(public: Api, private: Api) -> None:
    """Whether it lives, and is ready; its figures on the loopback alone."""
    for path in ("/healthz", "/readyz"):
        assert public.get(path).status_code == 200
        assert private.get(path).status_code == 200
    problem_of(public.get("/metrics"), 401)
    assert private.get("/metrics").status_code == 200
    for path in ("/healthz/", "/healthz/x", "//healthz", "/HEALTHZ", "/healthz%2f"):
        assert public.client.send(httpx.Request("GET", public.url + path)).status_code == 401


def test_on_the_loopback_no_token_is_needed_unless_it_is_asked_for(private: Api, tmp_path: Path) -> None:
    """Or unless a proxy offers the API under another name."""
    assert private.get("/v1/jobs").status_code == 200
    more: list[dict[str, Any]] = [{"require_token": True}, {"names": ("api.example.com",)}]
    for number, options in enumerate(more):
        with open_api(tmp_path / str(number), **options) as strict:
            problem_of(strict.get("/v1/jobs"), 401)
            assert strict.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "a b", "x@localhost"]
)
def test_a_page_whose_name_was_made_to_lead_here_reads_nothing(private: Api, host: str) -> None:
    """DNS rebinding: the browser believes that it asks the page's own server."""
    for path in ("/v1/jobs", "/metrics", "/healthz", "/nothing"):
        problem_of(private.get(path, headers={"Host": host}), 421)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "127.9.9.9", "[::1]:8000", "localhost."])
def test_the_loopback_has_many_names(private: Api, host: str) -> None:
    """All of them are known."""
    assert private.get("/v1/jobs", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_page_of_another_site_changes_nothing(private: Api, headers: dict[str, str]) -> None:
    """Neither with a form, nor with a script."""
    job = private.add_job("target")
    for method, path in (
        ("POST", "/v1/jobs"),
        ("DELETE", f"/v1/jobs/{job}"),
        ("POST", f"/v1/jobs/{job}/retry"),
        ("POST", "/v1/feeds"),
    ):
        told = problem_of(private.client.request(method, path, headers=headers, json={"url": "http://a.invalid/"}), 403)
        assert told["type"] == "urn:earmark:problem:foreign-page"
    assert private.get(f"/v1/jobs/{job}").json()["state"] == "queued"


def test_a_page_of_the_server_itself_may_change_things(private: Api) -> None:
    """As may a program, which sends neither header."""
    job = private.add_job("own")
    headers = {"Origin": private.url, "Sec-Fetch-Site": "same-origin"}
    assert private.client.delete(f"/v1/jobs/{job}", headers=headers).status_code == 200


def test_a_form_of_another_site_cannot_even_be_parsed(private: Api) -> None:
    """A body counts only if it says that it is JSON, which a form cannot say."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = private.client.post("/v1/jobs", content=b'{"url": "http://a.invalid/"}', headers={"Content-Type": kind})
        problem_of(answer, 422)


def test_every_answer_carries_the_headers_that_keep_browsers_from_guessing(private: Api) -> None:
    """Errors, too."""
    for path in ("/v1", "/v1/jobs", "/nothing", "/healthz", "/v1/jobs/x"):
        headers = private.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_unknown_paths_and_methods_are_problems(private: Api) -> None:
    """With the methods that there are."""
    assert problem_of(private.get("/nothing"), 404)["type"] == "urn:earmark:problem:no-such-path"
    assert problem_of(private.get("/v1/jobs/"), 404)
    answer = private.client.put("/v1/jobs")
    problem_of(answer, 405)
    assert answer.headers["allow"] == "GET, POST"
    assert private.client.request("PATCH", "/v1/feeds/x/y").status_code == 404
    assert private.client.request("BREW", "/v1/feeds/x").headers["allow"] == "DELETE, GET, PATCH"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True), ("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("[::1]", True), ("0.0.0.0", False),
        ("::", False), ("", False), ("10.0.0.1", False), ("localhost.example", False), ("::ffff:127.0.0.1", True),
    ],
)  # fmt: skip
def test_the_loopback_is_known_by_its_addresses(host: str, loopback: bool) -> None:
    """Everything else can be reached by others."""
    assert is_loopback(host) is loopback
    assert Access(host=host).tokens_needed is not loopback


def test_a_token_is_read_from_its_header_alone() -> None:
    """Case does not matter to the scheme."""
    assert bearer("Bearer abc") == bearer("bEARER  abc ") == "abc"
    assert [bearer(header) for header in (None, "", "abc", "Bearer", "Bearer a b", "Token abc", "Bearer \x00")] == [None] * 7
