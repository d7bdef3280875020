"""Where the start of a chapter comes from, in words."""

from __future__ import annotations

from service.pages.evidence import evidence
from tests.transcripts import chapter


def test_both_times_and_the_way_from_one_to_the_other_are_said() -> None:
    """With how sure that is."""
    moved = chapter("News", 766.0, 800, published_start=754.0, offset=12.0, method="publisher_transcript", confidence=0.93)
    found = evidence(moved)
    assert found.short == "12 s later than published, 93% sure"
    assert found.lines[0] == "Published at 12:34; begins at 12:46 in this file, 12 s later."
    assert "publisher's transcript" in found.lines[1]
    assert found.lines[-1].startswith("Confidence 93%")


def test_what_was_not_moved_and_what_was_never_published_is_said_so() -> None:
    """Generated chapters have no published time, and no source but the transcript."""
    assert evidence(chapter("News", 5.0, 9)).short == "as published, 100% sure"
    made = chapter("News", 5.0, 9, published_start=None, method="generated", confidence=0.4, source="generated")
    assert evidence(made).short == "generated, 40% sure"
    assert "no time was published" in evidence(made).lines[0]
    assert "1:30 min earlier" in evidence(chapter("News", 10.0, 20, published_start=100.0, offset=-90.0)).short
    assert "cut off" in " ".join(evidence(chapter("News", 5.0, 9, truncated=True)).lines)
