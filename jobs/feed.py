"""RSS 2.0, RSS 1.0 and Atom into publications; the only file that imports feedparser.

The bytes are made safe first (`jobs.safe_xml`), then read twice. What feedparser would lose or rewrite is taken from
the XML (`jobs.feed_elements`); feedparser reads a slim copy without show notes, because it knows how the formats say
link, enclosure and date, and because cleaning HTML is what makes it slow.

Relative addresses are resolved against the feed's own (and `xml:base`). In a local feed (`url` is none or `file:`)
relative paths inside the feed's folder are allowed: with a `file:` url they become `file:` addresses, without one
they stay as they are for the caller to resolve.
"""

from __future__ import annotations

import calendar
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser
from lxml import etree

from jobs.dates import parse_date
from jobs.durations import parse_duration
from jobs.feed_addresses import Resolve, resolver
from jobs.feed_elements import (
    Extras,
    channel_of,
    image_of,
    items_of,
    language_of,
    name_of,
    persons_of,
    plain_title,
    read_extras,
    text_of,
)
from jobs.feed_order import distinct, newest_first
from jobs.identity import episode_id
from jobs.media_types import media_rank
from jobs.safe_xml import MAX_BYTES, Element, parse_xml, text_inside
from jobs.titles import title_from_url
from storage.documents import Episode, Link, Notice, Person, Publication
from storage.errors import NoEpisode, NotAFeed, TooLarge

MAX_ITEMS = 10_000
"""Most items of a feed that are read; the newest ones."""

ATOM = "http://www.w3.org/2005/Atom"
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_PAGE_TAGS = {"html", "head", "body", "script", "meta", "div", "p", "table"}
_SLIM = {"link", "guid", "enclosure"}
_DATES = {"pubdate", "published", "issued", "updated", "modified", "date"}


@dataclass(frozen=True, slots=True)
class Feed:
    """A show and what it has published, newest first; undated episodes keep their place in the document."""

    title: str
    link: str | None
    language: str | None
    image: str | None
    publications: tuple[Publication, ...]
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class _Show:
    """What the items take from their channel."""

    url: str | None
    title: str
    language: str | None
    image: str | None
    persons: tuple[Person, ...]
    resolve: Resolve


def read_feed(data: bytes, *, url: str | None, max_bytes: int = MAX_BYTES, max_items: int = MAX_ITEMS) -> Feed:
    """Read a feed; `url` is where it came from (`http`, `https`, `file`), or none.

    Items without audio, and items past `max_items`, are left out with a notice. Raises `NotAFeed` for anything that
    is not one and for XML that declares dangerous entities, `TooLarge` over the caps, and `NoEpisode` if no item has
    audio.
    """
    name = f"The feed {url}" if url else "The feed"
    root, notices = _parse(data, name, max_bytes, max_items)
    _require_feed(root, name)
    channel = channel_of(root)
    resolve = _resolver(url, root, channel)
    items, cut = _newest_items(items_of(root), max_items)
    show = _Show(
        url=url,
        title=plain_title(text_of(channel, ("rss", "title"), ("atom", "title")) or ""),
        language=language_of(channel) or language_of(root),
        image=image_of(channel, resolve),
        persons=persons_of(channel, resolve),
        resolve=resolve,
    )
    extras = [read_extras(item, resolve) for item in items]
    link, entries = _by_feedparser(root, channel, list(zip(items, extras, strict=True)), name)
    found = [_publication(extra, entry, show) for extra, entry in zip(extras, entries, strict=True)]
    publications = [publication for publication in found if isinstance(publication, Publication)]
    silent = [title for title in found if isinstance(title, str)]
    if not publications:
        raise NoEpisode(f"{name} has {len(items)} items, none with audio.", hint="Is it the feed of a podcast, or of a blog?")
    ordered, doubles = distinct(newest_first(publications), url)
    notices = (*notices, *cut, *_without_audio(silent), *doubles)
    return Feed(show.title, resolve(link), show.language, show.image, tuple(ordered), notices)


def _parse(data: bytes, name: str, max_bytes: int, max_items: int) -> tuple[Element, tuple[Notice, ...]]:
    if not data.strip():
        raise NotAFeed(f"{name} is empty.", hint="The server sent no content; try again later.")
    if data.count(b"<item") + data.count(b"<entry") > 20 * max_items:
        raise TooLarge(f"{name} has more than {20 * max_items:,} items.", hint="No real podcast has; check where it comes from.")
    document = parse_xml(data, name=name, error=NotAFeed, max_bytes=max_bytes)
    if not document.encoding_repaired:
        return document.root, ()
    text = f"{name} states a wrong encoding; it was read as {document.encoding}."
    return document.root, (Notice(code="feed_encoding", message=text),)


def _require_feed(root: Element, name: str) -> None:
    family, local = name_of(root)
    if local.lower() in _PAGE_TAGS:
        raise NotAFeed(
            f"{name} is a web page, not a feed.",
            hint="Look on the page for a link named RSS, or give the page itself as the source.",
        )
    if local.lower() == "opml":
        raise NotAFeed(f"{name} is a list of feeds (OPML).", hint="Give it as an OPML source, or pick one feed of it.")
    if (family in {"rss", "rdf"} and local.lower() in {"rss", "rdf", "channel"}) or (
        family in {"atom", "rss"} and local == "feed"
    ):
        return
    raise NotAFeed(f"{name} is XML, but neither RSS nor Atom: it begins with <{local}>.", hint="Check the address.")


def _resolver(url: str | None, root: Element, channel: Element) -> Resolve:
    base = url
    for element in (root, channel):
        try:
            joined = urljoin(base or "", element.get(_XML_BASE) or "")
        except ValueError:
            continue
        if joined.startswith(("http://", "https://")):
            base = joined
    return resolver(base, local=url is None or urlsplit(url).scheme.lower() == "file")


def _newest_items(items: list[Element], most: int) -> tuple[list[Element], tuple[Notice, ...]]:
    """Keep `most` items from the end of the document where the newer ones stand, usually its beginning."""
    if len(items) <= most:
        return items, ()
    first, last = (parse_date(text_of(item, ("rss", "pubDate"), ("atom", "published"))) for item in (items[0], items[-1]))
    kept = items[-most:] if first and last and first < last else items[:most]
    text = f"The feed has {len(items):,} items; only the {most:,} newest were read."
    return kept, (Notice(code="feed_truncated", message=text),)


# ------------------------------------------------------------------ what feedparser reads


def _by_feedparser(
    root: Element, channel: Element, items: list[tuple[Element, Extras]], name: str
) -> tuple[str | None, list[dict[str, Any]]]:
    """Return the show's link, and one entry an item, from a slim copy of the feed."""
    atom = name_of(root)[1] == "feed"
    slim = etree.Element(f"{{{ATOM}}}feed" if atom else "rss")
    place = slim if atom else etree.SubElement(slim, "channel")
    _copy(channel, place, {"link"})
    for item, extras in items:
        names = _SLIM if extras.published else _SLIM | _DATES
        _copy(item, etree.SubElement(place, f"{{{ATOM}}}entry" if atom else "item"), names)
    source = io.BytesIO(etree.tostring(slim, encoding="utf-8", xml_declaration=True))
    headers = {"content-type": "application/xml; charset=utf-8"}
    parsed = feedparser.parse(source, response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
    if len(parsed.entries) != len(items):
        raise NotAFeed(
            f"{name} could not be read: {len(items)} items, {len(parsed.entries)} understood.", hint="Please report this feed."
        )
    return parsed.feed.get("link"), parsed.entries


def _copy(source: Element, target: Element, names: set[str]) -> None:
    """Copy the direct children that feedparser shall read, in the namespaces it knows and without further markup."""
    for child in source:
        family, local = name_of(child)
        if local.lower() not in names or family not in {"rss", "atom", "dc"}:
            continue
        atom = family == "atom" or etree.QName(target).namespace == ATOM
        copy = etree.SubElement(target, f"{{{ATOM}}}{local}" if atom else local)
        copy.text = text_inside(child)
        for key, value in child.attrib.items():
            if ":" not in str(key) and "{" not in str(key):
                copy.set(key, value)


def _date_of(entry: dict[str, Any]) -> datetime | None:
    """Return feedparser's reading of a date: it knows formats in Korean, Greek and Hungarian."""
    for key in ("published_parsed", "updated_parsed"):
        # its own `get` invents `updated` from `published`, with a deprecation warning
        moment = dict.get(entry, key)
        if moment:
            try:
                return datetime.fromtimestamp(calendar.timegm(moment), UTC)
            except (ValueError, OverflowError, OSError):
                continue
    return None


# ------------------------------------------------------------------ publications


def _publication(extras: Extras, entry: dict[str, Any], show: _Show) -> Publication | str:
    """Return the publication of one item, or its title if it has no audio."""
    audio = _audio(extras, entry, show.resolve)
    if audio is None:
        return extras.title or extras.guid or "untitled"
    episode = Episode(
        id=episode_id(show.url, extras.guid, audio.url),
        title=extras.title or title_from_url(audio.url),
        show=show.title or None,
        guid=extras.guid,
        audio_url=audio.url,
        page_url=show.resolve(entry.get("link")),
        feed_url=show.url,
        published=extras.published or _date_of(entry),
        published_duration=parse_duration(extras.duration_text),
        language=extras.language or show.language,
        image=extras.image or show.image,
        persons=extras.persons or show.persons,
    )
    return Publication(
        episode=episode,
        media_type=audio.media_type,
        bytes=_length(entry, audio.url, show.resolve),
        guid_is_permalink=extras.guid_is_permalink,
        notes=extras.notes,
        chapters=extras.chapters,
        chapter_links=extras.chapter_links,
        transcript_links=extras.transcript_links,
        warnings=extras.warnings + _duration_warning(extras.duration_text),
    )


def _audio(extras: Extras, entry: dict[str, Any], resolve: Resolve) -> Link | None:
    """Return the best enclosure: audio before video before what does not say; `media:content` where there is no enclosure."""
    enclosures = [
        Link(url=url, media_type=(link.get("type") or "").strip() or None)
        for link in entry.get("links", ())
        if link.get("rel") == "enclosure" and (url := resolve(link.get("href")))
    ]
    for offers in (enclosures, extras.media):
        ranked = [(rank, offer) for offer in offers if (rank := media_rank(offer.url, offer.media_type)) is not None]
        if ranked:
            return min(ranked, key=lambda pair: pair[0])[1]
    return None


def _length(entry: dict[str, Any], url: str, resolve: Resolve) -> int | None:
    """Return the bytes that an enclosure claims to have; publishers who do not know it write 0 or 1, or leave it out."""
    links = (link for link in entry.get("links", ()) if link.get("rel") == "enclosure" and resolve(link.get("href")) == url)
    digits = next((link.get("length") or "" for link in links), "").strip()
    length = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 15 else 0
    return length if length > 1 else None


def _duration_warning(text: str | None) -> tuple[Notice, ...]:
    if text is None or not text.strip("0:. ") or parse_duration(text) is not None:
        return ()
    return (Notice(code="duration_unreadable", message=f"The published duration {text[:40]!r} cannot be read."),)


def _without_audio(titles: list[str]) -> tuple[Notice, ...]:
    if not titles:
        return ()
    shown = ", ".join(f"“{title[:80]}”" for title in titles[:3]) + (" …" if len(titles) > 3 else "")
    return (
        Notice(code="item_without_audio", message=f"{len(titles)} of the feed's items have no audio and were left out: {shown}."),
    )
