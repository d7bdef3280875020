"""Podlove Simple Chapters."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from hypothesis import given

from storage.documents import Transcript
from storage.export.psc import psc
from tests.transcripts import chapter, squeezed, transcript, transcripts, unhurried

SPACE = "{http://podlove.org/simple-chapters}"


def parse(text: str) -> list[tuple[float, dict[str, str]]]:
    """Read the XML with the standard library: the start in seconds and the other attributes of each chapter."""
    root = ET.fromstring(text)
    assert root.tag == f"{SPACE}chapters"
    assert root.get("version") == "1.2"
    read = []
    for element in root:
        assert element.tag == f"{SPACE}chapter"
        times = re.fullmatch(r"(\d\d):([0-5]\d):([0-5]\d\.\d{3})", element.attrib.pop("start"))
        assert times
        read.append((int(times[1]) * 3600 + int(times[2]) * 60 + float(times[3]), dict(element.attrib)))
    return read


@unhurried
@given(transcripts())
def test_every_shown_chapter_reads_back_in_order(drawn: Transcript) -> None:
    """Starts to a millisecond, titles whole, links to the web alone."""
    shown = [told for told in drawn.chapters if not told.hidden]
    read = parse(psc(drawn))
    assert [squeezed(attributes["title"]) for _, attributes in read] == [squeezed(told.title) for told in shown]
    assert all(abs(start - told.start) <= 0.001 for (start, _), told in zip(read, shown, strict=True))
    for _, attributes in read:
        assert all(attributes.get(key, "https:").startswith(("http:", "https:")) for key in ("href", "image"))


def test_hidden_chapters_are_counted_and_left_out() -> None:
    """The format cannot hide, so a comment says that something is missing."""
    text = psc(
        transcript(
            [], [chapter('A "quoted" <title>', 3723.25, 4000, url="https://a.example/?x=1&y=2"), chapter("H", 1, 2, hidden=True)]
        )
    )
    assert parse(text) == [(3723.25, {"title": 'A "quoted" <title>', "href": "https://a.example/?x=1&y=2"})]
    assert "1 hidden chapter(s) left out" in text


def test_no_chapters_make_a_valid_empty_file() -> None:
    """The root alone."""
    assert parse(psc(transcript())) == []
