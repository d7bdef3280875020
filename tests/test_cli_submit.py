"""`earmark submit`: sources to jobs, done by a real worker over a real Redis where it is waited for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.request import JobRequest
from jobs.selection import Selection
from service.commands.submit import absolute, usual_priority
from storage.tables import jobs
from tests.commands import AUDIO, Item, Terminal, feed_of, script_of_two_sentences
from tests.webserver import Reply, WebServer
from tests.yard import Yard, open_yard
from worker.desk import BACKLOG, NEW_EPISODE


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """Lend the service in a folder, without workers."""
    with open_yard(tmp_path) as opened:
        yield opened


@pytest.fixture
def terminal(yard: Yard) -> Terminal:
    """Return the command line beside it."""
    return Terminal(yard.folder, {"EARMARK_BROKER_URL": yard.settings.broker_url})


@pytest.fixture
def scripted(tmp_path: Path) -> list[str]:
    """Return the options for engines that know the two sentences."""
    script = script_of_two_sentences(tmp_path / "two.json")
    return ["--engine", "scripted", "--model", str(script), "--diarizer", "scripted"]


@pytest.fixture
def website(webserver: WebServer) -> WebServer:
    """Return a server that has the two sentences, and a feed of them."""
    webserver.routes["/two.mp3"] = AUDIO.read_bytes()
    items = (Item(f"Part {n}", webserver.url(f"/two.mp3?{n}"), f"g{n}", f"Tue, 0{9 - n} Jan 2024 00:00:00 GMT") for n in range(8))
    webserver.routes["/feed"] = feed_of(*items)
    return webserver


def requests_of(yard: Yard) -> list[JobRequest]:
    """Return what was asked for, the newest first."""
    found = [yard.desk.stores.ledger.standing(job.id).request for job in yard.desk.stores.requests.list().items]
    return [JobRequest.model_validate_json(raw) for raw in found if raw is not None]


def column(yard: Yard, name: str) -> list[object]:
    """Return a column of all jobs."""
    with yard.desk.stores.engine.begin() as connection:
        return list(connection.execute(jobs.select().with_only_columns(jobs.c[name])).scalars())


@pytest.mark.slow
def test_a_followed_job_is_done_by_the_workers_and_shown_as_a_run_is(
    yard: Yard, terminal: Terminal, scripted: list[str], website: WebServer
) -> None:
    """Status 0 once the transcript is there; asked again it is there already."""
    yard.worker()
    followed = terminal.child("submit", website.url("/two.mp3"), "--follow", *scripted)
    assert followed.status == 0, followed.err
    assert "  download: done in " in followed.err
    assert "  transcribe part 1 of 1: done in " in followed.err
    assert followed.out.count("│ queued │") == 1
    assert followed.out.count("│ done  │") == 1
    (job,) = yard.desk.stores.requests.list().items
    assert yard.transcript(job).segments[0].text.startswith("Welcome to the show")
    again = terminal.child("submit", website.url("/two.mp3"), "--follow", "--json", *scripted)
    assert again.status == 0
    assert [event["fresh"] for event in again.events if event["event"] == "submitted"] == [False]
    assert again.events[-1]["jobs"][0]["state"] == "done"
    anew = terminal.child("submit", website.url("/two.mp3"), "--follow", "--again", "--json", *scripted)
    assert anew.status == 0
    ended = [event for event in anew.events if event["event"] == "step_ended"]
    assert ended
    assert not any(event["reused"] for event in ended[-6:])


@pytest.mark.slow
def test_following_ends_with_status_1_if_one_of_the_jobs_fails(
    yard: Yard, terminal: Terminal, scripted: list[str], website: WebServer
) -> None:
    """The others are done all the same."""
    yard.worker()
    website.routes["/bad.mp3"] = [AUDIO.read_bytes(), Reply(status=404)]
    followed = terminal.child("submit", website.url("/bad.mp3"), website.url("/two.mp3"), "--follow", "--json", *scripted)
    assert followed.status == 1
    assert [job["state"] for job in followed.events[-1]["jobs"]] == ["failed", "done"], followed.err


def test_jobs_are_kept_while_the_broker_is_away(yard: Yard, terminal: Terminal, website: WebServer) -> None:
    """The sweeper gives word of them later; the command says so and succeeds."""
    yard.redis.kill()
    ended = terminal.child("submit", website.url("/two.mp3"), "--json")
    assert ended.status == 0, ended.err
    assert "the sweeper sends them again" in ended.err
    (event,) = ended.events
    assert event["job"]["state"] == "queued"
    assert len(yard.desk.stores.queue.unannounced(since=0)) > 0


def test_the_selection_is_that_of_run_and_a_bad_source_hides_no_other(yard: Yard, terminal: Terminal, website: WebServer) -> None:
    """Each episode once, status 1 for the source that cannot be used."""
    ended = terminal.earmark(
        "submit", website.url("/feed"), website.url("/gone"), website.url("/feed"), "--latest", "3", "--json"
    )
    assert ended.status == 1
    assert [event["job"]["title"] for event in ended.events if event["event"] == "submitted"] == ["Part 0", "Part 1", "Part 2"]
    assert "source_failed" in [event["notice"]["code"] for event in ended.events if event["event"] == "noticed"]
    plain = terminal.earmark("submit", website.url("/feed"), "--episode", "Part 5")
    assert plain.status == 0
    assert "Part 5" in plain.out
    assert terminal.earmark("submit", website.url("/feed"), "--latest", "2", "--all").status == 1


@pytest.mark.parametrize(
    ("selection", "priority"),
    [
        (Selection(), NEW_EPISODE),
        (Selection(episodes=("1",)), NEW_EPISODE),
        (Selection(latest=5), NEW_EPISODE),
        (Selection(latest=6), BACKLOG),
        (Selection(all=True), BACKLOG),
    ],
)
def test_a_few_episodes_go_before_a_backlog(selection: Selection, priority: int) -> None:
    """Unless a person says otherwise."""
    assert usual_priority(selection) == priority


def test_a_model_is_named_by_its_whole_path_only_if_it_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that happens to be called like a model of the hub is not meant."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    (tmp_path / "script.json").touch()
    assert [absolute(name) for name in (None, "", "small", "someone/small", "./gone")] == [
        None, "", "small", "someone/small", "./gone",
    ]  # fmt: skip
    assert absolute("./small") == str(tmp_path / "small")
    assert absolute("script.json") == str(tmp_path / "script.json")


def test_a_priority_that_is_given_goes_to_the_job(yard: Yard, terminal: Terminal, website: WebServer) -> None:
    """And a bulk by date is a backlog."""
    terminal.earmark("submit", website.url("/two.mp3"), "--priority", "77")
    terminal.earmark("submit", website.url("/feed"), "--since", "2024-01-08")
    assert sorted(column(yard, "priority"), key=str) == [BACKLOG, BACKLOG, 77]


def test_the_environment_decides_what_is_not_given(yard: Yard, terminal: Terminal, website: WebServer, tmp_path: Path) -> None:
    """Engine, diarizer, model and the rest; a folder is named by its whole path, since workers run elsewhere."""
    terminal.more.update(EARMARK_ENGINE="pocketsphinx", EARMARK_DIARIZER="none", EARMARK_PART_SECONDS="60", EARMARK_THREADS="7")
    terminal.earmark("submit", website.url("/two.mp3"))
    terminal.earmark("submit", website.url("/two.mp3"), "--engine", "whisper", "--model", "small", "--diarizer", "resemblyzer")
    terminal.earmark("submit", website.url("/two.mp3"), "--model", f"{tmp_path}/../{tmp_path.name}")
    folder, given, usual = (request.options for request in requests_of(yard))
    assert (usual.engine, usual.diarizer, usual.part_seconds, usual.threads) == ("pocketsphinx", "none", 60, 0)
    assert (given.engine, given.model, given.diarizer) == ("whisper", "small", "resemblyzer")
    assert folder.model == str(tmp_path.resolve())


def test_notes_and_a_chapter_file_are_read_here_and_an_address_is_left_to_the_workers(
    yard: Yard, terminal: Terminal, website: WebServer, tmp_path: Path
) -> None:
    """No worker needs a file of this machine for them."""
    (tmp_path / "notes.txt").write_text("0:00 Hello\n0:05 Goodbye\n", "utf-8")
    (tmp_path / "chapters.json").write_text(
        json.dumps({"version": "1.2.0", "chapters": [{"startTime": 0, "title": "One"}, {"startTime": 4, "title": "Two"}]}),
        "utf-8",
    )
    source = website.url("/two.mp3")
    for arguments in (
        ("--notes", tmp_path / "notes.txt"),
        ("--chapters", tmp_path / "chapters.json"),
        ("--chapters", tmp_path / "notes.txt"),
        ("--chapters", website.url("/chapters.json")),
        (),
    ):
        ended = terminal.earmark("submit", source, *arguments)
        assert ended.status == 0, ended.err
    usual, linked, lines, chapters, notes = requests_of(yard)  # five jobs, for each asks for something else
    assert (notes.notes[0].field, notes.notes[0].html) == ("file", "0:00 Hello\n0:05 Goodbye\n")
    assert [[mark.title for mark in source.marks] for source in chapters.publication.chapters] == [["One", "Two"]]
    assert chapters.publication.chapters[0].kind == "file"
    assert [mark.title for mark in lines.publication.chapters[0].marks] == ["Hello", "Goodbye"]
    assert (chapters.chapters, linked.chapters) == (None, website.url("/chapters.json"))
    assert (usual.chapters, usual.notes, usual.publication.chapters) == (None, (), ())


def test_chapters_that_cannot_be_read_are_said_with_nothing_submitted(
    yard: Yard, terminal: Terminal, website: WebServer, tmp_path: Path
) -> None:
    """Not in a worker's log an hour later."""
    (tmp_path / "empty.txt").write_text("nothing here", "utf-8")
    for arguments, words in (
        (("--chapters", tmp_path / "empty.txt"), "There are no chapters in"),
        (("--chapters", tmp_path / "missing.txt"), "cannot be read"),
        (("--notes", tmp_path / "missing.txt"), "cannot be read"),
        (("--webhook", "ftp://example.com/"), "is not an address for a webhook"),
    ):
        ended = terminal.earmark("submit", website.url("/two.mp3"), *arguments)
        assert (ended.status, words in ended.err) == (1, True), ended.err
    several = terminal.earmark("submit", website.url("/feed"), "--all", "--notes", Path(__file__))
    assert "belong to one episode, and 8 are chosen" in several.err
    assert yard.desk.stores.requests.list().items == ()


@pytest.mark.slow
def test_chapters_from_a_file_are_in_the_transcript(
    yard: Yard, terminal: Terminal, scripted: list[str], website: WebServer, tmp_path: Path
) -> None:
    """Chosen before everything that the publisher printed."""
    yard.worker()
    (tmp_path / "mine.txt").write_text("0:00 Mine\n0:04 Also mine\n", "utf-8")
    ended = terminal.child("submit", website.url("/two.mp3"), "--chapters", tmp_path / "mine.txt", "--follow", *scripted)
    assert ended.status == 0, ended.err
    (job,) = yard.desk.stores.requests.list().items
    transcript = yard.transcript(job)
    assert [chapter.title for chapter in transcript.chapters] == ["Mine", "Also mine"]
    assert [source.kind for source in transcript.chapter_sources if source.chosen] == ["file"]


def test_the_secret_of_a_webhook_is_printed_once_and_kept_with_the_job(
    yard: Yard, terminal: Terminal, website: WebServer
) -> None:
    """Asked for again, the job is the one from before, and the webhook has the secret that was told last."""
    first = terminal.earmark("submit", website.url("/two.mp3"), "--webhook", "https://example.com/hook")
    (kept,) = column(yard, "webhook")
    webhook = json.loads(str(kept))
    assert webhook["url"] == "https://example.com/hook"
    assert f"Secret of the webhook, shown this once: {webhook['secret']}" in first.out
    again = terminal.earmark("submit", website.url("/two.mp3"), "--webhook", "https://example.com/hook")
    (kept,) = column(yard, "webhook")
    assert json.loads(str(kept))["secret"] != webhook["secret"]
    assert f"Secret of the webhook, shown this once: {json.loads(str(kept))['secret']}" in again.out
    assert "its end is not told" not in again.err
    (told,) = (
        event
        for event in terminal.earmark("submit", website.url("/feed"), "--webhook", "https://example.com/2", "--json").events
        if event["event"] == "webhook"
    )
    assert told["secret"].startswith("whsec_")


@pytest.mark.slow
def test_a_file_of_this_machine_is_named_by_its_address(yard: Yard, terminal: Terminal, scripted: list[str]) -> None:
    """Workers on this machine read it there."""
    yard.worker()
    ended = terminal.child("submit", AUDIO, "--follow", "--json", *scripted)
    assert ended.status == 0, ended.err
    (request,) = requests_of(yard)
    assert request.publication.episode.audio_url == AUDIO.resolve().as_uri()
    assert yard.transcript(yard.desk.stores.requests.list().items[0]).audio.bytes == AUDIO.stat().st_size
