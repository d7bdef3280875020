"""The client of one file, against the real API and against servers that misbehave."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from service.client import Client, Format
from storage.documents import Speaker, Transcript
from storage.errors import (
    Cancelled,
    Conflict,
    Forbidden,
    JobFailed,
    LedgerUnavailable,
    NetworkError,
    NotFound,
    OptionError,
    QueryInvalid,
    ServerError,
    SourceError,
)
from storage.export import FORMATS
from tests import transcripts
from tests.apiserver import Api, open_api
from tests.commands import REPOSITORY, Item, feed_of
from tests.voices import Speakers, add
from tests.webserver import Reply, Request, WebServer

SAID = "The interest rates rise."


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """One API with a few transcribed episodes."""
    with open_api(tmp_path_factory.mktemp("client")) as running:
        for number in range(5):
            name = f"ep_{number}"
            chapters = [transcripts.chapter("Money", 0, 5, (0, 1))]
            job = running.add_job(f"{number}", title=f"Number {number}")
            made = transcripts.transcript([transcripts.segment(SAID)], chapters, id=name, title=f"Number {number}")
            running.finish(job, made)
            running.stores.indexer.refresh(name)
        yield running


@pytest.fixture
def earmark(api: Api) -> Iterator[Client]:
    """A client of it that never waits."""
    with Client(api.url, sleep=lambda _: None) as client:
        yield client


# ------------------------------------------------------------------ what it asks for


def test_lists_go_on_from_page_to_page_by_themselves(api: Api, earmark: Client) -> None:
    """With the filters of the first."""
    assert [episode.id for episode in earmark.episodes(limit=2, transcribed=True)] == [f"ep_{n}" for n in (4, 3, 2, 1, 0)]
    assert [job.title for job in earmark.jobs(limit=1, state=["done"], query="number")] == [
        f"Number {n}" for n in (4, 3, 2, 1, 0)
    ]
    assert [episode.title for episode in earmark.episodes(query="number 3")] == ["Number 3"]


def test_a_transcript_comes_typed_and_in_every_format(api: Api, earmark: Client) -> None:
    """The same as the server has it."""
    transcript = earmark.transcript("ep_1")
    assert isinstance(transcript, Transcript)
    assert [chapter.title for chapter in transcript.chapters] == ["Money"]
    for name, entry in FORMATS.items():
        assert earmark.transcript_as("ep_1", cast("Format", name)) == entry.render(transcript)
    assert earmark.episode("ep_1").transcribed_at is not None


def test_a_search_yields_moments(earmark: Client) -> None:
    """Page after page."""
    found = list(earmark.search('"interest rates" chapter:money', limit=2))
    assert {moment.episode_id for moment in found} == {f"ep_{n}" for n in range(5)}
    assert (found[0].sentence, found[0].chapter, found[0].speaker) == (SAID, "Money", "Ann Other")


def test_a_feed_is_submitted_with_a_selection_and_options(tmp_path: Path) -> None:
    """Jobs are followed, cancelled, and set going again."""
    dates = [datetime(2024, 5, day, tzinfo=UTC) for day in (1, 2, 3)]
    items = [
        Item(f"E{n}", f"https://a.example/{n}.mp3", f"g{n}", day.strftime("%a, %d %b %Y %H:%M:%S +0000"))
        for n, day in enumerate(dates)
    ]
    with open_api(tmp_path) as own, WebServer() as web, Client(own.url) as earmark:
        web.routes["/feed.xml"] = feed_of(*items)
        url = web.url("/feed.xml")
        made = earmark.submit(url, since=date(2024, 5, 2), options={"language": "en"}, priority=3)
        assert [job.title for job in made.jobs] == ["E2", "E1"]
        assert made.fresh == tuple(job.id for job in made.jobs)
        assert earmark.submit(url, latest=1, options={"language": "en"}).fresh == ()
        assert len(earmark.submit(url, all=True, options={"language": "en"}).jobs) == 3
        assert [job.title for job in earmark.submit(url, episodes=["E0"], options={"language": "en"}).jobs] == ["E0"]
        job = made.jobs[0]
        assert (earmark.job(job.id).priority, earmark.job(job.id).steps[0].state) == (3, "queued")
        assert earmark.cancel(job.id).state == "cancelled"
        with pytest.raises(Cancelled, match="by a person"):
            earmark.wait(job.id)
        assert earmark.retry(job.id).state == "queued"
        own.stores.requests.failed(job.id, "no sound in it")
        with pytest.raises(JobFailed, match="no sound in it"):
            earmark.wait(job.id)
        watched = earmark.watch(url, every=3600)
        assert [(feed.url, feed.every) for feed in earmark.feeds()] == [(url, 3600.0)]
        earmark.unwatch(watched.id)
        assert list(earmark.feeds()) == []


def test_waiting_ends_with_the_job_and_hears_of_everything_meanwhile(api: Api) -> None:
    """From its beginning."""
    job = api.add_job("waits")
    heard: list[str] = []
    with Client(api.url) as earmark:

        def told(event: Any) -> None:
            heard.append(event.kind)
            if event.kind == "job.queued":
                api.finish(job)

        assert earmark.wait(job, told).state == "done"
    assert (heard[0], heard[-1]) == ("job.queued", "job.done")


# ------------------------------------------------------------------ speakers


def test_speakers_are_named_merged_split_and_forgotten(tmp_path: Path) -> None:
    """As the API has it."""
    with open_api(tmp_path) as own, Client(own.url) as earmark:
        people = Speakers()
        for number in (1, 2):
            kept = add(own.stores.memory, number, people.episode("Ann", f"guest {number}"))
            told = [
                Speaker(label=f"Speaker {n}", voice=sample.voice_id, voice_sample=sample.id)
                for n, sample in enumerate(kept.values(), start=1)
            ]
            made = transcripts.transcript([transcripts.segment("Hello.")], speakers=told, id=f"ep_{number}")
            own.finish(own.add_job(str(number)), made)
        (show,) = earmark.shows()
        first, second = list(earmark.speakers(show.id))[:2]
        assert earmark.rename(show.id, first.id, "Nathan Lambert").name == "Nathan Lambert"
        assert "Nathan Lambert" in earmark.transcript_as("ep_2", "json")
        merged = earmark.merge(show.id, first.id, [second.id])
        assert merged.episode_count == max(first.episode_count, second.episode_count)
        voices = {speaker.id for speaker in earmark.speakers(show.id)}
        assert second.id not in voices
        episode = own.stores.memory.get(first.id).episodes[0]
        assert earmark.split(show.id, first.id, [episode]).id not in voices
        earmark.forget(show.id, first.id)
        assert first.id not in {speaker.id for speaker in earmark.speakers(show.id)}


# ------------------------------------------------------------------ what goes wrong


def test_problems_are_the_errors_that_the_server_met(api: Api, earmark: Client) -> None:
    """With what to do about it."""
    with pytest.raises(NotFound, match="no job nothing") as missing:
        earmark.job("nothing")
    assert missing.value.hint
    with pytest.raises(QueryInvalid) as query:
        list(earmark.search("show:"))
    assert query.value.hint
    with pytest.raises(OptionError):
        earmark.submit("ftp://a.example/")
    with pytest.raises(NotFound, match="no transcript yet"):
        earmark.transcript(api.stores.requests.get(api.add_job("untold")).episode_id)
    with pytest.raises(Conflict):
        earmark.retry(api.stores.ledger.open_job("ep_by_hand", "options", "By hand").id)


def test_a_wrong_token_is_forbidden(tmp_path: Path) -> None:
    """And the right one is not."""
    with open_api(tmp_path, require_token=True) as own:
        with Client(own.url) as nobody, pytest.raises(Forbidden, match="token is needed"):
            list(nobody.jobs())
        with Client(own.url, own.context.tokens.create("me")[1]) as me:
            assert list(me.jobs()) == []


def test_what_is_no_earmark_server_says_so() -> None:
    """Whatever it answers."""
    with WebServer() as web, Client(web.url("/")) as earmark:
        with pytest.raises(NotFound) as missing:
            earmark.job("x")
        assert "earmark server" in missing.value.hint
        web.routes["/v1/jobs/x"] = b"<html>"
        with pytest.raises(SourceError, match="no JSON"):
            earmark.job("x")
        web.routes["/v1/jobs/x"] = b"{}"
        with pytest.raises(SourceError, match="JobDetail cannot be read"):
            earmark.job("x")


def test_where_nobody_listens_it_gives_up_after_so_many_tries() -> None:
    """With longer and longer waits."""
    waits: list[float] = []
    with (
        Client("http://127.0.0.1:1", tries=4, sleep=waits.append) as earmark,
        pytest.raises(NetworkError, match="did not answer"),
    ):
        list(earmark.jobs())
    assert [0.5 * 2**n <= wait <= 2**n for n, wait in enumerate(waits)] == [True, True, True]


def busy(seconds: float) -> Reply:
    told = {"type": "urn:earmark:problem:ledger-unavailable", "detail": "Not now.", "status": 503, "retry_after": seconds}
    return Reply(json.dumps(told).encode(), status=503, headers={"Content-Type": "application/problem+json"})


def test_a_busy_server_is_asked_again_when_it_says() -> None:
    """Where that does no harm."""
    waits: list[float] = []
    with WebServer() as web, Client(web.url("/"), sleep=waits.append) as earmark:
        web.routes["/v1/feeds"] = [busy(7), busy(1000), b'{"items": [], "next": null}']
        assert list(earmark.feeds()) == []
        assert waits == [7, 60]
        web.routes["/v1/shows/s/speakers/v/merge"] = busy(7)
        with pytest.raises(LedgerUnavailable, match="Not now"):
            earmark.merge("s", "v", ["w"])
        assert len(web.asked("/v1/shows/s/speakers/v/merge")) == 1


def test_a_submission_that_is_sent_again_keeps_its_key() -> None:
    """So that nothing is asked for twice; another submission has another."""
    taken = b'{"jobs": [], "fresh": [], "webhook_secret": null, "notices": [], "failures": []}'
    with WebServer() as web, Client(web.url("/"), sleep=lambda _: None) as earmark:
        web.routes["/v1/jobs"] = [Reply(b"x", drop_after=0, raw=()), busy(0), Reply(taken), Reply(taken)]
        earmark.submit("https://a.example/1.mp3")
        earmark.submit("https://a.example/1.mp3")
        keys = [request.headers["idempotency-key"] for request in web.asked("/v1/jobs")]
    assert len(keys) == 4
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]


def test_what_may_have_been_done_is_not_sent_again() -> None:
    """If the answer was lost, nobody knows."""
    with WebServer() as web, Client(web.url("/"), sleep=lambda _: None) as earmark:
        web.routes["/v1/shows/s/speakers/v/split"] = Reply(raw=())
        with pytest.raises(NetworkError):
            earmark.split("s", "v", ["e"])
        assert len(web.asked("/v1/shows/s/speakers/v/split")) == 1


def test_a_broken_stream_is_taken_up_where_it_broke() -> None:
    """With the id of the last event that came whole; progress has none."""
    events = [f'id: {n}\nevent: step.done\ndata: {{\ndata: "n": {n}}}\n\n' for n in range(1, 6)]
    progress = 'event: progress\ndata: {"progress": 0.5}\n\n'

    def stream(request: Request) -> Reply:
        seen = int(request.headers.get("last-event-id", "0"))
        if seen == 5:
            return Reply(status=204)
        some = ": still here\n\n" + "".join(events[seen : seen + 2]) + progress
        cut = some.encode() + b'id: 99\nevent: step.done\ndata: {"n'
        return Reply([cut], headers={"Content-Type": "text/event-stream"})

    with WebServer() as web, Client(web.url("/"), sleep=lambda _: None) as earmark:
        web.routes["/v1/jobs/j/events"] = stream
        seen = [event.data["n"] for event in earmark.follow("j") if event.kind == "step.done"]
        assert seen == [1, 2, 3, 4, 5]
        assert [request.headers.get("last-event-id") for request in web.asked("/v1/jobs/j/events")] == [None, "2", "4", "5"]


def test_a_stream_that_only_fails_is_given_up() -> None:
    """After as many tries as any other request."""
    with WebServer() as web, Client(web.url("/"), tries=3, sleep=lambda _: None) as earmark:
        web.routes["/v1/jobs/j/events"] = busy(0)
        with pytest.raises(LedgerUnavailable, match="Not now"):
            list(earmark.follow("j"))
        assert len(web.asked("/v1/jobs/j/events")) == 3
        web.routes["/v1/jobs/j/events"] = Reply(status=500)
        with pytest.raises(ServerError):
            list(earmark.follow("j"))


def test_a_list_that_leads_elsewhere_is_followed_on_this_server_alone(api: Api) -> None:
    """The token goes nowhere else."""
    with WebServer() as web, WebServer() as other, Client(web.url("/"), token="secret", sleep=lambda _: None) as earmark:
        web.routes["/v1/feeds"] = json.dumps({"items": [], "next": other.url("/v1/feeds")}).encode()
        with pytest.raises(SourceError, match="leads elsewhere"):
            list(earmark.feeds())
        assert other.requests == []


# ------------------------------------------------------------------ the file itself


def test_nothing_of_the_server_is_imported() -> None:
    """A program that only asks needs neither the server's libraries nor those of speech."""
    tree = ast.parse((REPOSITORY / "service" / "client.py").read_text("utf-8"))
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in names if name and name.partition(".")[0] in {"service", "worker", "jobs", "storage"}} == {
        "storage", "storage.documents", "storage.errors",
    }  # fmt: skip
    heavy = "{'fastapi', 'starlette', 'sqlalchemy', 'celery', 'av', 'numpy', 'lxml'}"
    code = f"import sys, service.client; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    assert done.stdout.strip() == "[]"


def test_the_example_of_the_readme_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As it is printed, but for the addresses."""
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    found = re.search(r"```python\n(from service\.client import Client\n.*?)```", readme, re.DOTALL)
    assert found is not None
    audio = "https://cdn.example/1.mp3"
    with open_api(tmp_path) as own, WebServer() as web:
        web.routes["/feed.xml"] = feed_of(Item("One", audio, "g"), title="The Show")
        code = found[1].replace("http://127.0.0.1:8000", own.url).replace("https://example.com/feed.xml", web.url("/feed.xml"))
        worker = threading.Thread(target=_done_soon, args=(own,))
        worker.start()
        exec(compile(code, "README.md", "exec"), {})
        worker.join()
    out = capsys.readouterr().out
    assert "Money" in out
    assert SAID in out
    assert "WEBVTT" in out


def _done_soon(api: Api) -> None:
    """Do the work of a worker for the first job that comes."""
    while not (jobs := api.stores.requests.list().items):
        threading.Event().wait(0.02)
    made = transcripts.transcript(
        [transcripts.segment(SAID)], [transcripts.chapter("Money", 0, 5, (0, 1))], id=jobs[0].episode_id
    )
    digest = api.stores.blobs.put(made.model_dump_json(by_alias=True).encode())
    api.stores.requests.done(jobs[0].id, digest)
    api.stores.indexer.refresh(jobs[0].episode_id)
