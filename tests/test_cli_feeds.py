"""`earmark watch`, `feeds`, `unwatch`: on a real ledger, with real feeds on a real server."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.commands import AUDIO, Item, Terminal, feed_of
from tests.webserver import Reply, WebServer
from worker.settings import Settings
from worker.stores import open_stores

TODAY = datetime.now(UTC)


def episode(number: int) -> Item:
    """Return an episode that came out `number` days ago."""
    date = format_datetime(TODAY - timedelta(days=number))
    return Item(f"{number} days ago", f"https://media.example.com/{number}.mp3", f"g{number}", date)


@pytest.fixture
def terminal(tmp_path: Path, webserver: WebServer) -> Terminal:
    """Return the command line with folders of its own, and a feed at `/feed`."""
    webserver.routes["/feed"] = feed_of(episode(1), episode(5), episode(9), title="A [show]")
    return Terminal(tmp_path)


def jobs(terminal: Terminal) -> list[str]:
    """Return the titles of all jobs."""
    with open_stores(Settings(data_dir=terminal.data)) as stores:
        return sorted(job.title for job in stores.requests.list().items)


def listed(terminal: Terminal) -> list[dict[str, Any]]:
    """Return what `earmark feeds --json` says."""
    ended = terminal.earmark("feeds", "--json")
    assert (ended.status, ended.err) == (0, "")
    found: list[dict[str, Any]] = json.loads(ended.out)["feeds"]
    return found


def test_a_watched_feed_leaves_alone_what_is_there_and_says_so(terminal: Terminal, webserver: WebServer) -> None:
    """Only what comes out from now on is transcribed."""
    ended = terminal.earmark("watch", webserver.url("/feed"))
    assert (ended.status, ended.err) == (0, "")
    assert "Watching “A [show]”, every 30m." in ended.out
    assert "3 episodes are there already and will not be transcribed" in ended.out
    assert "--since" in ended.out
    (feed,) = listed(terminal)
    assert (feed["url"], feed["title"], feed["every"], feed["items"]) == (webserver.url("/feed"), "A [show]", 1800, 3)
    assert (feed["error"], feed["since"], feed["polled_at"] is not None) == ("", None, True)
    assert jobs(terminal) == []


def test_episodes_since_a_day_are_asked_for_at_once(terminal: Terminal, webserver: WebServer) -> None:
    """The jobs are in the ledger, for whichever worker comes."""
    day = (TODAY - timedelta(days=6)).date().isoformat()
    ended = terminal.earmark("watch", webserver.url("/feed"), "--since", day, "--every", "2h", "--model", "tiny")
    assert (ended.status, "2 of them are asked for now" in ended.out) == (0, True)
    assert jobs(terminal) == ["1 days ago", "5 days ago"]
    assert listed(terminal)[0]["since"] == f"{day}T00:00:00+00:00"
    with open_stores(Settings(data_dir=terminal.data)) as stores:
        request = json.loads(stores.ledger.standing(stores.requests.list().items[0].id).request or "")
        assert request["options"]["model"] == "tiny"
        assert [backlog.queue for backlog in stores.queue.backlog()]


def test_watching_again_changes_what_is_given_and_nothing_else(terminal: Terminal, webserver: WebServer) -> None:
    """One feed, one row."""
    terminal.earmark("watch", webserver.url("/feed"), "--every", "2h", "--model", "tiny", "--webhook", "https://example.com/hook")
    ended = terminal.earmark("watch", webserver.url("/feed"), "--every", "1d")
    assert (ended.status, "every 1d" in ended.out, "whsec_" in ended.out) == (0, True, False)
    (feed,) = listed(terminal)
    assert (feed["every"], feed["webhook"], feed["items"]) == (86_400, "https://example.com/hook", 3)
    with open_stores(Settings(data_dir=terminal.data)) as stores:
        assert json.loads(stores.feeds.get(feed["id"]).options)["model"] == "tiny"


def test_the_secret_of_a_webhook_is_shown_once(terminal: Terminal, webserver: WebServer) -> None:
    """And in no list."""
    first = terminal.earmark("watch", webserver.url("/feed"), "--webhook", "https://example.com/hook")
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", first.out)
    assert secret is not None
    again = terminal.earmark("watch", webserver.url("/feed"), "--webhook", "https://example.com/hook")
    shown = terminal.earmark("feeds", "--json").out + terminal.earmark("feeds").out + again.out
    assert "whsec_" not in shown
    with open_stores(Settings(data_dir=terminal.data)) as stores:
        kept = stores.feeds.list().items[0].webhook
    assert json.loads(kept or "") == {"url": "https://example.com/hook", "secret": secret[0]}


def test_the_page_of_a_show_is_watched_by_its_feed(terminal: Terminal, webserver: WebServer) -> None:
    """The feed that it announces."""
    webserver.routes["/"] = b'<html><head><link rel="alternate" type="application/rss+xml" href="/feed"></head></html>'
    assert terminal.earmark("watch", webserver.url("/")).status == 0
    assert listed(terminal)[0]["url"] == webserver.url("/feed")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(status=404), "404"),
        (Reply(AUDIO.read_bytes()), "not a feed"),
        (Reply(b"Hello"), "feed"),
        (Reply(b"<!DOCTYPE html><html><body>Hello</body></html>"), "announces no feed"),
    ],
)
def test_a_wrong_address_is_said_at_once_and_not_kept(reply: Reply, said: str, terminal: Terminal, webserver: WebServer) -> None:
    """Rather than found out half an hour later."""
    webserver.routes["/x"] = reply
    ended = terminal.earmark("watch", webserver.url("/x"))
    assert (ended.status, ended.out, said in ended.err) == (1, "", True)
    assert listed(terminal) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("feed.xml",),
        ("{feed}", "--every", "10s"),
        ("{feed}", "--every", "0m"),
        ("{feed}", "--webhook", "example.com"),
        ("{feed}", "--since", "yesterday"),
        ("{feed}", "--engine", "none"),
    ],
)
def test_options_that_make_no_sense_are_refused(arguments: tuple[str, ...], terminal: Terminal, webserver: WebServer) -> None:
    """Before anything is asked of the network."""
    ended = terminal.earmark("watch", *(argument.replace("{feed}", webserver.url("/feed")) for argument in arguments))
    assert ended.status in {1, 2}
    assert (ended.err != "", "Traceback" in ended.err) == (True, False)
    assert webserver.requests == []


def test_a_poll_by_hand_finds_what_came_out(terminal: Terminal, webserver: WebServer) -> None:
    """Whether the feed is due or not."""
    terminal.earmark("watch", webserver.url("/feed"))
    (feed,) = listed(terminal)
    assert "Nothing has changed" in terminal.earmark("feeds", "poll", feed["id"]).out
    webserver.routes["/feed"] = feed_of(episode(0), episode(1), episode(5), episode(9))
    ended = terminal.earmark("feeds", "poll", webserver.url("/feed"), "--check-audio")
    assert (ended.status, "1 new episode is asked for" in ended.out) == (0, True)
    assert "has not been fetched yet" in ended.out
    assert jobs(terminal) == ["0 days ago"]


def test_a_process_that_dies_between_submitting_and_remembering_leads_to_the_same_job(
    terminal: Terminal, webserver: WebServer
) -> None:
    """Whoever polls next finds the job that is there."""
    terminal.earmark("watch", webserver.url("/feed"))
    webserver.routes["/feed"] = feed_of(episode(0), episode(1), episode(5), episode(9))
    dies = """
import os
from storage.feed_items import FeedItems
FeedItems.remember = lambda self, feed_id, items: os._exit(9) if items else None
"""
    assert terminal.child("feeds", "poll", webserver.url("/feed"), prelude=dies).status == 9
    assert jobs(terminal) == ["0 days ago"]
    ended = terminal.earmark("feeds", "poll", webserver.url("/feed"))
    assert (ended.status, "1 new episode is asked for" in ended.out) == (0, True)
    assert jobs(terminal) == ["0 days ago"]
    assert "Nothing has changed" in terminal.earmark("feeds", "poll", webserver.url("/feed")).out


def test_a_poll_that_fails_says_why(terminal: Terminal, webserver: WebServer) -> None:
    """Here and in the list."""
    terminal.earmark("watch", webserver.url("/feed"))
    webserver.routes["/feed"] = Reply(status=410)
    ended = terminal.earmark("feeds", "poll", webserver.url("/feed"))
    assert (ended.status, "410" in ended.err) == (1, True)
    assert "410" in listed(terminal)[0]["error"]
    assert "410" in terminal.earmark("feeds").out


def test_the_list_shows_how_each_feed_stands(terminal: Terminal, webserver: WebServer) -> None:
    """Title, address, interval, times, items; a title with brackets as it is."""
    assert "earmark watch" in terminal.earmark("feeds").out
    terminal.earmark("watch", webserver.url("/feed"))
    out = terminal.earmark("feeds").out
    for piece in ("A [show]", "/feed", "30m", "ago", "in "):
        assert piece in out


def test_a_feed_is_left_alone_by_address_or_id(terminal: Terminal, webserver: WebServer) -> None:
    """Its jobs stay."""
    day = (TODAY - timedelta(days=6)).date().isoformat()
    terminal.earmark("watch", webserver.url("/feed"), "--since", day)
    assert terminal.earmark("unwatch", webserver.url("/feed2")).status == 1
    ended = terminal.earmark("unwatch", webserver.url("/feed").replace("http:", "https:") + "#top")
    assert (ended.status, "not watched any more" in ended.out) == (0, True)
    assert (listed(terminal), len(jobs(terminal))) == ([], 2)
    terminal.earmark("watch", webserver.url("/feed"))
    assert terminal.earmark("unwatch", listed(terminal)[0]["id"]).status == 0
    ended = terminal.earmark("unwatch", webserver.url("/feed"))
    assert (ended.status, "is not watched" in ended.err) == (1, True)


def test_the_commands_explain_themselves(terminal: Terminal) -> None:
    """`--help`."""
    assert all(name in terminal.earmark("--help").out for name in ("watch", "feeds", "unwatch"))
    assert all(text in terminal.earmark("watch", "--help").out for text in ("--every", "--since", "--webhook", "30m"))
    assert "poll" in terminal.earmark("feeds", "--help").out
