"""`GET /v1/search`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.apiserver import Api, open_api, problem_of
from tests.transcripts import chapter, segment, transcript


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One API with seven finished episodes."""
    with open_api(tmp_path_factory.mktemp("search")) as running:
        for number in range(7):
            job = running.add_job(str(number), published=datetime(2024, 5, 1 + number, tzinfo=UTC))
            made = transcript([segment("A volcano <b>speaks</b>.")], [chapter("Fire & smoke", 0, 5, (0, 1))], id=f"ep_{number}")
            running.finish(job, made)
        running.stores.indexer.catch_up()
        yield running


def test_a_moment_has_all_that_a_player_needs(api: Api) -> None:
    """And leads to its episode and transcript."""
    (moment,) = api.get("/v1/search", params={"q": "speaks after:2024-05-07"}).json()["items"]
    links = moment.pop("links")
    assert moment == {
        "episode_id": "ep_6", "title": "Episode 6", "show": "The Show", "published": "2024-05-07T00:00:00Z",
        "chapter": "Fire & smoke", "chapter_start": 0.0, "speaker": "Ann Other", "sentence": "A volcano <b>speaks</b>.",
        "marks": [{"start": 13, "end": 19}], "start": 0.7,
    }  # fmt: skip
    assert all(api.get(link).status_code == 200 for link in links.values())


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_hold_every_moment_once(api: Api, limit: int) -> None:
    """By following `next`."""
    following: str | None = f"/v1/search?q=volcano+show%3A%22the+show%22&limit={limit}"
    seen: list[str] = []
    while following is not None:
        page = api.get(following).json()
        assert 0 < len(page["items"]) <= limit
        seen += [moment["episode_id"] for moment in page["items"]]
        following = page["next"]
    assert sorted(seen) == [f"ep_{number}" for number in range(7)]


@pytest.mark.parametrize(
    "text", ["", "-only", "ab*", "show:", "after:soon", "x" * 501, "after:2024 before:2023", " ".join("abcdefghijklmnopq")]
)
def test_what_is_no_query_is_a_problem_with_what_to_do(api: Api, text: str) -> None:
    """422, as for every request that cannot be used."""
    told = problem_of(api.get("/v1/search", params={"q": text}), 422)
    assert told["type"] in {"urn:earmark:problem:query-invalid", "urn:earmark:problem:invalid-request"}
    assert told["hint"]


@pytest.mark.parametrize("query", ["", "q=a&limit=0", "q=a&limit=101", "q=a&after=x", "q=a&after=WzEsICJhIl0", "after=x"])
def test_pages_that_make_no_sense_are_refused(api: Api, query: str) -> None:
    """Before anything is looked up."""
    problem_of(api.get(f"/v1/search?{query}"), 422)


@pytest.mark.parametrize(
    "text", ['"', "NEAR(a b) AND x", "' OR 1=1 --", "%00volcano", "volcano\0", "\U0001f600 volcano", "^ { } volcano"]
)
def test_hostile_queries_are_queries_or_refused(api: Api, text: str) -> None:
    """Never a fault of the server."""
    assert api.get("/v1/search", params={"q": text}).status_code in {200, 422}


def test_search_needs_a_token_where_all_else_does(tmp_path_factory: pytest.TempPathFactory) -> None:
    """401 without one."""
    with open_api(tmp_path_factory.mktemp("closed"), require_token=True) as closed:
        problem_of(closed.get("/v1/search?q=volcano"), 401)
        token = closed.context.tokens.create("tester")[1]
        found = closed.get("/v1/search?q=volcano", headers={"Authorization": f"Bearer {token}"})
        assert (found.status_code, found.json()) == (200, {"items": [], "next": None})
