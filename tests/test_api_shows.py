"""The voices of shows through the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from storage.documents import Speaker
from tests import transcripts
from tests.apiserver import Api, open_api, problem_of
from tests.voices import Speakers, add


@pytest.fixture
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One API with two episodes of a show, with transcripts of two voices each."""
    with open_api(tmp_path_factory.mktemp("shows")) as running:
        people = Speakers()
        for number in (1, 2):
            kept = add(running.stores.memory, number, people.episode("Ann", f"guest {number}"))
            told = [
                Speaker(label=f"Speaker {n}", talk_time=60, voice=s.voice_id, voice_sample=s.id, voice_score=s.score)
                for n, s in enumerate(kept.values(), start=1)
            ]
            made = transcripts.transcript([transcripts.segment("Hello there.")], speakers=told, id=f"ep_{number}")
            running.finish(running.add_job(str(number)), made)
        yield running


PATH = "/v1/shows/the-show/speakers"


def test_shows_and_their_voices_are_listed(api: Api) -> None:
    """Without embeddings; the host comes first."""
    (show,) = api.get("/v1/shows").json()["items"]
    assert show == {"id": "the-show", "title": "The Show", "voices": 3, "episodes": 2}
    host, *guests = api.get(PATH).json()["items"]
    assert (host["episode_count"], len(guests)) == (2, 2)
    assert [episode["id"] for episode in host["episodes"]] == ["ep_1", "ep_2"]
    assert host["episodes"][0]["score"] is None
    assert host["episodes"][1]["score"] > 0.99
    assert "embedding" not in api.get(PATH).text


def test_voices_come_in_pages_and_by_name(api: Api) -> None:
    """Lists tell the latest episodes alone; one voice tells all."""
    first = api.get(PATH, params={"limit": 2}).json()
    second = api.get(first["next"]).json()
    assert [len(page["items"]) for page in (first, second)] == [2, 1]
    assert second["next"] is None
    host = first["items"][0]["id"]
    api.client.patch(f"{PATH}/{host}", json={"name": "Ann Lee"})
    assert [voice["id"] for voice in api.get(PATH, params={"q": "ann"}).json()["items"]] == [host]
    people = Speakers()
    for number in range(3, 25):
        add(api.stores.memory, number, people.episode("Ann"))
    listed = api.get(PATH, params={"limit": 1}).json()["items"][0]
    assert (listed["episode_count"], len(listed["episodes"]), listed["episodes"][-1]["id"]) == (24, 20, "ep_24")
    assert len(api.get(f"{PATH}/{host}").json()["episodes"]) == 24
    problem_of(api.get("/v1/shows/none/speakers/abcdef"), 404)
    problem_of(api.get(PATH, params={"after": "nonsense"}), 422)


def test_a_name_is_told_to_the_transcripts(api: Api) -> None:
    """At once, in every format, under another tag."""
    host = api.get(PATH).json()["items"][0]["id"]
    tag = api.get("/v1/episodes/ep_1/transcript").headers["etag"]
    changed = api.client.patch(f"{PATH}/{host}", json={"name": "Ann Lee"})
    assert (changed.status_code, changed.json()["transcripts"]) == (200, 2)
    assert changed.json()["speaker"]["name_source"] == "people"
    answer = api.get("/v1/episodes/ep_1/transcript")
    assert answer.json()["speakers"][0]["name"] == "Ann Lee"
    assert answer.headers["etag"] != tag
    assert {found["speaker"] for found in api.get("/v1/search", params={"q": 'speaker:"Ann Lee"'}).json()["items"]} == {"Ann Lee"}
    assert "<v Ann Lee>" in api.get("/v1/episodes/ep_2/transcript", params={"format": "vtt"}).text


def test_voices_are_merged_and_split(api: Api) -> None:
    """What was split off is returned."""
    _, one, other = (voice["id"] for voice in api.get(PATH).json()["items"])
    merged = api.client.post(f"{PATH}/{one}/merge", json={"others": [other]}).json()
    assert merged["speaker"]["episode_count"] == 2
    made = api.client.post(f"{PATH}/{one}/split", json={"episodes": ["ep_2"]}).json()
    assert [episode["id"] for episode in made["speaker"]["episodes"]] == ["ep_2"]


def test_voices_are_forgotten_one_by_one_by_episode_and_all(api: Api) -> None:
    """Afterwards there is no such show."""
    host, guest, _ = (voice["id"] for voice in api.get(PATH).json()["items"])
    assert api.client.delete(f"{PATH}/{guest}").json() == {"samples": 1, "transcripts": 1}
    assert api.client.delete(PATH, params={"episode": "ep_2"}).json() == {"samples": 2, "transcripts": 1}
    assert [voice["id"] for voice in api.get(PATH).json()["items"]] == [host]
    assert api.client.delete(PATH).json() == {"samples": 1, "transcripts": 1}
    problem_of(api.get(PATH), 404)


def test_what_is_not_there_is_not_found(api: Api) -> None:
    """A show, a voice, and a voice of another show."""
    host = api.get(PATH).json()["items"][0]["id"]
    problem_of(api.get("/v1/shows/none/speakers"), 404)
    problem_of(api.client.patch(f"{PATH}/abcdef", json={"name": "Ann"}), 404)
    problem_of(api.client.patch(f"/v1/shows/none/speakers/{host}", json={"name": "Ann"}), 404)
    problem_of(api.client.patch(f"{PATH}/{host}", json={"name": " "}), 422)
    problem_of(api.client.post(f"{PATH}/{host}/split", json={"episodes": ["ep_1", "ep_2"]}), 422)


def test_other_shows_are_asked_only_on_request(api: Api) -> None:
    """Also for a show that is yet to come; each request says which, and no others."""
    path = "/v1/shows/a-new-show/also-from"
    assert api.get(path).json() == {"shows": []}
    assert api.client.put(path, json={"shows": ["the-show"]}).json() == {"shows": ["the-show"]}
    people = Speakers()
    people.episode("Ann", "guest 1", "guest 2")  # as in the other show
    kept = add(api.stores.memory, "new", people.episode("Ann", "Zoe"), show="A New Show")
    assert kept["Ann"].score is not None
    assert kept["Zoe"].score is None
    assert api.client.put(path, json={"shows": []}).json() == {"shows": []}
    assert api.get(path).json() == {"shows": []}
    problem_of(api.client.put(path, json={"shows": ["none"]}), 404)
    problem_of(api.client.put("/v1/shows/A%20New/also-from", json={"shows": []}), 422)
    problem_of(api.client.put("/v1/shows/A-New/also-from", json={"shows": []}), 404)
    problem_of(api.client.put("/v1/shows/the-show/also-from", json={"shows": ["the-show"]}), 422)
