"""Podlove Simple Chapters 1.2 as a file of its own (https://podlove.org/simple-chapters/)."""

from __future__ import annotations

from lxml import etree

from storage.documents import Transcript
from storage.export.clock import milliseconds, timestamp
from storage.plain import one_line, web_address

NAMESPACE = "http://podlove.org/simple-chapters"


def psc(transcript: Transcript) -> str:
    """Write the chapters as XML; hidden ones are left out, since the format cannot hide, and a comment counts them."""
    root = etree.Element(etree.QName(NAMESPACE, "chapters"), attrib={"version": "1.2"}, nsmap={"psc": NAMESPACE})
    chapters = sorted(transcript.chapters, key=lambda chapter: chapter.start)
    for chapter in chapters:
        if chapter.hidden:
            continue
        attributes = {"start": timestamp(milliseconds(chapter.start)), "title": one_line(chapter.title)}
        if href := web_address(chapter.url):
            attributes["href"] = href
        if image := web_address(chapter.image):
            attributes["image"] = image
        etree.SubElement(root, etree.QName(NAMESPACE, "chapter"), attrib=attributes)
    if hidden := sum(chapter.hidden for chapter in chapters):
        root.append(etree.Comment(f" {hidden} hidden chapter(s) left out "))
    body = etree.tostring(root, encoding="unicode", pretty_print=True)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
