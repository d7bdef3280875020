"""`earmark run` from the outside: sources, selection, outputs, and every bad input that a person may meet."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from jobs.audio import decode
from jobs.pcm import Pcm
from storage.presence import Presence
from storage.schema import transcript_schema
from tests.commands import AUDIO, Finished, Item, Terminal, feed_of, script_of_two_sentences
from tests.recordings import Sound, music, silence, write_audio
from tests.webserver import Reply, WebServer, redirect
from tests.workshop import EXAMPLES, SCRIPT, true_words

SUFFIXES = (".chapters.json", ".md", ".podcast.json", ".psc.xml", ".srt", ".transcript.json", ".vtt")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Return the command line with folders of its own."""
    return Terminal(tmp_path)


@pytest.fixture
def scripted(tmp_path: Path) -> list[str]:
    """Return the options for engines that know the two sentences."""
    script = script_of_two_sentences(tmp_path / "two.json")
    return ["--engine", "scripted", "--model", str(script), "--diarizer", "scripted"]


@pytest.fixture
def website(webserver: WebServer) -> WebServer:
    """Return a server that has the two sentences."""
    webserver.routes["/two.mp3"] = AUDIO.read_bytes()
    return webserver


def transcripts(finished: Finished) -> list[dict[str, object]]:
    """Return the documents that a run with --json wrote; each must be valid."""
    documents = [json.loads(Path(row["transcript"]).read_text("utf-8")) for row in finished.summary if row["transcript"]]
    for document in documents:
        jsonschema.validate(document, transcript_schema())
    return documents


# --- sources ------------------------------------------------------------------------------------------------------


def test_an_audio_address_becomes_a_transcript_in_every_usual_format(
    terminal: Terminal, scripted: list[str], website: WebServer
) -> None:
    """One command, exit status 0, the path at the end, an index beside."""
    ended = terminal.earmark("run", website.url("/two.mp3"), *scripted)
    assert ended.status == 0, ended.err
    assert terminal.written() == sorted([*(f"Single episodes/two{suffix}" for suffix in SUFFIXES), "index.json"])
    assert ended.out.rstrip().splitlines()[-1] == str(terminal.output / "Single episodes" / "two.transcript.json")
    document = json.loads((terminal.output / "Single episodes" / "two.transcript.json").read_text("utf-8"))
    jsonschema.validate(document, transcript_schema())
    assert " ".join(segment["text"] for segment in document["segments"]).startswith("Welcome to the show, today we talk")
    assert [speaker["label"] for speaker in document["speakers"]] == ["Speaker 1", "Speaker 2"]


def test_a_second_run_does_no_work_and_says_so(terminal: Terminal, scripted: list[str], website: WebServer) -> None:
    """Nothing is fetched again either."""
    terminal.earmark("run", website.url("/two.mp3"), *scripted)
    asked = len(website.asked("/two.mp3"))
    ended = terminal.earmark("run", website.url("/two.mp3"), *scripted)
    assert (ended.status, "already done" in ended.out) == (0, True)
    assert len(re.findall(r": already done", ended.err)) == 6
    assert len(website.asked("/two.mp3")) - asked == 1  # to see that it is audio, not a page
    forced = terminal.earmark("run", website.url("/two.mp3"), "--force", *scripted)
    assert (forced.status, "already done" in forced.err) == (0, False)


@pytest.mark.parametrize("as_address", [False, True])
def test_a_local_file_is_a_source(as_address: bool, terminal: Terminal, scripted: list[str]) -> None:
    """By path or as file: address."""
    ended = terminal.earmark("run", AUDIO.as_uri() if as_address else AUDIO, "--json", *scripted)
    assert ended.status == 0
    (document,) = transcripts(ended)
    assert document["episode"]["title"] == "two sentences"  # type: ignore[index]


def test_a_local_feed_file_brings_audio_chapters_and_notes_from_its_folder(terminal: Terminal) -> None:
    """The example, all of its sources, from the disk."""
    ended = terminal.earmark(
        "run", EXAMPLES / "feed.xml", "--engine", "scripted", "--model", SCRIPT, "--diarizer", "none", "--json"
    )
    assert ended.status == 0
    (document,) = transcripts(ended)
    found = {source["kind"] for source in document["chapter_sources"] if source["status"] == "found"}  # type: ignore[attr-defined]
    assert found == {"embedded", "podcast_json", "psc", "show_notes"}
    assert len(document["chapters"]) == 7  # type: ignore[arg-type]
    assert document["speakers"] == []
    index = json.loads((terminal.output / "index.json").read_text("utf-8"))
    (entry,) = index["episodes"]
    assert [chapter["title"] for chapter in entry["chapters"]] == [c["title"] for c in document["chapters"]]  # type: ignore[attr-defined]
    assert entry["words"] == len(true_words())
    assert all((terminal.output / name).is_file() for name in entry["files"].values())


def test_a_page_leads_to_its_episode(terminal: Terminal, scripted: list[str], website: WebServer) -> None:
    """By its link in the feed that the page announces; a show's page gives the newest."""
    items = [
        Item("New", website.url("/two.mp3"), "n", "Tue, 02 Jan 2024 00:00:00 GMT"),
        Item(
            "Old", website.url("/two.mp3?old"), "o", "Mon, 01 Jan 2024 00:00:00 GMT", more=f"<link>{website.url('/old')}</link>"
        ),
    ]
    website.routes["/feed"] = feed_of(*items)
    head = f'<link rel="alternate" type="application/rss+xml" href="{website.url("/feed")}">'
    page = Reply(f"<!DOCTYPE html><html><head>{head}<title>Old</title></head><body>…</body></html>".encode())
    website.routes["/old"] = page
    website.routes["/show"] = Reply(f"<!DOCTYPE html><html><head>{head}<title>A show</title></head></html>".encode())
    assert [row["title"] for row in terminal.earmark("run", website.url("/old"), "--json", *scripted).summary] == ["Old"]
    assert [row["title"] for row in terminal.earmark("run", website.url("/show"), "--json", *scripted).summary] == ["New"]


def test_a_page_without_a_feed_gives_its_own_audio(terminal: Terminal, scripted: list[str], website: WebServer) -> None:
    """An `<audio>` element is enough."""
    html = f'<html><head><title>A talk</title></head><body><audio src="{website.url("/two.mp3")}"></audio></body></html>'
    website.routes["/talk"] = html.encode()
    ended = terminal.earmark("run", website.url("/talk"), "--json", *scripted)
    assert [(row["title"], row["state"]) for row in ended.summary] == [("A talk", "done")]


def test_an_opml_list_gives_the_newest_of_each_feed_and_one_bad_feed_hides_no_other(
    terminal: Terminal, scripted: list[str], website: WebServer, tmp_path: Path
) -> None:
    """Status 1 for the bad one, transcripts for the others."""
    for name in "ab":
        website.routes[f"/{name}"] = feed_of(Item(f"Episode {name}", website.url(f"/two.mp3?{name}"), name), title=f"Show {name}")
    outlines = "".join(f'<outline type="rss" text="{name}" xmlUrl="{website.url(f"/{name}")}"/>' for name in ("a", "gone", "b"))
    listed = tmp_path / "list.opml"
    listed.write_text(f'<opml version="2.0"><head/><body>{outlines}</body></opml>', "utf-8")
    ended = terminal.earmark("run", listed, "--json", *scripted)
    assert ended.status == 1
    assert [(row["title"], row["state"]) for row in ended.summary] == [
        ("Episode a", "done"),
        (website.url("/gone"), "failed"),
        ("Episode b", "done"),
    ]
    assert "404" in ended.summary[1]["error"]


# --- selection ----------------------------------------------------------------------------------------------------


@pytest.fixture
def serial(website: WebServer) -> str:
    """Return the address of a feed of four episodes, the newest first."""
    items = [Item(f"Number {n}", website.url(f"/two.mp3?{n}"), f"guid-{n}", f"0{n} Jan 2024 00:00:00 GMT") for n in (4, 3, 2, 1)]
    website.routes["/serial"] = feed_of(*items)
    return website.url("/serial")


@pytest.mark.parametrize(
    ("options", "titles"),
    [
        ([], ["Number 4"]),
        (["--latest", "2"], ["Number 4", "Number 3"]),
        (["--since", "2024-01-03"], ["Number 4", "Number 3"]),
        (["--episode", "2"], ["Number 3"]),
        (["--episode", "Number 1", "--episode", "guid-2"], ["Number 1", "Number 2"]),
        (["--all"], ["Number 4", "Number 3", "Number 2", "Number 1"]),
    ],
)
def test_selection(options: list[str], titles: list[str], terminal: Terminal, scripted: list[str], serial: str) -> None:
    """Every way to say which episodes, and the newest without any."""
    ended = terminal.earmark("run", serial, "--json", *options, *scripted)
    assert ended.status == 0
    assert sorted(row["title"] for row in ended.summary) == sorted(titles)
    said = [event["notice"]["code"] for event in ended.events if event["event"] == "noticed"]
    assert ("newest_chosen" in said) == (not options)


def test_a_selection_that_fits_nothing_is_an_error(terminal: Terminal, scripted: list[str], serial: str) -> None:
    """It says what there is instead."""
    ended = terminal.earmark("run", serial, "--episode", "Nunber 77 of something", "--json", *scripted)
    assert ended.status == 1
    assert "Nunber 77" in ended.summary[0]["error"]
    assert terminal.written() == []


def test_one_episode_asked_for_twice_is_done_once(terminal: Terminal, scripted: list[str], serial: str) -> None:
    """The same source, or another that leads there."""
    ended = terminal.earmark("run", serial, serial, "--json", *scripted)
    assert [row["title"] for row in ended.summary] == ["Number 4"]


def test_chapters_for_several_episodes_are_refused(terminal: Terminal, scripted: list[str], serial: str) -> None:
    """They belong to one."""
    ended = terminal.earmark("run", serial, "--all", "--chapters", EXAMPLES / "chapters.json", *scripted)
    assert (ended.status, "--episode" in ended.err) == (1, True)


# --- what the network and the publisher do wrong ------------------------------------------------------------------

LOOP = "/loop.mp3"
BAD_AUDIO: dict[str, tuple[Reply, str]] = {
    "404": (Reply(status=404), r"404"),
    "403": (Reply(status=403), r"403"),
    "429": (Reply(status=429, headers={"Retry-After": "7200"}), r"429.*(2 hours|7200|120 min)"),
    "redirect loop": (redirect(LOOP), r"redirect"),
    "html": (Reply(b"<!DOCTYPE html><html><body>Log in</body></html>"), r"page"),
    "playlist": (Reply(b"#EXTM3U\n#EXT-X-VERSION:3\nsegment0.ts\n"), r"playlist"),
    "empty": (Reply(b""), r"empty|no bytes|nothing"),
    "truncated": (Reply(AUDIO.read_bytes()[:200]), r"decode|cut off|broken"),
    "image": (Reply(b"\x89PNG\r\n\x1a\n" + b"\0" * 64), r"PNG|image"),
}


@pytest.mark.parametrize("what", BAD_AUDIO)
def test_bad_audio_is_named_and_costs_no_other_episode(
    what: str, terminal: Terminal, scripted: list[str], website: WebServer
) -> None:
    """The error says what is wrong with which address and what to do; the other episode is written, nothing half-made is."""
    reply, said = BAD_AUDIO[what]
    website.routes[LOOP] = reply
    items = [Item("Bad one", website.url(LOOP), "bad"), Item("Good one", website.url("/two.mp3"), "good")]
    website.routes["/feed"] = feed_of(*items)
    ended = terminal.earmark("run", website.url("/feed"), "--all", "--json", *scripted)
    assert ended.status == 1
    rows = {row["title"]: row for row in ended.summary}
    assert (rows["Bad one"]["state"], rows["Good one"]["state"]) == ("failed", "done")
    error = rows["Bad one"]["error"]
    assert re.search(said, error, re.IGNORECASE), error
    assert website.url(LOOP) in error or "loop.mp3" in error, error
    assert error.count(".") >= 2, f"no word on what to do: {error}"
    assert all("Good one" in name or name == "index.json" for name in terminal.written())
    assert list((terminal.data / "blobs" / "tmp").glob("*")) == []


def test_audio_that_came_broken_is_fetched_again_by_the_next_run(
    terminal: Terminal, scripted: list[str], website: WebServer
) -> None:
    """What was cut off on its way is not kept for good."""
    website.routes["/feed"] = feed_of(Item("Flaky", website.url("/flaky.mp3"), "f"))
    website.routes["/flaky.mp3"] = [Reply(AUDIO.read_bytes()[:200]), AUDIO.read_bytes()]
    assert terminal.earmark("run", website.url("/feed"), *scripted).status == 1
    ended = terminal.earmark("run", website.url("/feed"), "--json", *scripted)
    assert [(row["state"], row["words"]) for row in ended.summary] == [("done", 25)]


def test_audio_whose_end_is_missing_is_transcribed_as_far_as_it_goes(
    terminal: Terminal, scripted: list[str], website: WebServer
) -> None:
    """It says that the file is shorter than published."""
    website.routes["/cut.mp3"] = AUDIO.read_bytes()[:36_000]
    website.routes["/feed"] = feed_of(Item("Cut", website.url("/cut.mp3"), "c", more="<itunes:duration>60</itunes:duration>"))
    ended = terminal.earmark("run", website.url("/feed"), "--json", *scripted)
    assert ended.status == 0
    assert "shorter_than_published" in [notice["code"] for notice in ended.summary[0]["warnings"]]
    assert 0 < ended.summary[0]["words"] < 25


@pytest.mark.parametrize("what", ["silence", "music"])
def test_a_file_without_speech_is_a_valid_transcript_without_words_but_with_chapters(
    what: str, terminal: Terminal, scripted: list[str], tmp_path: Path
) -> None:
    """Its chapters are kept, and that nothing was heard is said."""
    path = write_audio(tmp_path / "quiet.mp3", silence(12.0) if what == "silence" else music(12.0))
    chapters = tmp_path / "chapters.txt"
    chapters.write_text("0:00 Nothing\n0:06 Nothing more\n", "utf-8")
    ended = terminal.earmark("run", path, "--chapters", chapters, "--json", *scripted)
    assert ended.status == 0
    (document,) = transcripts(ended)
    assert (document["segments"], document["speakers"], document["language"]) == ([], [], None)
    assert [chapter["title"] for chapter in document["chapters"]] == ["Nothing", "Nothing more"]  # type: ignore[attr-defined]
    assert "no_speech" in [notice["code"] for notice in document["warnings"]]  # type: ignore[attr-defined]


LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b']><rss version="2.0"><channel><title>&j;</title></channel></rss>'
)
BAD_FEEDS: dict[str, tuple[bytes, str]] = {
    "not XML": (b"{'this': 'is no feed'}", r"feed"),
    "text": (b"Hello", r"feed"),
    "other XML": (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', r"feed|image"),
    "broken": (b'<?xml version="1.0"?><rss version="2.0"><channel><title>Half', r"episode|feed|item"),
    "empty": (b"", r"feed|empty"),
    "no enclosures": (feed_of(Item("A post"), Item("Another")), r"audio"),
    "images": (feed_of(Item("A comic", "http://127.0.0.1:9/a.png", media_type="image/png")), r"audio"),
    "billion laughs": (LAUGHS, r"entit|DTD|DOCTYPE|laugh"),
}


@pytest.mark.parametrize("what", BAD_FEEDS)
def test_a_bad_feed_is_named_and_costs_no_other_source(
    what: str, terminal: Terminal, scripted: list[str], website: WebServer
) -> None:
    """Its error says what is wrong and what to do; the good source is done."""
    body, said = BAD_FEEDS[what]
    website.routes["/bad"] = body
    ended = terminal.earmark("run", website.url("/bad"), website.url("/two.mp3"), "--json", *scripted)
    assert ended.status == 1
    bad, good = ended.summary
    assert (bad["state"], good["state"]) == ("failed", "done")
    assert re.search(said, bad["error"], re.IGNORECASE), bad["error"]
    assert website.url("/bad") in bad["error"], bad["error"]
    assert bad["error"].count(".") >= 2, f"no word on what to do: {bad['error']}"


def test_items_without_guid_or_date_are_episodes(terminal: Terminal, scripted: list[str], website: WebServer) -> None:
    """The address of the audio tells them apart, and the next run knows them again."""
    website.routes["/feed"] = feed_of(Item("One", website.url("/two.mp3?1")), Item("Two", website.url("/two.mp3?2")))
    first = terminal.earmark("run", website.url("/feed"), "--all", "--json", *scripted)
    assert [(row["title"], row["state"]) for row in first.summary] == [("One", "done"), ("Two", "done")]
    again = terminal.earmark("run", website.url("/feed"), "--all", "--json", *scripted)
    assert [row["state"] for row in again.summary] == ["already done", "already done"]
    assert [row["transcript"] for row in again.summary] == [row["transcript"] for row in first.summary]


def test_two_items_with_one_guid_are_both_kept(terminal: Terminal, scripted: list[str], website: WebServer) -> None:
    """Two recordings are two episodes, whatever their guids say, and each has its own files."""
    website.routes["/feed"] = feed_of(
        Item("One", website.url("/two.mp3?1"), "same"), Item("Two", website.url("/two.mp3?2"), "same")
    )
    ended = terminal.earmark("run", website.url("/feed"), "--all", "--json", *scripted)
    assert [(row["title"], row["state"]) for row in ended.summary] == [("One", "done"), ("Two", "done")]
    assert len({row["transcript"] for row in ended.summary}) == 2


@pytest.mark.parametrize("duration", ["0", "999:59:59", "-5", "soon", "1:2:3:4"])
def test_a_wrong_duration_is_no_obstacle(duration: str, terminal: Terminal, scripted: list[str], website: WebServer) -> None:
    """The length is measured."""
    more = f"<itunes:duration>{duration}</itunes:duration>"
    website.routes["/feed"] = feed_of(Item("Timed", website.url("/two.mp3"), "t", more=more))
    ended = terminal.earmark("run", website.url("/feed"), "--json", *scripted)
    assert ended.status == 0
    assert ended.summary[0]["duration"] == pytest.approx(10.47, abs=0.1)


@pytest.mark.parametrize("body", [b"{", b'{"version": "1.2.0"}', b"<html></html>", b'{"chapters": [{"startTime": "x"}]}'])
def test_a_broken_chapters_file_is_said_and_the_episode_done(
    body: bytes, terminal: Terminal, scripted: list[str], website: WebServer
) -> None:
    """Nobody can tell whether it has chapters, and that is what the transcript says."""
    website.routes["/chapters.json"] = body
    more = f'<podcast:chapters url="{website.url("/chapters.json")}" type="application/json+chapters"/>'
    website.routes["/feed"] = feed_of(Item("Chaptered", website.url("/two.mp3"), "c", more=more))
    ended = terminal.earmark("run", website.url("/feed"), "--json", *scripted)
    assert ended.status == 0
    (document,) = transcripts(ended)
    (source,) = [source for source in document["chapter_sources"] if source["kind"] == "podcast_json"]  # type: ignore[attr-defined]
    assert source["status"] in {"unknown", "none"}
    assert source["reason"]
    assert ended.summary[0]["warnings"]


# --- what the person does wrong -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "nowhere.mp3"], r"no file nowhere\.mp3.*(path|address)"),
        (["run", "podcasts.example.com/feed"], r"https://podcasts\.example\.com/feed"),
        (["run", "ftp://example.com/a.mp3"], r"ftp://example\.com/a\.mp3.*http"),
        (["run", "http://[::1"], r"http://\[::1 is not an address"),
        (["run", "a" * 5000], r"no file aaa"),
        (["run", "/dev/null"], r"/dev/null is a device"),
        (["run", "."], r"is a folder"),
    ],
)
def test_a_source_that_is_none_is_named(arguments: list[str], said: str, terminal: Terminal, scripted: list[str]) -> None:
    """Without a traceback."""
    ended = terminal.earmark(*arguments, "--json", *scripted)
    assert ended.status == 1
    assert re.search(said, ended.summary[0]["error"]), ended.summary[0]["error"]
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["--engine", "whisper", "--model", "./no-such-folder"], 1, r"no model folder no-such-folder"),
        (["--engine", "whisper", "--model", "{tmp}"], 1, r"is not a Whisper model: it has no model\.bin.*or a model's name"),
        (["--engine", "whisper", "--model", "no-such-name"], 1, r"no Whisper model called 'no-such-name'.*large-v3-turbo"),
        (["--engine", "whisper", "--model", "small"], 1, r"hub could not be reached.*--model"),
        (["--engine", "scripted"], 1, r"needs a script.*--model"),
        (["--engine", "scripted", "--model", "/nowhere.json"], 1, r"no script /nowhere\.json"),
        (["--engine", "scripted", "--model", "{audio}"], 1, r"two_sentences\.mp3 is not a script"),
        (["--format", "vtt,docx"], 1, r"docx.*vtt"),
        (["--speakers", "2", "--max-speakers", "3"], 1, r"--speakers says the number"),
        (["--min-speakers", "4", "--max-speakers", "3"], 1, r"greater than --max-speakers"),
        (["--device", "tpu"], 2, r"device.*cpu"),
        (["--part-seconds", "1"], 2, r"part-seconds"),
        (["--engine", "magic"], 2, r"magic"),
        (["--since", "yesterday"], 2, r"yesterday"),
    ],
)
def test_options_that_cannot_be_are_explained(
    options: list[str], status: int, said: str, terminal: Terminal, tmp_path: Path
) -> None:
    """Before anything is done; status 2 for what no machine could do."""
    filled = [option.format(tmp=tmp_path, audio=AUDIO) for option in options]
    ended = terminal.earmark("run", AUDIO, *filled)
    assert ended.status == status
    assert re.search(said, " ".join(ended.err.split())), ended.err
    assert "Traceback" not in ended.err
    assert terminal.written() == []


def test_an_output_that_cannot_be_written_is_said_before_the_work(terminal: Terminal, scripted: list[str]) -> None:
    """And the next run, elsewhere, goes its way."""
    blocked = terminal.folder / "blocked"
    blocked.write_text("a file", "utf-8")
    ended = terminal.earmark("run", AUDIO, "-o", blocked / "out", *scripted)
    assert ended.status == 1
    assert re.search(r"Cannot write .*blocked.*another output folder", ended.err), ended.err
    assert "decode" not in ended.err
    assert terminal.earmark("run", AUDIO, *scripted).status == 0


def test_data_that_cannot_be_written_is_said(terminal: Terminal, scripted: list[str]) -> None:
    """The data folder is named."""
    terminal.data.write_text("a file", "utf-8")
    ended = terminal.earmark("run", AUDIO, *scripted)
    assert (ended.status, "Traceback" in ended.err) == (1, False)
    assert str(terminal.data) in ended.err


def test_settings_that_make_no_sense_are_named(terminal: Terminal, scripted: list[str]) -> None:
    """Which one, and why."""
    ended = Terminal(terminal.folder, {"EARMARK_PART_SECONDS": "soon"}).earmark("run", AUDIO, *scripted)
    assert (ended.status, "part_seconds" in ended.err, "Traceback" in ended.err) == (2, True, False)


# --- output -------------------------------------------------------------------------------------------------------


def test_json_is_one_event_a_line_and_nothing_else(terminal: Terminal, scripted: list[str], website: WebServer) -> None:
    """Every step begins and ends, and the summary comes last."""
    ended = terminal.earmark("run", website.url("/two.mp3"), "--json", *scripted)
    kinds = [event["event"] for event in ended.events]
    assert (kinds[0], kinds[-1]) == ("episode_began", "summary")
    steps = [event["step"] for event in ended.events if event["event"] == "step_ended"]
    assert steps == ["fetch", "prepare", "language", "transcribe", "diarize", "assemble"]
    assert ended.summary[0]["chapters"] == 0
    assert ended.err == ""


def test_formats_are_those_that_were_asked_for(terminal: Terminal, scripted: list[str]) -> None:
    """And the transcript document, always."""
    ended = terminal.earmark("run", AUDIO, "--format", "vtt,srt", "--format", "txt", *scripted)
    assert ended.status == 0
    suffixes = [name.partition("/two sentences")[2] for name in terminal.written() if name != "index.json"]
    assert suffixes == [".srt", ".transcript.json", ".txt", ".vtt"]


@pytest.mark.slow
def test_the_embedded_engine_stands_in_loudly_when_there_is_no_model(terminal: Terminal) -> None:
    """`auto` without a model and without the hub: real speech becomes rough text, and everybody is told."""
    ended = terminal.earmark("run", AUDIO, "--diarizer", "none")
    assert ended.status == 0, ended.err
    assert "WARNING: PocketSphinx transcribed this: English only" in ended.err
    (path,) = terminal.output.glob("*/*.transcript.json")
    document = json.loads(path.read_text("utf-8"))
    assert document["made"]["transcriber"]["name"] == "pocketsphinx"
    assert document["made"]["transcriber"]["fallback"] is True
    assert "asr_fallback" in [notice["code"] for notice in document["warnings"]]
    text = " ".join(segment["text"] for segment in document["segments"]).lower()
    assert {"people", "think"} <= set(text.split()), text


# --- interruptions, of real processes -----------------------------------------------------------------------------


def steps_done(terminal: Terminal, name: str = "transcribe") -> dict[int, tuple[str, int]]:
    """Return state and attempts of a step's parts, read from the ledger by other means than earmark's."""
    if not (terminal.data / "ledger.db").exists():
        return {}
    with sqlite3.connect(f"file:{terminal.data / 'ledger.db'}?mode=ro", uri=True) as connection:
        try:
            rows = connection.execute("SELECT part, state, attempts FROM steps WHERE name = ?", (name,)).fetchall()
        except sqlite3.OperationalError:
            rows = []
    connection.close()
    return {part: (state, attempts) for part, state, attempts in rows}


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 60.0) -> None:
    """Wait until something is so while a process runs."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def slow_example(folder: Path, pace: float) -> list[str]:
    """Return the arguments for the example in parts of 20 s, heard at a pace."""
    story = json.loads(SCRIPT.read_text("utf-8")) | {"pace": pace}
    (folder / "story.json").write_text(json.dumps(story), "utf-8")
    options = ["--engine", "scripted", "--model", str(folder / "story.json"), "--diarizer", "none", "--part-seconds", "20"]
    return ["run", str(EXAMPLES / "feed.xml"), "--json", *options]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_was_stopped_goes_on_from_its_last_finished_part(how: signal.Signals, terminal: Terminal) -> None:
    """Killed, the attempt counts; stopped politely, it does not, and the status is 130. Finished parts are never redone."""
    with terminal.start(*slow_example(terminal.folder, 0.05)) as process:
        wait_for(lambda: steps_done(terminal).get(2, ("", 0))[0] == "running", process)
        process.send_signal(how)
        out, err = process.communicate(timeout=30)
    assert terminal.written() == []
    state, attempts = steps_done(terminal)[2]
    if how == signal.SIGKILL:
        assert (process.returncode, state, attempts) == (-9, "running", 1)
    else:
        assert (process.returncode, state, attempts) == (130, "queued", 0)
        assert "interrupted; what is finished is kept" in err
    assert all(json.loads(line) for line in out.splitlines())
    ended = terminal.earmark(*slow_example(terminal.folder, 0.0))
    assert ended.status == 0
    reused = [(e["step"], e["part"]) for e in ended.events if e["event"] == "step_ended" and e["reused"]]
    assert reused[-2:] == [("transcribe", 0), ("transcribe", 1)]
    assert steps_done(terminal)[0] == ("done", 1)
    assert steps_done(terminal)[2] == ("done", 2 if how == signal.SIGKILL else 1)
    assert ended.summary[0]["words"] == len(true_words())
    with Presence(terminal.data / "alive") as presence:
        owners = [sign.name for sign in (terminal.data / "alive").iterdir() if sign.name != presence.owner]
        assert owners
        assert all(presence.is_gone(owner) for owner in owners)


@pytest.mark.slow
def test_a_part_that_kills_its_process_three_times_is_poison(terminal: Terminal) -> None:
    """The fourth run says so and does not try; `--force` does."""
    for attempt in range(1, 4):
        with terminal.start(*slow_example(terminal.folder, 0.5)) as process:
            wait_for(lambda attempt=attempt: steps_done(terminal).get(0) == ("running", attempt), process)  # type: ignore[misc]  # a default binds the loop's value
            process.kill()
    ended = terminal.earmark(*slow_example(terminal.folder, 0.0))
    assert ended.status == 1
    assert re.search(r"transcribe\[0\] brought its process down 3 times.*--force", ended.summary[0]["error"])
    assert terminal.earmark(*slow_example(terminal.folder, 0.0), "--force").status == 0


@pytest.mark.slow
def test_two_runs_at_once_do_not_disturb_each_other(terminal: Terminal) -> None:
    """The second one is told who is at work; afterwards there is one good transcript."""
    with terminal.start(*slow_example(terminal.folder, 0.05)) as first:
        wait_for(lambda: 0 in steps_done(terminal), first)
        second = terminal.child(*slow_example(terminal.folder, 0.05))
        out, err = first.communicate(timeout=90)
    assert (first.returncode, second.status) == (0, 1), (err, second.err)
    assert "Another process is at work" in second.summary[0]["error"]
    assert Finished(0, out, err).summary[0]["words"] == len(true_words())
    assert terminal.earmark(*slow_example(terminal.folder, 0.05)).summary[0]["state"] == "already done"


@pytest.mark.slow
def test_no_room_on_the_disk_is_said_and_the_next_run_goes_on(terminal: Terminal, scripted: list[str]) -> None:
    """With a limit on the size of files, as on a full disk, nothing half-made is seen; with room it is done."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))"
    ended = terminal.child("run", AUDIO, "--json", *scripted, prelude=limit)
    assert ended.status == 1
    assert re.search(r"No room.*(space|room)", ended.summary[0]["error"]), ended.summary[0]["error"]
    assert "Traceback" not in ended.err
    assert terminal.written() == []
    assert list((terminal.data / "blobs" / "tmp").glob("*")) == []
    again = terminal.earmark("run", AUDIO, "--json", *scripted)
    assert (again.status, again.summary[0]["words"]) == (0, 25)


def test_a_clean_file_given_for_comparison_shows_what_was_inserted(
    terminal: Terminal, tmp_path: Path, scripted: list[str]
) -> None:
    """The stretch is marked, and the chapters that were published for the clean file lie behind it."""
    clean = samples_of(AUDIO, tmp_path)
    file = write_audio(tmp_path / "with_ad.mp3", np.concatenate([music(6, 16_000), clean]), 16_000)
    (tmp_path / "notes.txt").write_text("0:00 Hello\n0:05 Goodbye\n", "utf-8")
    given = ("--reference", AUDIO, "--notes", tmp_path / "notes.txt")
    ended = terminal.earmark("run", file, "--json", *scripted, *given)
    assert ended.status == 0, ended.err
    (document,) = transcripts(ended)
    inserted = [tile for tile in document["coverage"] if tile["inserted"]]  # type: ignore[attr-defined]
    assert (inserted[0]["start"], inserted[-1]["end"]) == pytest.approx((0, 6), abs=0.5)
    assert [chapter["offset"] for chapter in document["chapters"]] == pytest.approx([6, 6], abs=1.5)  # type: ignore[attr-defined]
    assert {"inserted_audio", "chapters_anchored"} <= {warning["code"] for warning in document["warnings"]}  # type: ignore[attr-defined]
    again = terminal.earmark("run", file, *scripted, *given)
    assert "already done" in again.out


def test_audio_for_comparison_that_cannot_be_used_is_said(terminal: Terminal, tmp_path: Path, scripted: list[str]) -> None:
    """A missing file is an error, another recording a warning."""
    missing = terminal.earmark("run", AUDIO, *scripted, "--reference", tmp_path / "missing.mp3")
    assert missing.status == 1
    assert "missing.mp3" in missing.err
    other = write_audio(tmp_path / "other.mp3", music(20, 16_000), 16_000)
    (document,) = transcripts(terminal.earmark("run", AUDIO, "--json", *scripted, "--reference", other))
    assert "reference_unlike" in {warning["code"] for warning in document["warnings"]}  # type: ignore[attr-defined]


def samples_of(path: Path, folder: Path) -> Sound:
    """Return a recording at 16 kHz."""
    decode(path, folder / "decoded.wav")
    with Pcm(folder / "decoded.wav") as pcm:
        return pcm.read(0, 1e6)
