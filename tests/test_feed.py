"""Feeds into publications."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.feed import Feed, read_feed
from storage.errors import EarmarkError, NoEpisode, NotAFeed, TooLarge

FEEDS = Path(__file__).parent / "data" / "feeds"
URL = "https://show.example/f/feed.xml"


def assert_explained(error: EarmarkError) -> None:
    assert error.message
    assert error.hint


def read(name: str, url: str | None = URL) -> Feed:
    return read_feed((FEEDS / name).read_bytes(), url=url)


def item(number: int, *, guid: str | None = None, date: str | None = None, more: str = "", audio: str | None = None) -> str:
    return (
        f"<item><title>Episode {number}</title>"
        + (f"<guid isPermaLink='false'>{guid}</guid>" if guid else "")
        + (f"<pubDate>{date}</pubDate>" if date else "")
        + f"<enclosure url={quoteattr(audio or f'https://cdn.example/{number}.mp3')} type='audio/mpeg' length='1'/>{more}</item>"
    )


def rss(*items: str, head: str = "<title>Show</title>") -> bytes:
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'.encode()


def titles(feed: Feed) -> list[str]:
    return [publication.episode.title for publication in feed.publications]


def codes(feed: Feed) -> list[str]:
    return [notice.code for notice in feed.warnings]


def test_the_seed_feed_has_its_eight_episodes() -> None:
    """Titles, dates and durations as its listing prints them."""
    expected = json.loads((FEEDS / "interconnects.expected.json").read_text("utf-8"))
    feed = read("interconnects.xml")
    found = [publication.episode for publication in feed.publications]
    assert [(e.title, e.published_duration) for e in found] == [(e["title"], e["duration"]) for e in expected]
    assert [e.published.strftime("%Y/%m/%d") for e in found if e.published] == [e["date"] for e in expected]
    assert (feed.title, feed.language, feed.link, feed.warnings) == ("Interconnects", "en", "http://127.0.0.1:8000/", ())
    assert [[note.field for note in p.notes] for p in feed.publications] == [["content:encoded", "description"]] * 8
    assert len({e.id for e in found}) == 8


def test_podcasting_two_elements_are_all_read() -> None:
    """The old namespace address, a namespace with a trailing slash, raw spaces in addresses, undeclared HTML entities."""
    feed = read("podcasting20.xml")
    newer, older = feed.publications
    assert (feed.title, feed.language, feed.image) == ("Two & a Half Hosts", "de-AT", "https://show.example/cover%20show.jpg")
    assert [(person.name, person.role) for person in older.episode.persons] == [("Berta Item", "guest"), ("Carl Item", "host")]
    assert [(person.name, person.url) for person in newer.episode.persons] == [("Anna Channel", "https://show.example/anna")]
    assert older.episode.audio_url == "https://show.example/f/audio/ep%201.mp3"
    assert older.episode.page_url == "https://show.example/e/1"
    assert older.episode.published == datetime(2024, 1, 1, 9, 30, tzinfo=UTC)
    assert older.episode.published_duration == 3723
    assert (older.episode.image, newer.episode.image) == ("https://show.example/f/ep%201.jpg", feed.image)
    assert [(link.rel, link.url) for link in older.chapter_links] == [
        ("podcast_json", "https://show.example/chapters/one%20two.json"),
        ("psc", "https://show.example/f/psc/1.xml"),
    ]
    assert [(link.url, link.media_type, link.rel) for link in older.transcript_links] == [
        ("https://show.example/f/t/1.vtt", "text/vtt", "captions"),
        ("https://show.example/f/t/1.srt", "application/srr", None),
    ]
    assert [(mark.start, mark.title) for mark in older.chapters[0].marks] == [(0, "First"), (2112.25, "Last")]
    assert [notice.code for notice in older.warnings] == ["psc_extra_ignored"]
    assert [note.html for note in older.notes] == [
        "<p>00:00 Start &amp; go</p>",
        "café\xa0&lt;b&gt; &eacute; <b>raw</b>",
        "Summary comes last.",
    ]
    assert newer.episode.guid is None


@pytest.mark.parametrize(
    ("length", "said"),
    [("123456", 123456), ("0", None), ("1", None), ("", None), ("many", None), (" 77 ", 77), ("-5", None), ("9" * 30, None)],
)
def test_the_length_that_an_enclosure_claims_is_kept_if_it_can_be_one(length: str, said: int | None) -> None:
    """Publishers who do not know it write 0 or 1."""
    enclosure = f"<enclosure url='https://cdn.example/1.mp3' type='audio/mpeg' length='{length}'/>"
    (publication,) = read_feed(rss(f"<item><title>One</title>{enclosure}</item>"), url=URL).publications
    assert publication.bytes == said


@pytest.mark.parametrize(
    ("attribute", "said"),
    [
        ("", None),
        ("isPermaLink='true'", True),
        ("isPermaLink='False'", False),
        ("isPermaLink=''", None),
        ("isPermaLink='x'", None),
    ],
)
def test_a_guid_says_whether_it_is_a_page(attribute: str, said: bool | None) -> None:
    """Or says nothing."""
    enclosure = "<enclosure url='https://cdn.example/1.mp3' type='audio/mpeg'/>"
    (publication,) = read_feed(rss(f"<item><guid {attribute}>https://a.example/1</guid>{enclosure}</item>"), url=URL).publications
    assert publication.guid_is_permalink is said


def test_atom_is_read_with_its_bases_languages_and_types() -> None:
    """The audio among several enclosures, XHTML content, text that is not HTML."""
    feed = read("atom.xml")
    (publication,) = feed.publications
    episode = publication.episode
    assert (feed.title, feed.link, feed.image) == (
        "Atom Show",
        "https://atom.example/show/home",
        "https://atom.example/show/logo.png",
    )
    assert (episode.title, episode.guid, episode.language) == ("A bold title", "urn:uuid:1", "fr")
    assert (episode.audio_url, publication.media_type) == ("https://atom.example/show/a/1.m4a", "audio/mp4")
    assert episode.page_url == "https://atom.example/show/e/1"
    assert episode.published == datetime(2024, 5, 1, 8, tzinfo=UTC)
    assert [(note.field, note.html) for note in publication.notes] == [
        ("atom:content", "<div><p>0:00 Hello &amp; co</p></div>"),
        ("atom:summary", "1 &lt; 2"),
    ]
    assert [(link.rel, link.url) for link in publication.chapter_links] == [("psc", "https://atom.example/show/psc/1.psc")]


def test_rss_one_is_read() -> None:
    """Items beside the channel, named by `rdf:about`, dated by Dublin Core."""
    (publication,) = read("rss10.rdf").publications
    assert publication.episode.guid == publication.episode.page_url == "https://rdf.example/1"
    assert publication.episode.published == datetime(2003, 2, 1, tzinfo=UTC)


def test_a_local_feed_names_files_beside_it_and_no_others() -> None:
    """With a `file:` address they are resolved, without one they are left to the caller."""
    data = rss(
        item(1, audio="audio/1.mp3"), item(2, audio="file:///etc/passwd"), item(3, audio="/etc/passwd"), item(4, audio="../x.mp3")
    )
    for url, audio in ((None, "audio/1.mp3"), ("file:///home/u/feed.xml", "file:///home/u/audio/1.mp3")):
        feed = read_feed(data, url=url)
        assert [publication.episode.audio_url for publication in feed.publications] == [audio]
        assert codes(feed) == ["item_without_audio"]
    with pytest.raises(NoEpisode):
        read_feed(rss(item(1, audio="file:///etc/passwd")), url=URL)


def test_episodes_come_newest_first_and_undated_ones_keep_their_place() -> None:
    """Feeds in any order; without dates the document's order stays."""
    days = [f"{day:02} Jan 2024 00:00:00 +0000" for day in (1, 2, 3)]
    oldest_first = rss(item(1, date=days[0]), item(9), item(2, date=days[1]), item(3, date=days[2]))
    assert titles(read_feed(oldest_first, url=URL)) == ["Episode 3", "Episode 9", "Episode 2", "Episode 1"]
    assert titles(read_feed(rss(item(1), item(3), item(2)), url=URL)) == ["Episode 1", "Episode 3", "Episode 2"]


def test_items_without_audio_are_left_out_with_a_notice() -> None:
    """A blog post, and an enclosure that is an image."""
    image = "<item><title>Image</title><enclosure url='a.jpg' type='image/jpeg'/></item>"
    feed = read_feed(rss("<item><title>Post</title></item>", image, item(1)), url=URL)
    assert titles(feed) == ["Episode 1"]
    assert feed.warnings[0].message.startswith("2 of the feed's items")
    assert "“Post”, “Image”" in feed.warnings[0].message


@pytest.mark.parametrize(
    "content", ["", "<item><title>Post</title></item>", "<item><enclosure url='a.png' type='image/png'/></item>"]
)
def test_a_feed_without_any_audio_is_no_podcast(content: str) -> None:
    """No items, no enclosures, or only images."""
    with pytest.raises(NoEpisode, match="none with audio") as caught:
        read_feed(rss(content), url=URL)
    assert caught.value.hint


def test_two_items_with_one_guid_are_both_kept_under_different_ids() -> None:
    """The older one keeps the id that it had before the other appeared."""
    old = item(1, guid="g", date="01 Jan 2024 00:00:00 +0000")
    alone = read_feed(rss(old), url=URL).publications[0]
    feed = read_feed(rss(item(2, guid="g", date="02 Jan 2024 00:00:00 +0000"), old), url=URL)
    assert titles(feed) == ["Episode 2", "Episode 1"]
    assert feed.publications[1] == alone
    assert feed.publications[0].episode.id != alone.episode.id
    assert codes(feed) == [notice.code for notice in feed.publications[0].warnings] == ["duplicate_guid"]


def test_an_item_that_is_there_twice_is_listed_once() -> None:
    """Same guid and same audio is the same episode."""
    feed = read_feed(rss(item(1, guid="g"), item(1, guid="g"), item(2), item(2)), url=URL)
    assert titles(feed) == ["Episode 1", "Episode 2"]
    assert codes(feed) == ["duplicate_item", "duplicate_item"]


def test_an_item_without_title_is_named_after_its_file() -> None:
    """A listing needs a name."""
    data = rss(
        "<item><enclosure url='https://x.example/my_first%20show.mp3'/></item>",
        "<item><enclosure url='https://x.example/'/></item>",
    )
    assert titles(read_feed(data, url=URL)) == ["my first show", "Untitled episode"]


@pytest.mark.parametrize(
    ("duration", "seconds", "warned"), [("0", None, False), ("bogus", None, True), ("", None, False), ("7:48", 468, False)]
)
def test_a_wrong_duration_is_none_and_said(duration: str, seconds: float | None, warned: bool) -> None:
    """Zero and empty mean that the publisher did not say."""
    (publication,) = read_feed(rss(item(1, more=f"<itunes:duration>{duration}</itunes:duration>")), url=URL).publications
    assert publication.episode.published_duration == seconds
    assert bool(publication.warnings) is warned


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"just text", "is not XML"),
        (b'{"json": true}', "is not XML"),
        (b"ID3\x04\x00\xff\xfb\x90", "is not XML"),
        (b"<!DOCTYPE html><html><head><title>x</title></head><body><p>hi</body></html>", "is a web page"),
        (b"<div>fragment</div>", "is a web page"),
        (b"<opml><body/></opml>", "OPML"),
        (b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'/>", "begins with <urlset>"),
        (b"<!DOCTYPE rss [<!ENTITY a 'b'><!ENTITY c '&a;&a;'>]><rss>&c;</rss>", "entities"),
    ],
)
def test_what_is_not_a_feed_is_named(data: bytes, said: str) -> None:
    """The error says what it looks like, and what to do."""
    with pytest.raises(NotAFeed, match=said) as caught:
        read_feed(data, url=URL)
    assert URL in str(caught.value)
    assert caught.value.hint


def test_damage_that_feedparser_reads_through_is_read_through() -> None:
    """Junk in front, bare ampersands, undeclared prefixes and entities, a wrong encoding, a missing end."""
    feed = read_feed(
        b"\n\n<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>R&D caf\xe9</title><item><title>A & B"
        b" &hellip;</title>"
        b"<enclosure url='https://x.example/a.mp3?x=1&y=2' type='audio/mpeg'/><podcast:chapters url='c.json'/>"
        b"<atom:link href='x'/>"
        b"<itunes:duration>90</itunes:duration></item>",
        url=URL,
    )
    (publication,) = feed.publications
    assert (feed.title, publication.episode.title) == ("R&D café", "A & B …")
    assert publication.episode.audio_url == "https://x.example/a.mp3?x=1&y=2"
    assert publication.episode.published_duration == 90
    assert publication.chapter_links[0].url == "https://show.example/f/c.json"
    assert codes(feed) == ["feed_encoding"]


def test_items_over_the_cap_are_cut_from_the_older_end() -> None:
    """Whichever end of the document that is."""
    days = [f"{day:02} Jan 2024 00:00:00 +0000" for day in range(1, 6)]
    oldest_first = [item(n, date=day) for n, day in enumerate(days, 1)]
    for items in (oldest_first, oldest_first[::-1]):
        feed = read_feed(rss(*items), url=URL, max_items=2)
        assert titles(feed) == ["Episode 5", "Episode 4"]
        assert codes(feed) == ["feed_truncated"]


def test_a_million_items_are_refused_quickly() -> None:
    """Before any tree is built of them."""
    data = rss("<item/>" * 1_000_000)
    began = time.perf_counter()
    with pytest.raises(TooLarge):
        read_feed(data, url=URL)
    assert time.perf_counter() - began < 2
    with pytest.raises(TooLarge, match="bytes"):
        read_feed(rss(item(1)), url=URL, max_bytes=100)


def test_a_thousand_items_with_long_notes_are_all_read() -> None:
    """With two fields of show notes of four kilobytes each; how long that takes, `benchmarks.listing` measures."""
    notes = f"<description>{escape('<p>00:00 Some words &amp; more</p>' * 75)}</description>"
    data = rss(*(item(n, guid=f"g{n}", date="01 Jan 2024 00:00:00 +0000", more=notes * 2) for n in range(1000)))
    assert len(read_feed(data, url=URL).publications) == 1000


# ------------------------------------------------------------------ properties

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="<&\ufffe\uffff"), min_size=1, max_size=30
)
GUIDS = st.text(st.characters(codec="ascii", categories=("L", "N"), include_characters=":/?=&<- "), min_size=1, max_size=20)
DATES = st.integers(600_000_000, 3_700_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
ROW = st.tuples(
    TEXT,
    st.none() | GUIDS.map(lambda text: " ".join(text.split())).filter(bool),
    st.none() | DATES,
    st.none() | st.integers(1, 300_000),
    st.lists(st.tuples(st.integers(0, 20_000), TEXT), max_size=3),
)


def rendered(number: int, row: tuple[str, str | None, datetime | None, int | None, list[tuple[int, str]]]) -> str:
    title, guid, published, duration, chapters = row
    marks = "".join(f'<psc:chapter start="{start}" title={quoteattr(text)}/>' for start, text in chapters)
    return (
        f"<item><title>{escape(title)}</title>"
        + (f"<guid isPermaLink='false'>{escape(guid)}</guid>" if guid else "")
        + (f"<pubDate>{published:%d %b %Y %H:%M:%S} +0000</pubDate>" if published else "")
        + (f"<itunes:duration>{timedelta(seconds=duration).total_seconds():.0f}</itunes:duration>" if duration else "")
        + (f"<psc:chapters>{marks}</psc:chapters>" if chapters else "")
        + f"<enclosure url='https://cdn.example/{number}.mp3' type='audio/mpeg'/></item>"
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=6))
def test_any_feed_reads_back(rows: list[tuple[str, str | None, datetime | None, int | None, list[tuple[int, str]]]]) -> None:
    """Titles, guids, dates, durations and chapters survive, a row printed twice once; ids are distinct; the newest is first."""
    feed = read_feed(rss(*(rendered(number, row) for number, row in enumerate(rows))), url=URL)
    by_audio = {publication.episode.audio_url: publication for publication in feed.publications}
    assert len({publication.episode.id for publication in feed.publications}) == len(rows)
    for number, (title, guid, published, duration, chapters) in enumerate(rows):
        publication = by_audio[f"https://cdn.example/{number}.mp3"]
        episode = publication.episode
        assert (episode.title, episode.guid, episode.published, episode.published_duration) == (title, guid, published, duration)
        marks = publication.chapters[0].marks if publication.chapters else ()
        assert [(mark.start, mark.title) for mark in marks] == sorted(dict.fromkeys(chapters), key=lambda chapter: chapter[0])
    dated = [p.episode.published for p in feed.publications if p.episode.published]
    assert dated == sorted(dated, reverse=True)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: rss(text.encode("utf-8", "replace").decode())))
def test_random_bytes_never_raise_anything_else(data: bytes) -> None:
    """Only errors that explain themselves."""
    with pytest.raises(EarmarkError) as caught:
        read_feed(data, url=URL)
    assert caught.value.hint


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_damaged_feed_is_read_or_refused(data: st.DataObject) -> None:
    """Bytes cut out, changed and repeated anywhere in real feeds."""
    original = (FEEDS / data.draw(st.sampled_from(["podcasting20.xml", "atom.xml", "rss10.rdf"]))).read_bytes()
    start = data.draw(st.integers(0, len(original)))
    end = data.draw(st.integers(start, min(len(original), start + 400)))
    damaged = original[:start] + data.draw(st.binary(max_size=20)) + original[end:]
    try:
        assert read_feed(damaged, url=URL).publications
    except EarmarkError as refused:
        assert_explained(refused)
