"""What the specifications ask of a feed, as far as a program can tell: RSS 2.0, Podcasting 2.0, iTunes, Podlove, RFC 5005.

From https://www.rssboard.org/rss-specification, https://github.com/Podcastindex-org/podcast-namespace (docs/tags, and the
taxonomy of roles), https://podlove.org/simple-chapters/ and RFC 5005.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from lxml import etree

ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"
ATOM = "http://www.w3.org/2005/Atom"
PSC = "http://podlove.org/simple-chapters"

TRANSCRIPT_TYPES = {"text/plain", "text/html", "text/vtt", "application/json", "application/x-subrip"}
CAST = {"host", "co-host", "guest host", "guest", "voice actor", "narrator", "announcer", "reporter"}
GROUPS = {
    "creative direction", "cast", "writing", "audio production", "audio post-production", "administration", "visuals",
    "community", "misc.", "video production", "video post-production",
}  # fmt: skip

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_START = re.compile(r"(\d{1,2}:)?([0-5]?\d:)?[0-5]?\d(\.\d{1,3})?")
_DURATION = re.compile(r"\d+|(\d+:)?[0-5]?\d:[0-5]\d")
_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")

Element = etree._Element


def complaints(feed: bytes) -> list[str]:
    """Return what is wrong with a feed; nothing if it keeps to the rules."""
    root = etree.fromstring(feed, etree.XMLParser(resolve_entities=False, no_network=True))
    return list(_of_feed(root))


def _of_feed(root: Element) -> Iterator[str]:
    if root.tag != "rss" or root.get("version") != "2.0" or [child.tag for child in root] != ["channel"]:
        yield "it is not RSS 2.0 with one channel"
        return
    (channel,) = root
    for name in ("title", "link", "description"):
        if not (channel.findtext(name) or "").strip():
            yield f"the channel has no {name}"
    yield from _once(channel, "title", "link", "description", "language", "lastBuildDate", f"{{{PODCAST}}}locked")
    if (language := channel.findtext("language")) is not None and not _LANGUAGE.fullmatch(language):
        yield f"{language} is no language"
    if (locked := channel.findtext(f"{{{PODCAST}}}locked")) not in {None, "yes", "no"}:
        yield f"podcast:locked is {locked}"
    yield from _date(channel, "lastBuildDate")
    yield from _paging(channel)
    guids = [item.findtext("guid") for item in channel.iterfind("item")]
    if len(set(guids)) < len(guids):
        yield "two items have one guid"
    for item in channel.iterfind("item"):
        yield from _of_item(item)


def _paging(channel: Element) -> Iterator[str]:
    links = [(link.get("rel"), link.get("href") or "") for link in channel.iterfind(f"{{{ATOM}}}link")]
    if [rel for rel, _ in links].count("self") != 1:
        yield "there is not one atom:link to itself"
    for rel, address in links:
        if rel not in {"self", "first", "next", "previous", "last"} or not _is_web(address):
            yield f"atom:link {rel} to {address}"


def _of_item(item: Element) -> Iterator[str]:
    if not (item.findtext("title") or item.findtext("description")):
        yield "an item has neither title nor description"
    known = ("guid", "enclosure", "pubDate", "link", f"{{{PODCAST}}}chapters", f"{{{PSC}}}chapters", f"{{{ITUNES}}}duration")
    yield from _once(item, *known)
    yield from _date(item, "pubDate")
    guid = item.find("guid")
    if guid is None or not guid.text:
        yield "an item has no guid"
    elif guid.get("isPermaLink") not in {"true", "false"} or (guid.get("isPermaLink") == "true" and not _is_web(guid.text)):
        yield f"{guid.text} is no permanent link"
    if (link := item.findtext("link")) is not None and not _is_web(link):
        yield f"link to {link}"
    for enclosure in item.iterfind("enclosure"):
        yield from _attributes(enclosure, {"url", "length", "type"}, set(), {"url"})
        if not (enclosure.get("length") or "").isdecimal() or not _TYPE.fullmatch(enclosure.get("type") or ""):
            yield f"enclosure of {enclosure.get('length')} bytes, {enclosure.get('type')}"
    if (duration := item.findtext(f"{{{ITUNES}}}duration")) is not None and not _DURATION.fullmatch(duration):
        yield f"itunes:duration {duration}"
    yield from _of_podcasting(item)
    for chapters in item.iterfind(f"{{{PSC}}}chapters"):
        yield from _simple_chapters(chapters)


def _of_podcasting(item: Element) -> Iterator[str]:
    for transcript in item.iterfind(f"{{{PODCAST}}}transcript"):
        yield from _attributes(transcript, {"url", "type"}, {"language", "rel"}, {"url"})
        if transcript.get("type") not in TRANSCRIPT_TYPES:
            yield f"podcast:transcript of type {transcript.get('type')}"
        if not _LANGUAGE.fullmatch(transcript.get("language", "en")) or transcript.get("rel", "captions") != "captions":
            yield f"podcast:transcript in {transcript.get('language')}, {transcript.get('rel')}"
    for chapters in item.iterfind(f"{{{PODCAST}}}chapters"):
        yield from _attributes(chapters, {"url", "type"}, set(), {"url"})
        if chapters.get("type") != "application/json+chapters":
            yield f"podcast:chapters of type {chapters.get('type')}"
    for person in item.iterfind(f"{{{PODCAST}}}person"):
        yield from _attributes(person, set(), {"role", "group", "img", "href"}, {"img", "href"})
        if not (person.text or "").strip() or len(person.text or "") > 128:
            yield "podcast:person without a name of up to 128 characters"
        group = person.get("group", "cast").lower()
        if group not in GROUPS or (group == "cast" and person.get("role", "host").lower() not in CAST):
            yield f"podcast:person as {person.get('role')} in {group}"


def _simple_chapters(chapters: Element) -> Iterator[str]:
    yield from _attributes(chapters, {"version"}, set(), set())
    for chapter in chapters:
        if chapter.tag != f"{{{PSC}}}chapter":
            yield f"{chapter.tag} in psc:chapters"
        yield from _attributes(chapter, {"start", "title"}, {"href", "image"}, {"href", "image"})
        if not _START.fullmatch(chapter.get("start", "")):
            yield f"psc:chapter at {chapter.get('start')}"


def _once(parent: Element, *names: str) -> Iterator[str]:
    yield from (f"{name} is there {count} times" for name in names if (count := len(parent.findall(name))) > 1)


def _attributes(element: Element, required: set[str], optional: set[str], addresses: set[str]) -> Iterator[str]:
    there = {str(name) for name in element.attrib}
    name = etree.QName(element).localname
    yield from (f"{name} has no {missing}" for missing in required - there)
    yield from (f"{name} has {more}" for more in there - required - optional)
    yield from (f"{name} leads to {element.get(key)}" for key in addresses & there if not _is_web(element.get(key) or ""))


def _date(parent: Element, name: str) -> Iterator[str]:
    if (text := parent.findtext(name)) is not None:
        try:
            parsedate_to_datetime(text)
        except ValueError:
            yield f"{name} {text} is no date"


def _is_web(address: str) -> bool:
    return urlsplit(address).scheme in {"http", "https"} and bool(urlsplit(address).hostname) and not re.search(r"\s", address)
