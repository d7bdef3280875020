"""What feedparser loses of a feed."""

from __future__ import annotations

import pytest
from lxml import etree

from jobs.feed_addresses import resolver
from jobs.feed_elements import Extras, inner_html, name_of, plain_title, read_extras
from jobs.safe_xml import Element, parse_xml
from storage.errors import NotAFeed

RESOLVE = resolver("https://x.example/feed.xml", local=False)


def parsed(text: str) -> Element:
    return parse_xml(text.encode(), name="it", error=NotAFeed).root


def extras(content: str, namespaces: str = "") -> Extras:
    return read_extras(parsed(f"<item {namespaces}>{content}</item>"), RESOLVE)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('<p:chapters xmlns:p="https://podcastindex.org/namespace/1.0"/>', ("podcast", "chapters")),
        (
            '<p:chapters xmlns:p="https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"/>',
            ("podcast", "chapters"),
        ),
        ("<podcast:chapters/>", ("podcast", "chapters")),
        ('<i:image xmlns:i="http://www.itunes.com/DTDs/Podcast-1.0.dtd"/>', ("itunes", "image")),
        ('<item xmlns="http://backend.userland.com/rss2"/>', ("rss", "item")),
        ('<item xmlns="urn:unknown"/>', ("?", "item")),
        ("<item/>", ("rss", "item")),
    ],
)
def test_namespaces_are_known_by_every_name_that_live_feeds_use(text: str, name: tuple[str, str]) -> None:
    """Old addresses, other letter case, and prefixes that nobody declared."""
    assert name_of(parsed(text)) == name


def test_every_transcript_and_person_is_kept_with_its_role() -> None:
    """Feedparser keeps the last of each."""
    found = extras(
        '<podcast:transcript url="a.vtt" type="text/vtt"/><podcast:transcript url="b.srt" type="application/srt" language="de"/>'
        "<podcast:transcript/><podcast:person>Anna</podcast:person>"
        "<podcast:person role='Guest' group='Writing'> Berta  B </podcast:person>"
        "<podcast:person role='host'> </podcast:person>"
    )
    assert [(link.url, link.media_type, link.language) for link in found.transcript_links] == [
        ("https://x.example/a.vtt", "text/vtt", None),
        ("https://x.example/b.srt", "application/srt", "de"),
    ]
    assert [(person.name, person.role, person.group) for person in found.persons] == [
        ("Anna", "host", "cast"),
        ("Berta B", "guest", "writing"),
    ]


def test_notes_come_in_the_order_of_their_worth_and_as_published() -> None:
    """`content:encoded`, `description`, `itunes:summary`, whatever the order of the document; empty ones are left out."""
    found = extras(
        "<itunes:summary>S &amp;amp; s</itunes:summary><description> </description>"
        "<description>a<br/>b &lt;i&gt;c&lt;/i&gt;</description>"
        "<content:encoded><![CDATA[<p onclick='x'>&nbsp;</p>]]></content:encoded>"
    )
    assert [(note.field, note.html) for note in found.notes] == [
        ("content:encoded", "<p onclick='x'>&nbsp;</p>"),
        ("description", "a<br>b &lt;i&gt;c&lt;/i&gt;"),
        ("itunes:summary", "S &amp; s"),
    ]


def test_markup_that_was_not_escaped_stays_markup() -> None:
    """Without the namespaces of the feed around it."""
    element = parsed('<d xmlns="urn:x" xmlns:y="urn:y">1 &lt; 2 <y:b title="q">x</y:b> tail <i>&amp;</i></d>')
    assert inner_html(element) == '1 &lt; 2 <b title="q">x</b> tail <i>&amp;</i>'


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("AT&amp;T", "AT&T"),
        ("a <b>bold</b>\n claim", "a bold claim"),
        ("1 < 2 > 0", "1 < 2 > 0"),
        ("x </b> y", "x y"),
        ("Q&A; more", "Q&A; more"),
    ],
)
def test_titles_lose_the_html_that_was_escaped_into_them(text: str, title: str) -> None:
    """And nothing else."""
    assert plain_title(text) == title


def test_the_audio_of_media_content_is_found_in_groups_too() -> None:
    """For feeds that have no enclosure."""
    found = extras(
        '<media:content url="a.mp3" type="audio/mpeg"/><media:group><media:content url="b.mp3"/></media:group>',
        'xmlns:media="http://search.yahoo.com/mrss/"',
    )
    assert [link.url for link in found.media] == ["https://x.example/a.mp3", "https://x.example/b.mp3"]


def test_an_element_without_a_name_of_its_own_is_nothing() -> None:
    """Comments and processing instructions have no tag."""
    assert name_of(etree.Comment("x")) == ("?", "")
