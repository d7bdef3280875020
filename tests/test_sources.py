"""A SOURCE as a person writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.fetch import Fetcher
from jobs.selection import Selection
from jobs.sources import Found, open_source, read_feed_at
from jobs.wire import FetchLimits
from storage.errors import NoEpisode, NotAFeed, NotFound, SourceError
from tests.commands import AUDIO, Item, feed_of
from tests.webserver import Reply, WebServer

ALL = Selection(all=True)


@pytest.fixture
def fetcher() -> Fetcher:
    """Return a fetcher that may use the loopback."""
    return Fetcher(FetchLimits(tries=1), allow_private=True)


def opened(source: str, fetcher: Fetcher, selection: Selection = ALL) -> Found:
    """Return the single find of a source."""
    (found,) = open_source(source, selection, fetcher)
    return found


def titles(found: Found) -> list[str]:
    """Return what was found; fails where it was an error."""
    assert found.error is None, found.error
    return [publication.episode.title for publication in found.publications]


def test_audio_is_told_by_its_bytes_and_not_by_its_address(webserver: WebServer, fetcher: Fetcher) -> None:
    """Only its beginning is fetched."""
    webserver.routes["/download"] = Reply(AUDIO.read_bytes(), headers={"Content-Type": "text/html"})
    assert titles(opened(webserver.url("/download?id=7"), fetcher)) == ["download"]
    webserver.routes["/page.mp3"] = b"<!DOCTYPE html><html><body>Log in</body></html>"
    found = opened(webserver.url("/page.mp3"), fetcher)
    assert isinstance(found.error, NoEpisode)


def test_the_name_of_a_single_file_becomes_its_title(webserver: WebServer, fetcher: Fetcher) -> None:
    """Without its ending, its escapes and its underscores."""
    webserver.routes["/My_first%20talk.mp3"] = AUDIO.read_bytes()
    assert titles(opened(webserver.url("/My_first%20talk.mp3"), fetcher)) == ["My first talk"]


def test_one_file_under_two_names_is_one_episode(tmp_path: Path, fetcher: Fetcher) -> None:
    """By its content."""
    ids = set()
    for name in ("a.mp3", "b.mp3"):
        (tmp_path / name).write_bytes(AUDIO.read_bytes())
        ids |= {publication.episode.id for publication in opened(str(tmp_path / name), fetcher).publications}
    assert len(ids) == 1


def test_a_feed_on_disk_may_name_files_beside_it_and_nothing_else(tmp_path: Path, fetcher: Fetcher) -> None:
    """Neither absolute paths, nor above its folder."""
    items = [
        Item("beside", "a.mp3"),
        Item("above", "../a.mp3"),
        Item("absolute", "/etc/passwd"),
        Item("url", "file:///etc/passwd"),
    ]
    (tmp_path / "feed.xml").write_bytes(feed_of(*items))
    assert titles(opened(str(tmp_path / "feed.xml"), fetcher)) == ["beside"]


def test_a_feed_on_the_network_may_name_no_file(webserver: WebServer, fetcher: Fetcher) -> None:
    """Or a stranger's feed could read this machine's files."""
    webserver.routes["/feed"] = feed_of(Item("file", "file:///etc/passwd"), Item("relative", "a.mp3"))
    (publication,) = opened(webserver.url("/feed"), fetcher).publications
    assert publication.episode.audio_url == webserver.url("/a.mp3")


def test_a_list_gives_one_find_for_each_of_its_feeds(webserver: WebServer, fetcher: Fetcher) -> None:
    """From the network or from disk; a bad one carries its error."""
    webserver.routes["/a"] = feed_of(Item("An A", "http://a.example/a.mp3"))
    webserver.routes["/list"] = (
        f'<?xml version="1.0"?><!-- a list --><opml version="2.0"><head><title>Mine</title></head><body><outline text="folder">'
        f'<outline type="rss" text="A" xmlUrl="{webserver.url("/a")}"/></outline>'
        f'<outline type="rss" text="B" xmlUrl="{webserver.url("/b")}"/></body></opml>'
    ).encode()
    good, bad = open_source(webserver.url("/list"), Selection(), fetcher)
    assert titles(good) == ["An A"]
    assert isinstance(bad.error, NotFound)
    assert bad.source == webserver.url("/b")


def test_a_feed_that_mentions_opml_is_a_feed(webserver: WebServer, fetcher: Fetcher) -> None:
    """The first element decides."""
    webserver.routes["/feed"] = feed_of(Item("About <opml> lists", "http://a.example/a.mp3"))
    assert titles(opened(webserver.url("/feed"), fetcher)) == ["About <opml> lists"]


def test_a_page_whose_first_feed_has_no_episodes_leads_to_the_next(webserver: WebServer, fetcher: Fetcher) -> None:
    """Pages announce feeds of their articles and comments too."""
    link = '<link rel="alternate" type="application/rss+xml" href="{}">'
    page = f"<html><head>{link.format('/comments')}{link.format('/feed')}<title>Show</title></head></html>"
    webserver.routes["/"] = page.encode()
    webserver.routes["/comments"] = feed_of(Item("A comment"))
    webserver.routes["/feed"] = feed_of(Item("An episode", "http://a.example/a.mp3"))
    assert titles(opened(webserver.url("/"), fetcher)) == ["An episode"]
    assert read_feed_at(webserver.url("/"), fetcher).title == "A show"


@pytest.mark.parametrize(
    ("source", "error", "hint"),
    [
        ("nowhere.mp3", NotFound, "path"),
        ("example.com/feed.xml", NotFound, "https://example.com/feed.xml"),
        ("gopher://example.com/1", SourceError, "http or https"),
        ("http://[oops", SourceError, "written"),
        ("y" * 3000, NotFound, "path"),
    ],
)
def test_what_is_nothing_is_an_error_in_the_find(source: str, error: type[SourceError], hint: str, fetcher: Fetcher) -> None:
    """With a hint."""
    found = opened(source, fetcher)
    assert isinstance(found.error, error)
    assert hint in found.error.hint


def test_only_a_feed_can_be_listed(webserver: WebServer, fetcher: Fetcher) -> None:
    """A page without one, and audio, are told apart."""
    webserver.routes["/a.mp3"] = AUDIO.read_bytes()
    webserver.routes["/page"] = b"<!DOCTYPE html><html></html>"
    for path, said in (("/a.mp3", "earmark run"), ("/page", "feed's own address")):
        with pytest.raises(NotAFeed) as caught:
            read_feed_at(webserver.url(path), fetcher)
        assert said in caught.value.hint
