"""`earmark chapters`: every source, the choice, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import Item, Terminal, feed_of
from tests.test_chapters_embedded import CHAPTERS, make
from tests.webserver import Reply, WebServer

NOTES = "0:00 Intro\n5:00 The [bold]middle\n10:00 End\n"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Return the command line with folders of its own."""
    return Terminal(tmp_path)


def test_the_document_of_one_source_has_just_the_promised_fields(terminal: Terminal, tmp_path: Path) -> None:
    """Audio: its tags."""
    ended = terminal.earmark("chapters", make(tmp_path / "a.mp3", "libmp3lame", "mp3", CHAPTERS), "--json")
    assert ended.status == 0
    document = json.loads(ended.out)
    rows = [
        {"start": start, "title": title, "end": end, "url": None, "image": None, "hidden": False}
        for start, end, title in CHAPTERS
    ]
    assert document == {
        "sources": [{"kind": "embedded", "chapters": rows}],
        "chosen": "embedded",
        "reason": "chosen: it is in the file itself, on the file's own clock",
        "warnings": [],
    }


def test_people_get_the_sources_and_a_table(terminal: Terminal, tmp_path: Path) -> None:
    """Titles are printed as they are."""
    (tmp_path / "notes.txt").write_text(NOTES)
    ended = terminal.earmark("chapters", tmp_path / "notes.txt")
    assert (ended.status, ended.err) == (0, "")
    assert "3 chapters; chosen: the publisher's list in the show notes" in ended.out
    assert "│  5:00 │ The [bold]middle │" in ended.out


def test_several_episodes_are_a_line_each_with_their_names(terminal: Terminal, webserver: WebServer) -> None:
    """A source that could not be read is a warning, not an empty source."""
    webserver.routes["/a.mp3"] = Reply(status=404)
    items = [
        Item(title, webserver.url("/a.mp3"), title, more=f"<description>{notes}</description>")
        for title, notes in [("One", NOTES), ("Two", "none")]
    ]
    webserver.routes["/feed"] = feed_of(*items)
    ended = terminal.earmark("chapters", webserver.url("/feed"), "--all", "--json")
    assert ended.status == 0
    first, second = ended.events
    assert (first["episode"]["title"], first["chosen"], second["episode"]["title"], second["chosen"]) == (
        "One",
        "show_notes",
        "Two",
        None,
    )
    assert [source["kind"] for source in first["sources"]] == ["show_notes"]
    assert [notice["code"] for notice in first["warnings"]] == ["embedded_not_read"]


def test_the_audio_is_left_alone_when_asked(terminal: Terminal, webserver: WebServer) -> None:
    """And the output says that it was."""
    webserver.routes["/feed"] = feed_of(Item("One", webserver.url("/a.mp3"), "1", more=f"<description>{NOTES}</description>"))
    ended = terminal.earmark("chapters", webserver.url("/feed"), "--no-audio")
    assert ended.status == 0
    assert "not looked at" in ended.err
    assert [request.path for request in webserver.requests] == ["/feed"]


@pytest.mark.parametrize("source", ["nowhere.txt", "https://[", "ftp://x.example/a"])
def test_a_source_that_cannot_be_used_ends_with_status_1(terminal: Terminal, source: str) -> None:
    """And the reason."""
    ended = terminal.earmark("chapters", source)
    assert ended.status == 1
    assert ended.err.startswith("earmark: ")
