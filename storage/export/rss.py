"""A show as an RSS 2.0 feed that players read: its own episodes, with transcripts, chapters and people beside them.

Namespaces: RSS 2.0 (https://www.rssboard.org/rss-specification), iTunes, Podcasting 2.0
(https://podcastindex.org/namespace/1.0), Podlove Simple Chapters, and paged feeds (RFC 5005, 3). All strings come from feeds and
transcripts: they are written by lxml, without what XML cannot hold, and only http(s) addresses are written at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from lxml import etree

from storage.documents import Chapter, Link, Person
from storage.export.psc import NAMESPACE as PSC
from storage.export.psc import chapters_element
from storage.plain import one_line, web_address, xml_text

ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"
ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"

LONGEST_NAME = 128
"""Characters of a person's name, by the specification of `podcast:person`."""

_NAMESPACES = {"itunes": ITUNES, "podcast": PODCAST, "psc": PSC, "atom": ATOM, "content": CONTENT}

Element = etree._Element  # noqa: SLF001 - lxml has no public name for the type of its elements


@dataclass(frozen=True)
class Enclosure:
    """The sound of an episode."""

    url: str
    bytes: int
    media_type: str


@dataclass(frozen=True)
class Role:
    """Somebody in an episode; without a role nobody knows which, and readers take that for a host."""

    name: str
    role: str | None = None
    group: str | None = None
    url: str | None = None
    image: str | None = None

    @classmethod
    def printed(cls, person: Person) -> Role:
        """Return somebody whom the publisher names."""
        return cls(person.name, person.role, person.group, person.url, person.image)


@dataclass(frozen=True)
class FeedItem:
    """One episode of a feed; what is none is left out."""

    title: str
    guid: str
    guid_is_permalink: bool
    enclosure: Enclosure | None
    seconds: float
    """Length of the sound."""
    page_url: str | None = None
    published: datetime | None = None
    notes: str | None = None
    """Show notes as HTML that was made harmless."""
    image: str | None = None
    persons: tuple[Role, ...] = ()
    transcripts: tuple[Link, ...] = ()
    """Each with its `media_type`; `language` and `rel` where they are known."""
    chapters_url: str | None = None
    """Of JSON Chapters."""
    chapters: tuple[Chapter, ...] = ()


@dataclass(frozen=True)
class FeedPage:
    """A page of a show's feed."""

    title: str
    link: str
    """A page about the show."""
    self_url: str
    description: str
    items: tuple[FeedItem, ...] = field(repr=False)
    first_url: str | None = None
    """The first page, where this is another one."""
    next_url: str | None = None
    """The page with older episodes; none at the end."""
    language: str | None = None
    image: str | None = None
    built: datetime | None = None
    """When the newest of its transcripts was made."""
    generator: str = "earmark"


def rss(page: FeedPage) -> bytes:
    """Write a page of a feed, UTF-8 with its declaration.

    It says that directories shall not list it and platforms not import it: it is somebody else's show.
    """
    root = etree.Element("rss", version="2.0", nsmap=_NAMESPACES)
    channel = etree.SubElement(root, "channel")
    _text(channel, "title", page.title or "Untitled")
    _text(channel, "link", _address(page.link) or page.self_url)
    _text(channel, "description", page.description)
    _text(channel, "language", page.language)
    _text(channel, "generator", page.generator)
    _moment(channel, "lastBuildDate", page.built)
    for relation, address in (("self", page.self_url), ("first", page.first_url), ("next", page.next_url)):
        if address is not None:
            link = {"rel": relation, "href": address, "type": "application/rss+xml"}
            etree.SubElement(channel, etree.QName(ATOM, "link"), attrib=link)
    _image(channel, page.image)
    _text(channel, etree.QName(ITUNES, "block"), "Yes")
    _text(channel, etree.QName(PODCAST, "locked"), "yes")
    for item in page.items:
        channel.append(_item(item))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _item(item: FeedItem) -> Element:
    made = etree.Element("item", nsmap=_NAMESPACES)
    _text(made, "title", item.title or "Untitled")
    _text(made, "link", _address(item.page_url))
    guid = _text(made, "guid", item.guid)
    if guid is not None:
        guid.set("isPermaLink", "true" if item.guid_is_permalink else "false")
    _moment(made, "pubDate", item.published)
    if item.notes:
        etree.SubElement(made, "description").text = xml_text(item.notes)
    _enclosure(made, item.enclosure)
    _text(made, etree.QName(ITUNES, "duration"), str(round(item.seconds)))
    _image(made, item.image)
    for link in item.transcripts:
        told = {"url": link.url, "type": link.media_type or "text/plain", "language": link.language, "rel": link.rel}
        etree.SubElement(made, etree.QName(PODCAST, "transcript"), attrib=_given(told))
    if item.chapters_url is not None:
        told = {"url": item.chapters_url, "type": "application/json+chapters"}
        etree.SubElement(made, etree.QName(PODCAST, "chapters"), attrib=_given(told))
    if any(not chapter.hidden for chapter in item.chapters):
        made.append(chapters_element(item.chapters))
    _persons(made, item.persons)
    return made


def _enclosure(item: Element, enclosure: Enclosure | None) -> None:
    url = _address(enclosure.url) if enclosure is not None else None
    if enclosure is not None and url is not None:
        told = {"url": url, "length": str(enclosure.bytes), "type": one_line(enclosure.media_type)}
        etree.SubElement(item, "enclosure", attrib=told)


def _persons(item: Element, persons: Sequence[Role]) -> None:
    for person in persons:
        made = _text(item, etree.QName(PODCAST, "person"), one_line(person.name)[:LONGEST_NAME].strip())
        if made is not None:
            told = {
                "role": one_line(person.role or "") or None,
                "group": one_line(person.group or "") or None,
                "href": web_address(person.url),
                "img": web_address(person.image),
            }
            for key, value in _given(told).items():
                made.set(key, value)


def _image(parent: Element, address: str | None) -> None:
    if url := _address(address):
        etree.SubElement(parent, etree.QName(ITUNES, "image"), attrib={"href": url})


def _moment(parent: Element, name: str, moment: datetime | None) -> None:
    if moment is not None:
        _text(parent, name, format_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC)))


def _text(parent: Element, name: str | etree.QName, text: str | None) -> Element | None:
    """Add an element that holds one line; none where there is nothing to hold."""
    line = one_line(text or "")
    if not line:
        return None
    made = etree.SubElement(parent, name)
    made.text = line
    return made


def _given(told: dict[str, str | None]) -> dict[str, str]:
    return {name: one_line(value) for name, value in told.items() if value is not None}


def _address(url: str | None) -> str | None:
    """Return an http(s) address as it was published where it can be written so, since some are signed; else escaped, or none."""
    safe = web_address(url)
    if safe is None or url is None:
        return None
    return url if url.isascii() and url.isprintable() and " " not in url else safe
