"""Pages of the API's lists."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.apiserver import Api, open_api, problem_of

LISTS = ["/v1/jobs", "/v1/episodes", "/v1/feeds"]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One API with seven of everything."""
    with open_api(tmp_path_factory.mktemp("lists")) as running:
        for number in range(7):
            running.add_job(str(number), show="A & B?")
            running.context.feeds.add(f"https://example.com/{number}.xml", every=60.0)
        yield running


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", [1, 3, 7, 200])
def test_pages_hold_everything_once(api: Api, path: str, limit: int) -> None:
    """In the order of the whole list."""
    whole = [item["id"] for item in api.get(path).json()["items"]]
    assert len(whole) == 7
    seen: list[str] = []
    following: str | None = f"{path}?limit={limit}"
    while following is not None:
        page = api.get(following).json()
        assert 0 < len(page["items"]) <= limit
        seen += [item["id"] for item in page["items"]]
        following = page["next"]
    assert seen == whole


def test_what_comes_in_meanwhile_shifts_nothing(api: Api) -> None:
    """A page goes on after the last item of the one before."""
    first = api.get("/v1/jobs?limit=3").json()
    api.add_job("late")
    second = api.get(first["next"]).json()
    assert not {item["id"] for item in first["items"]} & {item["id"] for item in second["items"]}
    assert "ep_late" not in {item["episode_id"] for item in second["items"]}


def test_the_next_page_has_the_same_filters(api: Api) -> None:
    """Whatever characters they hold."""
    page = api.get("/v1/episodes", params={"show": "A & B?", "limit": 3, "transcribed": "false"}).json()
    titles = [item["title"] for item in page["items"]]
    while page["next"] is not None:
        page = api.get(page["next"]).json()
        titles += [item["title"] for item in page["items"]]
    assert len(titles) >= 7


def _cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "after",
    [
        "", "x", "%00", "ä", "../../etc/passwd", "' OR 1=1 --", "9" * 301, "AAAA", _cursor("[]"), _cursor('["a", 1]'),
        _cursor("[1]"), _cursor('[NaN, "a"]'), _cursor('[1e999, "a"]'), _cursor('[1, "\\u0000"]'), _cursor('[1, "\\ud800"]'),
        _cursor("[" * 200), _cursor('{"a": 1}'), _cursor('[true, "a"]'),
    ],
)  # fmt: skip
def test_a_place_that_no_page_named_is_refused(api: Api, path: str, after: str) -> None:
    """Whatever it holds."""
    problem_of(api.get(path, params={"after": after}), 422)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "-1", "201", "1e3", "x", "", "9" * 5000])
def test_a_limit_that_makes_no_sense_is_refused(api: Api, path: str, limit: str) -> None:
    """Pages have from 1 to 200 items."""
    assert problem_of(api.get(path, params={"limit": limit}), 422)["errors"][0]["place"] == "query.limit"


@pytest.mark.parametrize(
    "query", ["q=%00", "state=broken", "episode=%00", "episode=%ff", "show=%00", "q=", "transcribed=perhaps", "submission=../x"]
)
def test_hostile_filters_are_refused(api: Api, query: str) -> None:
    """Before the ledger is asked."""
    path = "/v1/episodes" if query.startswith(("show", "transcribed")) else "/v1/jobs"
    problem_of(api.get(f"{path}?{query}"), 422)


def test_pieces_of_titles_may_hold_anything_else(api: Api) -> None:
    """And match nothing that they are no piece of."""
    for piece in ("%25", "_", "'", '"', "\\", "\U0001f600", "%ff", "a" * 200):
        assert api.get(f"/v1/jobs?q={piece}").json()["items"] == []
