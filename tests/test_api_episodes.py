"""Episodes and transcripts through the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from service.api.negotiation import preferred
from storage.documents import Transcript
from storage.export import FORMATS
from tests import transcripts
from tests.apiserver import Api, open_api, problem_of


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One API with three episodes, one of which has a transcript."""
    with open_api(tmp_path_factory.mktemp("episodes")) as running:
        running.add_job("a", title="Signals", published=datetime(2024, 5, 1, tzinfo=UTC), published_duration=60.0)
        running.add_job("b", title="Noise", show="Another show")
        running.finish(running.add_job("done", title="Noise, again"), TRANSCRIPT)
        yield running


TRANSCRIPT = transcripts.transcript(
    [transcripts.segment("Hello <b>there</b>.")], [transcripts.chapter("Start", 0, 5)], id="ep_done", title="Noise, again"
)
PATH = "/v1/episodes/ep_done/transcript"


def test_an_episode_leads_to_its_jobs_and_its_transcript(api: Api) -> None:
    """Once there is one."""
    waiting, done = api.get("/v1/episodes/ep_a").json(), api.get("/v1/episodes/ep_done").json()
    assert waiting["links"]["transcript"] is waiting["transcript"] is None
    assert (waiting["published"], waiting["duration"]) == ("2024-05-01T00:00:00Z", 60.0)
    assert done["links"]["transcript"] == PATH
    (job,) = api.get(done["links"]["jobs"]).json()["items"]
    assert (job["id"], job["links"]["episode"]) == (done["job_id"], "/v1/episodes/ep_done")


def test_episodes_are_found_by_show_title_and_transcript(api: Api) -> None:
    """Together, too."""

    def found(**params: str) -> list[str]:
        return [episode["id"] for episode in api.get("/v1/episodes", params=params).json()["items"]]

    assert found() == ["ep_done", "ep_b", "ep_a"]
    assert found(show="Another show") == ["ep_b"]
    assert found(q="NOISE") == ["ep_done", "ep_b"]
    assert found(q="noise", transcribed="true") == ["ep_done"]
    assert found(transcribed="false") == ["ep_b", "ep_a"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_transcript_is_given_in_every_format(api: Api, name: str) -> None:
    """Under its own media type, and with a tag of its own."""
    answer = api.get(PATH, params={"format": name})
    assert answer.status_code == 200
    assert answer.text == FORMATS[name].render(TRANSCRIPT)
    assert answer.headers["content-type"].split(";")[0] == FORMATS[name].media_type
    assert answer.headers["content-disposition"] == f'inline; filename="ep_done{FORMATS[name].suffix}"'
    assert "sandbox" in answer.headers["content-security-policy"]
    again = api.get(PATH, params={"format": name}, headers={"If-None-Match": f'"other", {answer.headers["etag"]}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", answer.headers["etag"])


def test_without_a_format_accept_decides(api: Api) -> None:
    """The document itself, if all is welcome."""
    digest = api.get("/v1/episodes/ep_done").json()["transcript"]
    plain = api.get(PATH)
    assert plain.headers["etag"] == f'"{digest}"'
    assert Transcript.model_validate_json(plain.text).segments[0].text == "Hello <b>there</b>."
    assert api.get(PATH, headers={"Accept": "text/*;q=0.5, text/markdown"}).text.startswith("#")
    assert json.loads(api.get(PATH, headers={"Accept": "application/json+chapters"}).text)["chapters"]
    refused = problem_of(api.get(PATH, headers={"Accept": "image/png, text/html"}), 406)
    assert all(entry.media_type in refused["hint"] and entry.name in refused["hint"] for entry in FORMATS.values())
    assert api.get(PATH, params={"format": "srt"}, headers={"Accept": "image/png"}).status_code == 200
    problem_of(api.get(PATH, params={"format": "pdf"}), 422)
    assert api.get(PATH, headers={"If-None-Match": '"other"'}).status_code == 200
    assert api.get(PATH, headers={"If-None-Match": f'W/"{digest}"'}).status_code == 304


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "a/one"),
        ("", "a/one"),
        ("*/*", "a/one"),
        ("b/*", "b/three"),
        ("a/two", "a/two"),
        ("a/one;q=0.1, */*;q=0.2", "a/two"),
        ("*/*, a/one;q=0", "a/two"),
        ("A/Two; q=0.9, b/three; q=0.8", "a/two"),
        ("a/*;q=0.5, b/three;q=0.6", "b/three"),
        ("c/four", None),
        ("a/one;q=0", None),
        ("a/one;q=many, ;;,", None),
        ("a/one;q=nan", None),
    ],
)
def test_the_media_type_that_is_liked_best_is_chosen(accept: str | None, chosen: str | None) -> None:
    """The most exact range counts; of those liked alike, the first that is offered."""
    assert preferred(accept, ["a/one", "a/two", "b/three"]) == chosen


def test_an_episode_without_a_transcript_says_so(api: Api) -> None:
    """As does one that nobody asked for."""
    assert "no transcript yet" in problem_of(api.get("/v1/episodes/ep_a/transcript"), 404)["detail"]
    assert "no episode" in problem_of(api.get("/v1/episodes/ep_x/transcript"), 404)["detail"]
    assert "no episode" in problem_of(api.get("/v1/episodes/ep_x"), 404)["detail"]


def test_a_transcript_that_was_damaged_is_not_given(api: Api) -> None:
    """500, for it is nobody's fault who asks."""
    digest = api.finish(api.add_job("damaged"))
    place = api.stores.blobs.path(digest)
    place.write_bytes(place.read_bytes() + b" ")
    assert problem_of(api.get("/v1/episodes/ep_damaged/transcript"), 500)["type"] == "urn:earmark:problem:corrupt-blob"
    place.unlink()
    problem_of(api.get("/v1/episodes/ep_damaged/transcript"), 404)
