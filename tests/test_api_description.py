"""The API's OpenAPI document, and that the API keeps to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apiserver import Api, open_api

EXAMPLES = 25
"""Requests that are made up for each route and kind."""

CONFIGURATION = """
[checks.not_a_server_error]
# the outside world of this test is empty: no source can be reached
expected-statuses = ["2xx", "3xx", "4xx", "502"]

[checks.positive_data_acceptance]
# a request that is well formed may still name a source that cannot be used (422), or a format that nobody accepts (406)
expected-statuses = ["2xx", "304", "404", "406", "409", "422", "502", "504"]

[[operations]]
# a job that is cancelled stays to be seen
include-path-regex = "^/v1/jobs/"
checks.use_after_free.enabled = false
"""


def _nowhere(host: str, port: int) -> tuple[str, ...]:
    raise OSError(f"no name leads anywhere in this test, nor does {host}")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One API that needs a token and may not reach the loopback, with a little of everything."""
    folder = tmp_path_factory.mktemp("described")
    with open_api(folder, require_token=True, allow_private_networks=False, resolver=_nowhere) as running:
        for name in ("one", "two"):  # both are done, so that following one ends
            running.finish(running.add_job(name))
        running.context.feeds.add("https://example.com/feed.xml", every=3600.0)
        yield running


@pytest.fixture(scope="module")
def token(api: Api) -> str:
    """A token for it."""
    return api.context.tokens.create("tester")[1]


@pytest.fixture(scope="module")
def description(api: Api, token: str) -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = api.get("/openapi.json", headers={"Authorization": f"Bearer {token}"}).json()
    return found


def _operations(description: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_error_of_every_route_is_described_as_a_problem(description: dict[str, Any]) -> None:
    """And none in FastAPI's own shape."""
    for name, operation in _operations(description):
        errors = {status: told for status, told in operation["responses"].items() if status >= "400"}
        assert {"422", "500", "503"} <= set(errors), name
        assert ("401" in errors) == ("z" not in name.rpartition("/")[2]), name
        for status, told in errors.items():
            if (name, status) != ("GET /readyz", "503"):
                assert list(told["content"]) == ["application/problem+json"], (name, status)
    assert "HTTPValidationError" not in description["components"]["schemas"]


def test_every_route_and_field_says_what_it_is(description: dict[str, Any]) -> None:
    """Routes have a summary and a description, bodies an example."""
    for name, operation in _operations(description):
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name
    body = description["components"]["schemas"]["JobBody"]
    assert all("description" in field for field in body["properties"].values())
    assert body["examples"]


def test_the_description_leads_nowhere_else(description: dict[str, Any]) -> None:
    """Every reference is to something that is there, and the transcript's episode is not the API's."""
    schemas = description["components"]["schemas"]

    def references(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            yield from ([part["$ref"]] if isinstance(part.get("$ref"), str) else [])
            for inner in part.values():
                yield from references(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from references(inner)

    found = set(references(description))
    assert found
    assert {reference.removeprefix("#/components/schemas/") for reference in found} <= set(schemas)
    assert "persons" in schemas["TranscriptEpisode"]["properties"]
    assert "links" in schemas["Episode"]["properties"]


@pytest.mark.slow
def test_schemathesis_finds_nothing(api: Api, token: str, tmp_path: Path) -> None:
    """All of its checks, on made-up requests good and bad, over HTTP."""
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION, "utf-8")
    command = [
        sys.executable, "-W", "ignore", "-m", "schemathesis.cli", "--config-file", str(tmp_path / "schemathesis.toml"),
        "run", f"{api.url}/openapi.json", "--header", f"Authorization: Bearer {token}",
        "--max-examples", str(EXAMPLES), "--seed", "1", "--workers", "1", "--no-color",
        "--generation-database", "none", "--request-timeout", "30",
    ]  # fmt: skip
    environment = {**os.environ, "NO_PROXY": "127.0.0.1", "PYTHONPATH": ""}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=540, check=False)
    assert done.returncode == 0, done.stdout[-30000:] + done.stderr[-2000:]
