"""Podlove Simple Chapters 1.2, as a file of its own or inside a feed (https://podlove.org/simple-chapters/)."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from storage.documents import Chapter, Transcript
from storage.export.clock import milliseconds, timestamp
from storage.plain import one_line, web_address

NAMESPACE = "http://podlove.org/simple-chapters"


def psc(transcript: Transcript) -> str:
    """Write the chapters as XML; hidden ones are left out, since the format cannot hide, and a comment counts them."""
    root = chapters_element(transcript.chapters)
    if hidden := sum(chapter.hidden for chapter in transcript.chapters):
        root.append(etree.Comment(f" {hidden} hidden chapter(s) left out "))
    body = etree.tostring(root, encoding="unicode", pretty_print=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'


def chapters_element(chapters: Iterable[Chapter]) -> etree._Element:
    """Return the `<psc:chapters>` of those chapters that are not hidden."""
    root = etree.Element(etree.QName(NAMESPACE, "chapters"), attrib={"version": "1.2"}, nsmap={"psc": NAMESPACE})
    for chapter in sorted(chapters, key=lambda chapter: chapter.start):
        if chapter.hidden:
            continue
        attributes = {"start": timestamp(milliseconds(chapter.start)), "title": one_line(chapter.title)}
        if href := web_address(chapter.url):
            attributes["href"] = href
        if image := web_address(chapter.image):
            attributes["image"] = image
        etree.SubElement(root, etree.QName(NAMESPACE, "chapter"), attrib=attributes)
    return root
