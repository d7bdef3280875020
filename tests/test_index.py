"""The index of an output folder."""

from __future__ import annotations

import json

from storage.documents import Notice
from storage.index import Index, indexed
from tests.transcripts import chapter, segment, transcript


def test_an_entry_has_what_a_listing_needs() -> None:
    """Title, show, date, length, language, paths, chapters that are shown, names, and counts."""
    told = transcript(
        [segment("one two three")],
        [chapter("Two", 5, 9), chapter("One", 0, 5), chapter("Hidden", 1, 2, hidden=True)],
        warnings=[Notice(code="x", message="y")],
    )
    entry = json.loads(indexed(told, {"json": "The Show/a.transcript.json", "vtt": "The Show/a.vtt"}).model_dump_json())
    assert entry == {
        "id": "e1",
        "title": "A Talk",
        "show": "The Show",
        "published": "2024-05-01T12:00:00Z",
        "duration": 3725.5,
        "language": "en",
        "path": "The Show/a.transcript.json",
        "files": {"json": "The Show/a.transcript.json", "vtt": "The Show/a.vtt"},
        "chapters": [{"start": 0.0, "title": "One"}, {"start": 5.0, "title": "Two"}],
        "speakers": ["Ann Other", "Speaker 2"],
        "words": 3,
        "warnings": 1,
        "made_at": "2024-05-02T00:00:00Z",
    }


def test_an_entry_replaces_the_one_of_the_same_episode_and_all_are_sorted() -> None:
    """By show, date and title, whatever the order in which they came."""
    index = Index()
    for episode_id, title in (("b", "B"), ("c", "C"), ("a", "A"), ("c", "Aa")):
        index = index.with_entry(indexed(transcript(id=episode_id, title=title), {"json": "x/y"}))
    assert [episode.title for episode in index.episodes] == ["A", "Aa", "B"]
    found = index.entry("c")
    assert found is not None
    assert found.title == "Aa"
    assert index.entry("d") is None
