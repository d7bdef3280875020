"""What is found of an episode's chapters without transcribing it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.fetch import Fetcher
from jobs.find_chapters import FoundChapters, find_chapters
from jobs.selection import Selection
from jobs.sources import Found
from jobs.wire import FetchLimits
from storage.errors import BadChapters, EarmarkError, NotAudio, NotFound
from tests.commands import Item, feed_of
from tests.test_chapters_embedded import CHAPTERS, make, rows
from tests.webserver import Reply, WebServer

ONCE = Fetcher(FetchLimits(tries=1), allow_private=True)
NOTES = "[00:00] Intro\n[05:00] Middle\n[10:00] End\n"


def find(source: str | Path, *, with_audio: bool = True, **selection: object) -> list[FoundChapters | Found]:
    """Return what is found."""
    return list(find_chapters(str(source), Selection(**selection), ONCE, with_audio=with_audio))  # type: ignore[arg-type]


def one(source: str | Path, *, with_audio: bool = True) -> FoundChapters:
    """Return what is found for the only episode."""
    (found,) = find(source, with_audio=with_audio)
    assert isinstance(found, FoundChapters)
    return found


def told(found: FoundChapters) -> list[tuple[str, str, int]]:
    """Return kind, status and number of chapters of each source."""
    return [(source.kind, source.status, len(source.marks)) for source in found.choice.sources]


def chapters_json(*titles: str) -> bytes:
    """Return a chapter file."""
    return json.dumps({"version": "1.2.0", "chapters": [{"startTime": n, "title": t} for n, t in enumerate(titles)]}).encode()


def feed(webserver: WebServer, *more: str) -> str:
    """Serve a feed with an episode for each text, newest first, whose audio is `/a.mp3`; return its address."""
    items = [
        Item(f"Episode {n}", webserver.url("/a.mp3"), str(n), f"Mon, {n + 1:02d} Jan 2024 09:00:00 +0000", more=text)
        for n, text in enumerate(more)
    ]
    webserver.routes["/feed"] = feed_of(*items[::-1])
    return webserver.url("/feed")


def test_every_source_of_an_episode_is_read_and_the_choice_is_that_of_the_pipeline(tmp_path: Path, webserver: WebServer) -> None:
    """In the audio, beside it, in the feed and in the notes."""
    webserver.routes |= {
        "/a.mp3": make(tmp_path / "a.mp3", "libmp3lame", "mp3", CHAPTERS).read_bytes(),
        "/c.json": chapters_json("A", "B"),
    }
    psc = '<chapters xmlns="http://podlove.org/simple-chapters"><chapter start="0" title="P"/></chapters>'
    linked = f'<podcast:chapters url="{webserver.url("/c.json")}" type="application/json+chapters"/>'
    found = one(feed(webserver, f"{linked}{psc}<description>{NOTES}</description>"))
    assert told(found) == [
        ("embedded", "found", len(CHAPTERS)),
        ("podcast_json", "found", 2),
        ("psc", "found", 1),
        ("show_notes", "found", 3),
    ]
    assert (found.choice.kind, rows(found.choice.marks)) == ("embedded", CHAPTERS)
    assert found.reason.startswith("chosen: it is in the file itself")
    assert found.episode is not None
    assert found.episode.title == "Episode 0"


def test_what_was_not_looked_at_is_said(webserver: WebServer) -> None:
    """With and without asking for the audio; a file that could not be had is not an empty one."""
    webserver.routes |= {"/a.mp3": Reply(status=403), "/c.json": Reply(status=404)}
    address = feed(webserver, f'<podcast:chapters url="{webserver.url("/c.json")}"/><description>{NOTES}</description>')
    found = one(address)
    assert told(found) == [("embedded", "unknown", 0), ("podcast_json", "unknown", 0), ("show_notes", "found", 3)]
    assert [notice.code for notice in found.warnings] == ["newest_chosen", "embedded_not_read", "chapters_unreadable"]
    webserver.requests.clear()
    left = one(address, with_audio=False)
    assert told(left)[0][0] == "podcast_json"
    assert "embedded_not_read" in [notice.code for notice in left.warnings]
    assert "/a.mp3" not in [request.path for request in webserver.requests]


def test_chapters_behind_the_budget_are_not_called_absent(webserver: WebServer) -> None:
    """A tag that claims more than is read of any file."""
    webserver.routes["/a.mp3"] = b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(17 << 20)
    found = one(webserver.url("/a.mp3"))
    assert told(found) == [("embedded", "unknown", 0)]
    assert "embedded_cut" in [notice.code for notice in found.warnings]


def test_several_episodes_are_found_one_after_the_other(webserver: WebServer) -> None:
    """As the selection says."""
    webserver.routes["/a.mp3"] = b"\xff\xfb\x90\x00" + bytes(9000)
    address = feed(webserver, "<description>nothing</description>", f"<description>{NOTES}</description>")
    found = find(address, all=True)
    assert [told(each)[-1] for each in found if isinstance(each, FoundChapters)] == [
        ("show_notes", "found", 3),
        ("show_notes", "none", 0),
    ]
    assert [each.reason for each in found if isinstance(each, FoundChapters)][1] == "no source has chapters that can be used"


@pytest.mark.parametrize(
    ("name", "data", "kind", "titles"),
    [
        ("notes.txt", NOTES.encode(), "show_notes", ["Intro", "Middle", "End"]),
        ("notes.txt", ("\ufeff" + NOTES).encode("utf-16-le"), "show_notes", ["Intro", "Middle", "End"]),
        (
            "notes.html",
            b"<html><body><ul><li>0:00 A</li><li>4:00 B</li><li>9:00 C</li></ul></body></html>",
            "show_notes",
            ["A", "B", "C"],
        ),
        ("any", chapters_json("A", "B"), "podcast_json", ["A", "B"]),
        (
            "c.xml",
            (
                b'<?xml version="1.0"?><!-- x --><psc:chapters xmlns:psc="http://podlove.org/simple-chapters">'
                b'<psc:chapter start="1" title="A"/></psc:chapters>'
            ),
            "psc",
            ["A"],
        ),
    ],
)
def test_a_file_of_notes_or_chapters_is_read_by_what_it_is(
    name: str, data: bytes, kind: str, titles: list[str], tmp_path: Path
) -> None:
    """Nothing else is looked for."""
    (tmp_path / name).write_bytes(data)
    found = one(tmp_path / name)
    assert (found.choice.kind, [mark.title for mark in found.choice.marks], found.episode) == (kind, titles, None)


def test_a_file_of_audio_is_read_for_its_tags(tmp_path: Path) -> None:
    """Whatever its name."""
    found = one(make(tmp_path / "notes.txt", "libopus", "matroska", CHAPTERS))
    assert (found.choice.kind, rows(found.choice.marks)) == ("embedded", CHAPTERS)


def test_notes_without_a_list_choose_nothing(tmp_path: Path) -> None:
    """They were read."""
    (tmp_path / "n.txt").write_text("We met at 10:30.")
    found = one(tmp_path / "n.txt")
    assert (told(found), found.choice.kind) == ([("show_notes", "none", 0)], None)


@pytest.mark.parametrize(
    ("data", "error"), [(b"{}", BadChapters), (b"", NotAudio), (b"\x89PNG\r\n\x1a\n", NotAudio), (None, NotFound)]
)
def test_what_cannot_be_used_is_an_error(data: bytes | None, error: type[EarmarkError], tmp_path: Path) -> None:
    """One that can be shown."""
    if data is not None:
        (tmp_path / "x").write_bytes(data)
    with pytest.raises(error):
        find(tmp_path / "x")


def test_one_bad_feed_of_a_list_does_not_hide_the_others(tmp_path: Path, webserver: WebServer) -> None:
    """It is told."""
    good = feed(webserver, f"<description>{NOTES}</description>")
    webserver.routes |= {"/bad": Reply(status=404), "/a.mp3": Reply(status=404)}
    urls = "".join(f'<outline type="rss" xmlUrl="{url}"/>' for url in (webserver.url("/bad"), good))
    (tmp_path / "list.opml").write_text(f"<opml><body>{urls}</body></opml>")
    bad, found = find(tmp_path / "list.opml")
    assert isinstance(bad, Found)
    assert isinstance(bad.error, NotFound)
    assert isinstance(found, FoundChapters)
