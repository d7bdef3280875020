"""`earmark speakers` from the outside: run by run, a show's voices get known, and people name them."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import jsonschema
import pytest

from jobs.engines.protocols import AudioSource, Diarization, Progress, SpeakerHints
from jobs.engines.scripted import ScriptedDiarizer
from storage.schema import transcript_schema
from tests.commands import AUDIO, Item, Terminal, feed_of, script_of_two_sentences
from tests.voices import Speakers
from tests.webserver import WebServer

GUESTS = ("Bea", "Cem", "Dot", "Eli")


class _Diarizer(ScriptedDiarizer):
    """Tells the two speakers of the script apart; the first one is the host, in every episode, the second a new guest."""

    people = Speakers()
    heard = 0

    def diarize(self, audio: AudioSource, speech: Any, hints: SpeakerHints, progress: Progress) -> Diarization:
        found = super().diarize(audio, speech, hints, progress)
        guest = GUESTS[_Diarizer.heard % len(GUESTS)]
        _Diarizer.heard += 1
        embeddings = {
            label: tuple(self.people.heard(who, 0.1).tolist()) for label, who in (("Speaker 1", "Ann"), ("Speaker 2", guest))
        }
        return Diarization(found.turns, found.overlapping, embeddings)


@pytest.fixture
def scripted(tmp_path: Path) -> list[str]:
    """Return the options for engines that know the two sentences."""
    script = script_of_two_sentences(tmp_path / "two.json")
    return ["--engine", "scripted", "--model", str(script), "--diarizer", "scripted"]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Return the command line with a diarizer that hears voices, and takes the short sentences for enough of them."""
    _Diarizer.people, _Diarizer.heard = Speakers(), 0
    with mock.patch("jobs.engines.choose.ScriptedDiarizer", _Diarizer), mock.patch("jobs.voices.remember.LEAST_TALK", 1.0):
        yield Terminal(tmp_path)


@pytest.fixture
def feed(webserver: WebServer) -> str:
    """Return the address of a feed of four episodes."""
    items = []
    for number in range(1, 5):
        webserver.routes[f"/{number}.mp3"] = AUDIO.read_bytes() + bytes(number)
        date = f"Tue, 0{number} Oct 2024 00:00:00 GMT"
        items.append(Item(f"Episode {number}", webserver.url(f"/{number}.mp3"), f"guid-{number}", date))
    webserver.routes["/feed"] = feed_of(*reversed(items), title="The Show")
    return webserver.url("/feed")


def documents(terminal: Terminal) -> list[dict[str, Any]]:
    """Return the transcripts in the output folder, each valid."""
    found = [json.loads(path.read_text("utf-8")) for path in sorted(terminal.output.glob("*/*.transcript.json"))]
    for document in found:
        jsonschema.validate(document, transcript_schema())
    return found


def speakers(terminal: Terminal, *arguments: str) -> Any:
    """Return what `earmark speakers … --json` says."""
    ended = terminal.earmark("speakers", *arguments, "--json")
    assert ended.status == 0, ended.err
    return json.loads(ended.out)


def test_hosts_emerge_and_a_name_is_told_to_every_transcript(terminal: Terminal, scripted: list[str], feed: str) -> None:
    """Listed, renamed by id, by name; exports and index follow; nothing is transcribed again; later episodes know the name."""
    assert terminal.earmark("run", feed, "--since", "2024-10-02", "--all", *scripted).status == 0
    listed = speakers(terminal, "the show")
    assert listed["show"] == "The Show"
    assert [(s["episode_count"], s["name"]) for s in listed["speakers"]] == [(3, None), *[(1, None)] * 3]
    host = listed["speakers"][0]["id"]
    before = [{**d, "speakers": None} for d in documents(terminal)]
    ended = terminal.earmark("speakers", "rename", "The Show", host[:6], "Ann Lee")
    assert ended.status == 0, ended.err
    assert "6 of 6 transcripts were changed" in ended.out  # three in the folder, three in the ledger
    assert [{**d, "speakers": None} for d in documents(terminal)] == before
    for document in documents(terminal):
        first, second = document["speakers"]
        assert (first["name"], first["name_source"], first["voice"]) == ("Ann Lee", "people", host)
        assert second["name"] is None
    assert all("<v Ann Lee>" in path.read_text() for path in terminal.output.glob("*/*.vtt"))
    index = json.loads((terminal.output / "index.json").read_text())
    assert {tuple(episode["speakers"]) for episode in index["episodes"]} == {("Ann Lee", "Speaker 2")}
    again = terminal.earmark("run", feed, "--since", "2024-10-02", "--all", *scripted)
    assert "already done" in again.out
    assert {d["speakers"][0]["name"] for d in documents(terminal)} == {"Ann Lee"}
    assert terminal.earmark("run", feed, "--episode", "Episode 1", *scripted).status == 0
    new = documents(terminal)[0]["speakers"]
    assert (new[0]["name"], new[0]["name_source"]) == ("Ann Lee", "people")
    assert new[0]["name_confidence"] == new[0]["voice_score"] > 0.99
    assert (new[1]["name"], new[1]["voice_score"]) == (None, None)
    assert speakers(terminal, "rename", "the show", "ann lee", "Ann Leigh")["transcripts"] == 8


def test_a_person_s_name_survives_the_doing_again_of_an_episode(terminal: Terminal, scripted: list[str], feed: str) -> None:
    """With `--force`, and with other options."""
    terminal.earmark("run", feed, "--latest", "2", *scripted)
    host = speakers(terminal, "The Show")["speakers"][0]["id"]
    speakers(terminal, "rename", "The Show", host, "Ann Lee")
    for more in (["--force"], ["--no-generated-chapters"]):
        assert terminal.earmark("run", feed, "--latest", "2", *more, *scripted).status == 0
        assert {d["speakers"][0]["name"] for d in documents(terminal)} == {"Ann Lee"}
    assert [s["episode_count"] for s in speakers(terminal, "The Show")["speakers"] if s["name"]] == [2]


def test_voices_are_merged_and_split(terminal: Terminal, scripted: list[str], feed: str) -> None:
    """And the transcripts follow."""
    terminal.earmark("run", feed, "--latest", "2", *scripted)
    host, one, other = (s["id"] for s in speakers(terminal, "The Show")["speakers"])
    speakers(terminal, "rename", "The Show", one, "Bea Fox")
    merged = speakers(terminal, "merge", "The Show", one, other)
    assert (merged["speaker"]["episode_count"], merged["speaker"]["name"]) == (2, "Bea Fox")
    assert {d["speakers"][1]["name"] for d in documents(terminal)} == {"Bea Fox"}
    made = speakers(terminal, "split", "The Show", "Bea Fox", "Episode 4")
    assert made["speaker"]["episode_count"] == 1
    assert sorted(str(d["speakers"][1]["name"]) for d in documents(terminal)) == ["Bea Fox", "None"]
    assert {d["speakers"][0]["voice"] for d in documents(terminal)} == {host}


def test_forgotten_voices_are_nowhere(terminal: Terminal, scripted: list[str], feed: str, tmp_path: Path) -> None:
    """No rows, no recordings, no embeddings in results; transcripts keep their text and lose the links."""
    terminal.earmark("run", feed, "--latest", "2", *scripted)
    host = speakers(terminal, "The Show")["speakers"][0]
    assert host["clips"] == 2
    written = speakers(terminal, "clips", "The Show", host["id"], "-o", str(tmp_path / "clips"))["written"]
    with wave.open(written[0]) as clip:
        assert 0.5 < clip.getnframes() / clip.getframerate() <= 6.0
    speakers(terminal, "rename", "The Show", host["id"], "Ann Lee")
    asked = terminal.earmark("speakers", "forget", "The Show")
    assert (asked.status, "--yes" in asked.err) == (1, True)
    ended = terminal.earmark("speakers", "forget", "The Show", "--yes")
    assert ended.status == 0, ended.err
    assert "4 samples of voices are forgotten" in ended.out
    assert speakers(terminal) == {"shows": []}
    for document in documents(terminal):
        assert [(s["name"], s["voice"], s["voice_sample"], s["voice_score"]) for s in document["speakers"]] == [
            ("Ann Lee", None, None, None), (None, None, None, None),
        ]  # fmt: skip
    kept = [path.read_bytes() for path in (terminal.data / "blobs").glob("[0-9a-f][0-9a-f]/*")]
    assert not any(data.startswith(b"RIFF") and len(data) < 300_000 for data in kept)
    assert not any(b'"embeddings":{"' in data for data in kept)


@pytest.mark.parametrize("how", ["option", "setting"])
def test_without_voice_memory_nothing_is_stored_or_compared(how: str, terminal: Terminal, scripted: list[str], feed: str) -> None:
    """For a run, or for all of them; the setting goes before the option."""
    more = ["--no-voice-memory"]
    if how == "setting":
        more = ["--voice-memory"]
        terminal = Terminal(terminal.folder, {"EARMARK_VOICE_MEMORY": "off"})
    ended = terminal.earmark("run", feed, "--latest", "2", *more, *scripted)
    assert ended.status == 0, ended.err
    assert "known voices" not in ended.err
    assert speakers(terminal) == {"shows": []}
    assert {(s["voice"], s["voice_score"]) for d in documents(terminal) for s in d["speakers"]} == {(None, None)}
    kept = [path.read_bytes() for path in (terminal.data / "blobs").glob("[0-9a-f][0-9a-f]/*")]
    assert not any(b'"embeddings":{"' in data for data in kept)


def test_who_is_not_there_is_said(terminal: Terminal, scripted: list[str], feed: str) -> None:
    """With what to do about it."""
    nothing = terminal.earmark("speakers")
    assert (nothing.status, "No voices are remembered" in nothing.out) == (0, True)
    assert "`earmark speakers` lists" in terminal.earmark("speakers", "No Such Show").err
    terminal.earmark("run", feed, *scripted)
    assert "lists them with their ids" in terminal.earmark("speakers", "rename", "The Show", "Zoe", "Bo").err
    table = terminal.earmark("speakers", "the sh")
    assert (table.status, "Episode 4" in table.out) == (0, True)
    assert "The Show" in terminal.earmark("speakers").out
    assert "rename" in terminal.earmark("speakers", "--help").out


def test_another_show_s_voices_are_used_once_somebody_asks(
    terminal: Terminal, scripted: list[str], feed: str, webserver: WebServer
) -> None:
    """Before its first episode or later; listed, and taken back."""
    assert terminal.earmark("run", feed, "--episode", "Episode 1", *scripted).status == 0
    assert terminal.earmark("run", feed, "--episode", "Episode 2", *scripted).status == 0
    host = speakers(terminal, "The Show")["speakers"][0]["id"]
    assert terminal.earmark("speakers", "rename", "The Show", host, "Ann Lee").status == 0
    items = [Item(f"Other {n}", webserver.url(f"/{n}.mp3"), f"other-{n}", f"Tue, 0{n} Oct 2024 00:00:00 GMT") for n in (3, 4)]
    webserver.routes["/other"] = feed_of(*reversed(items), title="Another Show")
    other = webserver.url("/other")
    assert terminal.earmark("run", other, "--episode", "Other 3", *scripted).status == 0
    assert {s["name"] for s in speakers(terminal, "Another Show")["speakers"]} == {None}
    said = terminal.earmark("speakers", "also-from", "Another Show", "The Show")
    assert "Another Show: also compared with the voices of The Show." in said.out
    assert terminal.earmark("speakers", "forget", "Another Show", "--yes").status == 0
    assert terminal.earmark("run", other, "--episode", "Other 4", *scripted).status == 0
    listed = speakers(terminal, "Another Show")
    assert listed["also_from"] == ["the-show"]
    assert sorted((s["name"] or "", s["name_source"] or "") for s in listed["speakers"]) == [("", ""), ("Ann Lee", "voice")]
    assert speakers(terminal, "also-from", "another show", "--none") == {"show": "Another Show", "also_from": []}
    assert {s["name"] for s in speakers(terminal, "Another Show")["speakers"]} == {None}
    assert terminal.earmark("speakers", "also-from", "A Third Show", "No Such Show").status != 0
    assert terminal.earmark("speakers", "also-from", "A Third Show", "The Show", "--none").status != 0
