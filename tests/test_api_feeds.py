"""Watched feeds through the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apiserver import Api, open_api, problem_of

URL = "https://example.com/feed.xml"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """A running API."""
    with open_api(tmp_path, model="small") as running:
        yield running


def test_a_feed_is_watched_looked_at_changed_and_let_go(api: Api) -> None:
    """What is not given stays as it is."""
    body = {"url": URL, "since": "2024-01-31", "options": {"language": "en"}, "webhook": {"url": "https://example.com/hook"}}
    made = api.client.post("/v1/feeds", json=body)
    assert made.status_code == 201
    feed, path = made.json(), made.headers["location"]
    assert (feed["url"], feed["every"], feed["since"], feed["priority"]) == (URL, 1800.0, "2024-01-31T00:00:00Z", 10)
    assert feed["options"] == {"language": "en", "model": "small"}
    secret = feed["webhook_secret"]
    kept = api.context.feeds.get(feed["id"]).webhook
    assert kept is not None
    assert json.loads(kept) == {"url": "https://example.com/hook", "secret": secret}
    assert api.get(path).json() == {**feed, "webhook_secret": None}
    changed = api.client.patch(path, json={"every": 3600, "webhook": None, "since": None})
    assert changed.json() == {**api.get(path).json(), "every": 3600.0, "webhook": None, "since": None}
    assert changed.json()["options"] == feed["options"]
    assert api.client.patch(path, json={"options": {}}).json()["options"] == {"model": "small"}
    assert api.client.patch(path, json={}).json()["every"] == 3600.0
    assert api.client.delete(path).status_code == 204
    for answer in (api.get(path), api.client.delete(path), api.client.patch(path, json={"every": 60})):
        problem_of(answer, 404)


def test_a_feed_that_is_watched_already_is_changed(api: Api) -> None:
    """One address is watched once."""
    first = api.client.post("/v1/feeds", json={"url": URL}).json()
    again = api.client.post("/v1/feeds", json={"url": URL, "every": 60})
    assert (again.status_code, again.json()["id"], again.json()["every"]) == (201, first["id"], 60.0)
    assert len(api.get("/v1/feeds").json()["items"]) == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"url": "file:///feed.xml"}, {"url": URL, "every": 1}, {"url": URL, "every": None}, {"url": URL, "options": {"x": 1}}],
)
def test_what_makes_no_sense_is_refused(api: Api, body: dict[str, object]) -> None:
    """With its place."""
    assert problem_of(api.client.post("/v1/feeds", json=body), 422)["errors"]
