"""OPML: lists of feeds, as podcast players export them."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.feed_addresses import resolver
from jobs.identity import normalise_url
from jobs.safe_xml import MAX_BYTES, Element, parse_xml
from storage.errors import NoEpisode, NotAFeed


@dataclass(frozen=True, slots=True)
class OpmlFeed:
    """One subscription: the title its reader gave it, and the feed's address."""

    title: str
    url: str


def read_opml(data: bytes, *, name: str = "The OPML file", max_bytes: int = MAX_BYTES) -> tuple[OpmlFeed, ...]:
    """Return the feeds of an OPML file in its order, folders flattened, each address once.

    Any `outline` with an `xmlUrl` counts: many exporters leave `type="rss"` out. Raises `NotAFeed` if it is not OPML,
    `TooLarge` over the cap, and `NoEpisode` if it names no feed.
    """
    root = parse_xml(data, name=name, error=NotAFeed, max_bytes=max_bytes).root
    if _local(root) != "opml":
        raise NotAFeed(f"{name} is not OPML: it begins with <{_local(root)}>.", hint="Export the subscriptions as OPML.")
    resolve = resolver(None, local=False)
    feeds: dict[str, OpmlFeed] = {}
    for outline in root.iter():
        attributes = (
            {str(key).lower(): str(value) for key, value in outline.attrib.items()} if _local(outline) == "outline" else {}
        )
        url = resolve(attributes.get("xmlurl"))
        if url:
            title = " ".join((attributes.get("title") or attributes.get("text") or "").split())
            feeds.setdefault(normalise_url(url), OpmlFeed(title or url, url))
    if not feeds:
        raise NoEpisode(f"{name} names no feed.", hint="Its outlines have no xmlUrl with an http or https address.")
    return tuple(feeds.values())


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""
