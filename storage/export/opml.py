"""OPML 2.0 (http://opml.org/spec2.opml): a list of feeds that players subscribe to at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from lxml import etree

from storage.plain import one_line


@dataclass(frozen=True)
class Subscription:
    """One feed of the list."""

    title: str
    feed_url: str
    page_url: str | None = None


def opml(title: str, subscriptions: Iterable[Subscription], *, made: datetime | None = None) -> bytes:
    """Write the list, UTF-8 with its declaration."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = one_line(title)
    if made is not None:
        etree.SubElement(head, "dateCreated").text = format_datetime(made)
    body = etree.SubElement(root, "body")
    for each in subscriptions:
        name = one_line(each.title) or "Untitled"
        told = {"type": "rss", "text": name, "title": name, "xmlUrl": each.feed_url}
        if each.page_url is not None:
            told["htmlUrl"] = each.page_url
        etree.SubElement(body, "outline", attrib=told)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)
