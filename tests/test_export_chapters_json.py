"""JSON Chapters."""

from __future__ import annotations

import json

from hypothesis import given

from storage.documents import Transcript
from storage.export.chapters_json import chapters_json
from tests.transcripts import chapter, squeezed, transcript, transcripts, unhurried


@unhurried
@given(transcripts())
def test_every_chapter_reads_back_in_order_with_web_links_alone(drawn: Transcript) -> None:
    """Starts to a millisecond, titles whole, and no link that is not http(s)."""
    read = json.loads(chapters_json(drawn))
    assert [squeezed(entry["title"]) for entry in read["chapters"]] == [squeezed(c.title) for c in drawn.chapters]
    for entry, told in zip(read["chapters"], drawn.chapters, strict=True):
        assert abs(entry["startTime"] - told.start) <= 0.001
        assert abs(entry["endTime"] - told.end) <= 0.001
        assert entry.get("toc") is (False if told.hidden else None)
        assert all(entry.get(key, "https:").startswith(("http:", "https:")) for key in ("url", "img"))


def test_the_document_of_two_chapters() -> None:
    """The fields of the specification, with a space in a link encoded and a script link dropped."""
    chapters = [
        chapter("Two", 60.5, 90, hidden=True, url="javascript:alert(1)"),
        chapter("One", 0, 60.5, url="https://a.example/x y", image="https://a.example/i.png"),
    ]
    assert json.loads(chapters_json(transcript([], chapters))) == {
        "version": "1.2.0",
        "title": "A Talk",
        "podcastName": "The Show",
        "chapters": [
            {
                "startTime": 0,
                "endTime": 60.5,
                "title": "One",
                "url": "https://a.example/x%20y",
                "img": "https://a.example/i.png",
            },
            {"startTime": 60.5, "endTime": 90, "title": "Two", "toc": False},
        ],
    }
