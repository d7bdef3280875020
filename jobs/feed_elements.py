"""What feedparser loses of a feed: namespaced elements, and show notes as they were published.

feedparser 6.0 keeps only the last `podcast:transcript` and `podcast:person` and drops roles, misreads most Simple
Chapters starts, and merges the three fields of show notes into two; it also rewrites titles and guids. These are read
here from the XML itself.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from lxml import etree

from jobs.chapters.psc import PSC_REL, read_psc
from jobs.character_references import unescaped
from jobs.dates import parse_date
from jobs.feed_addresses import Resolve
from jobs.safe_xml import Element, text_inside
from storage.documents import ChapterSource, Link, Note, Notice, Person

_FAMILIES = {
    "": "rss",
    "http://purl.org/rss/1.0": "rss",
    "http://my.netscape.com/rdf/simple/0.9": "rss",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://purl.org/rss/1.0/modules/content": "content",
    "http://www.w3.org/2005/atom": "atom",
    "http://purl.org/atom/ns": "atom",
    "http://podlove.org/simple-chapters": "psc",
    "http://purl.org/dc/elements/1.1": "dc",
    "http://purl.org/dc/terms": "dcterms",
    "http://search.yahoo.com/mrss": "media",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns": "rdf",
}
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_XMLNS = re.compile(r""" xmlns(?::[\w.-]+)?="[^"<>]*\"""")
_CLOSING_TAG = re.compile(r"</[A-Za-z]+\s*>")
_NOTE_ORDER = ("content:encoded", "description", "itunes:summary", "atom:content", "atom:summary")


def name_of(element: Element) -> tuple[str, str]:
    """Return the family (`rss`, `atom`, `podcast` …) and the local name of an element.

    An undeclared prefix counts as the family of that name: live feeds use `podcast:` without declaring it. A
    namespace nobody knows gives the family `?`.
    """
    return _name(element.tag) if isinstance(element.tag, str) else ("?", "")


@lru_cache(maxsize=1024)
def _name(tag: str) -> tuple[str, str]:
    if not tag.startswith("{"):
        prefix, colon, local = tag.rpartition(":")
        return (prefix.lower() if colon else "rss"), local
    namespace, _, local = tag[1:].partition("}")
    key = namespace.lower().rstrip("/#")
    if "podcastindex" in key:
        return "podcast", local
    if "backend.userland.com/rss" in key:
        return "rss", local
    return _FAMILIES.get(key, "?"), local


def items_of(root: Element) -> list[Element]:
    """Return the items of a feed in document order: `item` of RSS 2.0 and 1.0, `entry` of Atom."""
    places = [root, *(child for child in root if name_of(child) == ("rss", "channel"))]
    return [
        child for place in places for child in place if name_of(child) in {("rss", "item"), ("atom", "entry"), ("rss", "entry")}
    ]


def channel_of(root: Element) -> Element:
    """Return the element that describes the show."""
    return next((child for child in root if name_of(child) == ("rss", "channel")), root)


@dataclass(frozen=True, slots=True)
class Extras:
    """What one item carries beside the fields that feedparser reads well."""

    title: str
    guid: str | None
    guid_is_permalink: bool | None
    """As its attribute says; none where it does not."""
    published: datetime | None
    duration_text: str | None
    language: str | None
    image: str | None
    notes: tuple[Note, ...]
    persons: tuple[Person, ...]
    transcript_links: tuple[Link, ...]
    chapter_links: tuple[Link, ...]
    chapters: tuple[ChapterSource, ...]
    media: tuple[Link, ...]
    """`media:content`, for feeds that have no enclosure."""
    warnings: tuple[Notice, ...]


def text_of(element: Element, *names: tuple[str, str]) -> str | None:
    """Return the text of the first direct child that has any, in the order of `names` (family and local name)."""
    return _first([(name_of(child), child) for child in element], *names)


def language_of(element: Element) -> str | None:
    """Return the language that an item or channel claims, as written."""
    claimed = text_of(element, ("rss", "language"), ("dc", "language")) or element.get(_XML_LANG)
    return str(claimed) if claimed else None


def image_of(element: Element, resolve: Resolve) -> str | None:
    """Return the picture of an item or channel: `itunes:image`, else RSS `image`, else Atom `logo`."""
    for child in element:
        if name_of(child) == ("itunes", "image") and (url := resolve(child.get("href") or child.get("url"))):
            return url
    for child in element:
        if name_of(child) == ("rss", "image") and (url := resolve(text_of(child, ("rss", "url")))):
            return url
    return resolve(text_of(element, ("atom", "logo")))


def read_extras(item: Element, resolve: Resolve) -> Extras:
    """Read one item; the tree is not changed, except that tags inside of its notes lose their namespaces."""
    children = [(name_of(child), child) for child in item]
    chapters, warnings = _inline_chapters([child for name, child in children if name == ("psc", "chapters")])
    return Extras(
        title=_title(children),
        guid=_first(children, ("rss", "guid"), ("atom", "id"), ("rss", "id")) or _about(item),
        guid_is_permalink=_is_permalink(children),
        published=parse_date(_first(children, *_DATES)),
        duration_text=_first(children, ("itunes", "duration")),
        language=language_of(item),
        image=image_of(item, resolve),
        notes=_notes(children),
        persons=persons_of(item, resolve),
        transcript_links=_links(children, "transcript", resolve),
        chapter_links=_links(children, "chapters", resolve) + _external_psc(children, resolve),
        chapters=chapters,
        media=_media(item, resolve),
        warnings=warnings,
    )


_DATES = (
    ("rss", "pubDate"),
    ("atom", "published"),
    ("rss", "published"),
    ("atom", "issued"),
    ("dc", "date"),
    ("dcterms", "issued"),
    ("dcterms", "created"),
    ("atom", "updated"),
    ("rss", "updated"),
    ("atom", "modified"),
)

Named = list[tuple[tuple[str, str], Element]]


def _first(children: Named, *names: tuple[str, str]) -> str | None:
    """Return the text of the first child that has any, in the order of `names`."""
    for wanted in names:
        for name, child in children:
            if name[0] == wanted[0] and name[1].lower() == wanted[1].lower():
                text = text_inside(child)
                if text:
                    return text
    return None


def _about(item: Element) -> str | None:
    """Return `rdf:about`, which names an item of RSS 1.0."""
    found = (str(value) for key, value in item.attrib.items() if str(key).endswith(("}about", "rdf:about")))
    return next(found, None)


def _is_permalink(children: Named) -> bool | None:
    claims = (child.get("isPermaLink", "").strip().lower() for name, child in children if name == ("rss", "guid"))
    return {"true": True, "false": False}.get(next(claims, ""))


def _title(children: Named) -> str:
    return plain_title(_first(children, ("rss", "title"), ("atom", "title"), ("itunes", "title"), ("dc", "title")) or "")


def plain_title(text: str) -> str:
    """Return a title without the HTML that publishers escape into it (`AT&amp;amp;T`, `<b>…</b>`)."""
    text = unescaped(text)
    if _CLOSING_TAG.search(text):
        fragment = etree.fromstring(f"<p>{text}</p>".encode(), etree.HTMLParser(encoding="utf-8", no_network=True))
        text = text_inside(fragment) if fragment is not None else text
    return " ".join(text.split())


def inner_html(element: Element) -> str:
    """Return what stands inside an element, as HTML: its text, and markup that the publisher forgot to escape."""
    if len(element) == 0:
        return str(element.text or "")
    for inner in element.iter():
        if isinstance(inner.tag, str):
            inner.tag = etree.QName(inner).localname if inner.tag.startswith("{") else inner.tag.rpartition(":")[2]
    etree.cleanup_namespaces(element)
    children = "".join(etree.tostring(child, encoding="unicode", method="html") for child in element)
    return html.escape(element.text or "", quote=False) + _XMLNS.sub("", children)


def _notes(children: Named) -> tuple[Note, ...]:
    fields = {
        ("content", "encoded"): "content:encoded",
        ("rss", "description"): "description",
        ("itunes", "summary"): "itunes:summary",
        ("atom", "content"): "atom:content",
        ("atom", "summary"): "atom:summary",
        ("rss", "content"): "atom:content",
        ("rss", "summary"): "atom:summary",
    }
    notes = []
    for name, child in children:
        field = fields.get(name)
        if field is None or child.get("src"):
            continue
        text = inner_html(child)
        if field.startswith("atom:") and child.get("type", "text") in {"text", "text/plain"}:
            text = html.escape(text, quote=False)
        if text.strip():
            notes.append((_NOTE_ORDER.index(field), Note.model_validate({"field": field, "html": text})))
    return tuple(note for _, note in sorted(notes, key=lambda pair: pair[0]))


def persons_of(element: Element, resolve: Resolve) -> tuple[Person, ...]:
    """Return the `podcast:person` elements directly inside an item or channel, all of them, with their roles."""
    return tuple(
        Person(
            name=name,
            role=(child.get("role") or "host").strip().lower() or "host",
            group=(child.get("group") or "cast").strip().lower() or "cast",
            url=resolve(child.get("href")),
            image=resolve(child.get("img")),
        )
        for child in element
        if name_of(child) == ("podcast", "person") and (name := text_inside(child))
    )


def _links(children: Named, local: str, resolve: Resolve) -> tuple[Link, ...]:
    """Return every `podcast:<local>` that has a usable address."""
    return tuple(
        Link(
            url=url,
            media_type=child.get("type") or None,
            language=child.get("language") or None,
            rel="podcast_json" if local == "chapters" else child.get("rel") or None,
        )
        for name, child in children
        if name == ("podcast", local) and (url := resolve(child.get("url")))
    )


def _external_psc(children: Named, resolve: Resolve) -> tuple[Link, ...]:
    return tuple(
        Link(url=url, media_type=child.get("type") or None, rel="psc")
        for name, child in children
        if name in {("atom", "link"), ("rss", "link")}
        and (child.get("rel") or "").strip().rstrip("/").lower() == PSC_REL
        and (url := resolve(child.get("href")))
    )


def _inline_chapters(found: list[Element]) -> tuple[tuple[ChapterSource, ...], tuple[Notice, ...]]:
    if not found:
        return (), ()
    source, notices = read_psc(found[0], "psc:chapters")
    if len(found) > 1:
        extra = f"{len(found) - 1} more psc:chapters in the same item were ignored, as the specification says."
        notices = (*notices, Notice(code="psc_extra_ignored", message=extra))
    return (source,), notices


def _media(item: Element, resolve: Resolve) -> tuple[Link, ...]:
    return tuple(
        Link(url=url, media_type=element.get("type")) for element in _media_elements(item) if (url := resolve(element.get("url")))
    )


def _media_elements(item: Element) -> Iterator[Element]:
    for child in item:
        name = name_of(child)
        if name == ("media", "content"):
            yield child
        elif name == ("media", "group"):
            yield from (inner for inner in child if name_of(inner) == ("media", "content"))
