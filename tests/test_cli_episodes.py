"""`earmark episodes`: what a feed has, without fetching anything else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.commands import AUDIO, Item, Terminal, feed_of
from tests.webserver import Reply, WebServer

FEEDS = Path(__file__).parent / "data" / "feeds"
SEED = FEEDS / "interconnects.xml"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Return the command line with folders of its own."""
    return Terminal(tmp_path)


def test_the_seed_feed_is_listed_with_the_values_that_are_expected_of_it(terminal: Terminal, webserver: WebServer) -> None:
    """Eight episodes: titles, dates, published durations, and the number of chapters of each."""
    webserver.routes["/feed"] = SEED.read_bytes()
    ended = terminal.earmark("episodes", webserver.url("/feed"), "--json")
    assert (ended.status, ended.err) == (0, "")
    listed = json.loads(ended.out)["episodes"]
    expected = json.loads((FEEDS / "interconnects.expected.json").read_text("utf-8"))
    assert [episode["chapter_count"] for episode in listed] == [0, 10, 0, 0, 5, 0, 0, 0]
    assert [episode["title"] for episode in listed] == [episode["title"] for episode in expected]
    assert [episode["date"] for episode in listed] == [episode["date"].replace("/", "-") for episode in expected]
    lengths = [(episode["duration"], wanted["duration"]) for episode, wanted in zip(listed, expected, strict=True)]
    assert all(abs(length - to_the_minute) <= 60 for length, to_the_minute in lengths)
    assert [[(mark["start"], mark["title"]) for mark in episode["chapters"]] for episode in listed] == [
        [(chapter["start"], chapter["title"]) for chapter in episode["chapters"]] for episode in expected
    ]
    assert {episode["chapter_source"] for episode in listed if episode["chapter_count"]} == {"show_notes"}
    assert len(webserver.requests) == 1


def test_people_get_a_table(terminal: Terminal) -> None:
    """One row an episode, from a local file too."""
    ended = terminal.earmark("episodes", SEED)
    assert ended.status == 0
    rows = [line for line in ended.out.splitlines() if re.match(r"│ +\d+ │ \d{4}-\d\d-\d\d │", line)]
    assert [int(row.split("│")[4]) for row in rows] == [0, 10, 0, 0, 5, 0, 0, 0]


def test_only_the_newest_can_be_asked_for(terminal: Terminal) -> None:
    """`--latest N`."""
    episodes = json.loads(terminal.earmark("episodes", SEED, "--latest", "2", "--json").out)["episodes"]
    assert [episode["number"] for episode in episodes] == [1, 2]


def test_a_page_that_announces_a_feed_will_do(terminal: Terminal, webserver: WebServer) -> None:
    """Feed autodiscovery, relative addresses included."""
    webserver.routes["/"] = b'<html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head></html>'
    webserver.routes["/feed"] = SEED.read_bytes()
    assert len(json.loads(terminal.earmark("episodes", webserver.url("/"), "--json").out)["episodes"]) == 8


def test_a_linked_chapters_file_is_named_but_not_fetched(terminal: Terminal, webserver: WebServer) -> None:
    """It is counted only once the episode is transcribed."""
    more = f'<podcast:chapters url="{webserver.url("/chapters.json")}" type="application/json+chapters"/>'
    webserver.routes["/feed"] = feed_of(Item("Chaptered", webserver.url("/a.mp3"), "c", more=more))
    (episode,) = json.loads(terminal.earmark("episodes", webserver.url("/feed"), "--json").out)["episodes"]
    assert (episode["chapter_count"], episode["chapter_source"]) == (0, "podcast_json?")
    assert webserver.asked("/chapters.json") == []


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(status=404), "404"),
        (Reply(AUDIO.read_bytes()), "earmark run"),
        (Reply(b"Hello"), "feed"),
        (Reply(b"<!DOCTYPE html><html><body>Hello</body></html>"), "announces no feed"),
    ],
)
def test_what_is_no_feed_is_an_error_that_names_it(reply: Reply, said: str, terminal: Terminal, webserver: WebServer) -> None:
    """Status 1, and nothing on standard output."""
    webserver.routes["/x"] = reply
    ended = terminal.earmark("episodes", webserver.url("/x"), "--json")
    assert (ended.status, ended.out) == (1, "")
    assert webserver.url("/x") in ended.err
    assert said in ended.err


@pytest.mark.parametrize("source", ["nowhere.xml", "http://[::1", "x" * 5000])
def test_a_source_that_is_none_is_named(source: str, terminal: Terminal) -> None:
    """Without a traceback."""
    ended = terminal.earmark("episodes", source)
    assert (ended.status, "Traceback" in ended.err, source[:100] in ended.err) == (1, False, True)


def test_a_private_address_is_refused_unless_allowed(tmp_path: Path, webserver: WebServer) -> None:
    """The default is to connect to public addresses alone; the setting is named by its effect."""
    webserver.routes["/feed"] = SEED.read_bytes()
    guarded = Terminal(tmp_path, {"EARMARK_ALLOW_PRIVATE_NETWORKS": "0"})
    ended = guarded.earmark("episodes", webserver.url("/feed"))
    assert (ended.status, webserver.requests) == (1, [])
    assert "127.0.0.1" in ended.err
