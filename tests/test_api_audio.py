"""The audio of an episode, in pieces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.s3_blobs import S3Blobs
from tests.apiserver import Api, open_api, problem_of
from tests.finished import example_id, open_finished
from tests.s3_server import S3Server
from tests.workshop import EXAMPLES

SOUND = (EXAMPLES / "episode.mp3").read_bytes()
PATH = f"/v1/episodes/{example_id()}/audio"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API with the example, done."""
    with open_finished(tmp_path_factory.mktemp("audio")) as running:
        yield running


def test_the_file_comes_whole_as_it_was_downloaded(api: Api) -> None:
    """With its type, its digest as a tag, and nothing that a browser could take for a page."""
    answer = api.get(PATH)
    assert answer.status_code == 200
    assert answer.content == SOUND
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert api.get(PATH, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_a_head_says_how_long_it_is(api: Api) -> None:
    """Without a body."""
    answer = api.client.head(PATH)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(SOUND))


def test_a_range_comes_alone(api: Api) -> None:
    """From the beginning, from the middle, from the end."""
    for header, begin, end in (
        ("bytes=0-99", 0, 100),
        ("bytes=1000-", 1000, len(SOUND)),
        ("bytes=-7", len(SOUND) - 7, len(SOUND)),
    ):
        answer = api.get(PATH, headers={"Range": header})
        assert answer.status_code == 206
        assert answer.content == SOUND[begin:end]
        assert answer.headers["content-range"] == f"bytes {begin}-{end - 1}/{len(SOUND)}"


def test_a_range_of_another_file_gets_the_whole_of_this_one(api: Api) -> None:
    """`If-Range` names the file that the client has the rest of."""
    tag = api.client.head(PATH).headers["etag"]
    assert api.get(PATH, headers={"Range": "bytes=0-9", "If-Range": tag}).status_code == 206
    assert api.get(PATH, headers={"Range": "bytes=0-9", "If-Range": '"other"'}).content == SOUND
    assert api.get(PATH, headers={"Range": "bytes=999999999-", "If-Range": '"other"'}).content == SOUND


def test_a_range_that_is_none_counts_for_nothing_and_one_beyond_the_end_is_a_problem(api: Api) -> None:
    """As RFC 9110 has it."""
    for header in ("bytes=9-1", "bytes=0-1,4-5", "lines=1-2"):
        assert api.get(PATH, headers={"Range": header}).content == SOUND
    refused = api.get(PATH, headers={"Range": f"bytes={len(SOUND)}-"})
    assert problem_of(refused, 416)["type"] == "urn:earmark:problem:no-such-range"
    assert refused.headers["content-range"] == f"bytes */{len(SOUND)}"


def test_audio_that_is_not_there_is_said_to_be_gone(api: Api) -> None:
    """Before there is a transcript, after a purge, and where there is no such episode."""
    job = api.add_job("waiting")
    assert "no transcript yet" in problem_of(api.get("/v1/episodes/ep_waiting/audio"), 404)["detail"]
    api.finish(job)
    assert "not kept any more" in problem_of(api.get("/v1/episodes/ep_waiting/audio"), 404)["detail"]
    problem_of(api.get("/v1/episodes/ep_nobody/audio"), 404)


def test_audio_in_a_bucket_is_served_from_a_copy(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In ranges, as from a folder; gone is gone there, too."""
    bucket = s3.new_bucket()
    with open_finished(tmp_path) as api:
        episode = api.stores.episodes.get(example_id())
        audio = api.context.views.of(episode.transcript or "").sha256
        kept = [api.stores.blobs.read(digest) for digest in (audio, episode.transcript or "")]
    for name, value in (
        ("ENDPOINT_URL", s3.address),
        ("REGION", "us-east-1"),
        ("ACCESS_KEY_ID", "key"),
        ("SECRET_ACCESS_KEY", "s"),
    ):
        monkeypatch.setenv(f"AWS_{name}", value)
    with open_api(tmp_path, blobs=f"s3://{bucket}") as api:
        there = S3Blobs(f"s3://{bucket}", tmp_path_factory.mktemp("there"), access=s3.access)
        for blob in kept:
            there.put(blob)
        assert api.get(PATH, headers={"Range": "bytes=5-9"}).content == SOUND[5:10]
        assert api.get(PATH).content == SOUND
        api.stores.blobs.remove(audio)
        problem_of(api.get(PATH), 404)
        assert "not kept here any more" in api.get(f"/episodes/{example_id()}", headers={"Accept": "text/html"}).text
