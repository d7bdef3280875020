"""Web pages of episodes and shows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.feed import Feed, read_feed
from jobs.page import PageFinds, match_episode, page_publication, read_page
from storage.documents import Link
from storage.errors import NoEpisode, TooLarge

URL = "https://show.example/p/burning-out"
SEED = Path(__file__).parent / "data" / "feeds" / "interconnects.xml"
PAGE = """<!DOCTYPE html><html lang="en"><head>
<meta charset="utf-8"><title>Burning out – Interconnects</title>
<link rel="canonical" href="/p/burning-out">
<link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed">
<link rel="alternate" type="application/rss+xml; charset=utf-8" title="Podcast" href="/feed one.xml">
<link rel="alternate" type="application/atom+xml" href="https://show.example/feed%20one.xml">
<link rel="alternate" hreflang="de" href="/de">
<meta property="og:title" content="Burning out">
<meta property="og:audio" content="/a/og.mp3">
<meta property="og:site_name" content="Interconnects">
<meta property="article:published_time" content="2025-10-25T14:00:00Z">
<meta name="description" content="0:00 Start&nbsp;&lt;3
1:00 End">
<script type="application/ld+json">{"@type": "AudioObject", "contentUrl": "https://show.example/a/ld.mp3"}</script></head>
<body><h1>Burning out</h1><audio controls><source src="player.ogg" type="audio/ogg"></audio><video><source src="film.mp4"></video>

<a href="/a/og.mp3#t=1">again</a><a href="download.MP3?x=1">file</a>
<a href="cover.jpg">image</a>
<a href="javascript:x.mp3">x</a></body></html>"""


@pytest.fixture(scope="module")
def feed() -> Feed:
    """Return the seed feed."""
    return read_feed(SEED.read_bytes(), url="http://127.0.0.1:8000/feed.xml")


def test_everything_that_a_page_offers_is_found_best_first() -> None:
    """Structured data, `og:audio`, players, links; feeds once each, that of the comments last."""
    finds = read_page(PAGE.encode(), URL)
    assert [link.url for link in finds.audio] == [
        "https://show.example/a/ld.mp3",
        "https://show.example/a/og.mp3",
        "https://show.example/p/player.ogg",
        "https://show.example/p/download.MP3?x=1",
    ]
    assert [link.url for link in finds.feeds] == ["https://show.example/feed%20one.xml", "https://show.example/comments/feed"]
    assert (finds.title, finds.show, finds.language, finds.canonical) == ("Burning out", "Interconnects", "en", URL)
    assert finds.description == "0:00 Start\xa0<3\n1:00 End"
    assert finds.published == datetime(2025, 10, 25, 14, tzinfo=UTC)


def test_a_base_address_and_an_old_encoding_are_respected() -> None:
    """`<base href>` moves relative addresses; the page says how it is encoded."""
    page = '<html><head><meta charset="iso-8859-1"><base href="https://cdn.example/x/"><title>Café</title><audio src="1.mp3">'
    finds = read_page(page.encode("latin-1"), URL)
    assert (finds.title, finds.audio[0].url) == ("Café", "https://cdn.example/x/1.mp3")


def test_a_page_without_anything_finds_nothing() -> None:
    """And making an episode of it is a clear error."""
    for html in (b"", b"\0", b"<html></html>", b"plain text"):
        finds = read_page(html, URL)
        assert (finds.feeds, finds.audio) == ((), ())
        with pytest.raises(NoEpisode, match="neither a feed nor audio"):
            page_publication(finds)
    with pytest.raises(TooLarge):
        read_page(b"x" * 100, URL, max_bytes=50)


def test_a_page_with_audio_but_no_feed_is_an_episode_itself() -> None:
    """Its description is kept as notes."""
    publication = page_publication(read_page(PAGE.encode(), URL))
    episode = publication.episode
    assert (episode.title, episode.show, episode.page_url) == ("Burning out", "Interconnects", URL)
    assert episode.audio_url == "https://show.example/a/ld.mp3"
    assert [(note.field, note.html) for note in publication.notes] == [("page", "0:00 Start\xa0&lt;3<br>\n1:00 End")]
    untitled = page_publication(PageFinds(url=URL, audio=(Link(url="https://x.example/a%20b.mp3"),)))
    assert untitled.episode.title == "a b"


@pytest.mark.parametrize(
    "finds",
    [
        PageFinds(url="https://www.127.0.0.1:8000/p/burning-out/?utm_source=x#top"),
        PageFinds(url="http://127.0.0.1:8000/p/burning-out", canonical="http://127.0.0.1:8000/"),
        PageFinds(url="https://x.example/", canonical="http://127.0.0.1:8000/p/burning-out"),
        PageFinds(url=URL, audio=(Link(url="https://127.0.0.1:8000/audio/burning-out.mp3"),)),
        PageFinds(url=URL, titles=("Burning Out! | Interconnects",)),
        PageFinds(url=URL, titles=("Something else", "Interconnects: Burning out", "Burning out")),
    ],
)
def test_a_page_is_matched_by_address_audio_or_title(finds: PageFinds, feed: Feed) -> None:
    """Each alone is enough."""
    found = match_episode(finds, feed)
    assert found is not None
    assert found.episode.title == "Burning out"


@pytest.mark.parametrize(
    "finds",
    [
        PageFinds(url="http://127.0.0.1:8000", titles=("Burning out",)),
        PageFinds(url=URL, titles=("Olmo 2: America’s truly open reasoning models", "Interconnects")),
        PageFinds(
            url=URL,
            audio=tuple(Link(url=f"http://127.0.0.1:8000/audio/{name}.mp3") for name in ("burning-out", "how-to-scale-rl")),
        ),
        PageFinds(url=URL),
    ],
)
def test_an_uncertain_page_matches_none(finds: PageFinds, feed: Feed) -> None:
    """The show's own page, a title with another number, the audio of several episodes, no evidence."""
    assert match_episode(finds, feed) is None


@given(
    st.binary(max_size=300)
    | st.text(max_size=300).map(lambda text: f"<html><a href='{text}'><base href='{text}'>".encode("utf-8", "replace"))
)
def test_random_bytes_are_a_page_with_fewer_finds(html: bytes) -> None:
    """Broken HTML is no error."""
    finds = read_page(html, URL)
    assert all(link.url.startswith(("http://", "https://")) or ":" in link.url[:6] for link in finds.audio)
