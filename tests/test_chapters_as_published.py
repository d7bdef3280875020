"""What was heard, on the publisher's clock."""

from __future__ import annotations

from jobs.chapters.anchor import IDENTITY, OffsetMap, Piece
from jobs.chapters.as_published import as_published
from storage.documents import Coverage, Turn, Word

WORDS = [Word(start=t, end=t + 0.5, text=str(t), speaker="A") for t in (1.0, 5.0, 12.0, 18.0, 21.0, 25.0)]
TURNS = [Turn(start=0, end=10, speaker="A"), Turn(start=10, end=20, speaker="Ad"), Turn(start=20, end=30, speaker="A")]
COVERAGE = [
    Coverage(start=0, end=8, kind="speech"),
    Coverage(start=8, end=22, kind="music"),
    Coverage(start=22, end=30, kind="speech"),
]


def test_without_an_offset_nothing_is_touched() -> None:
    """The same objects come back."""
    words, turns, coverage = as_published(WORDS, TURNS, COVERAGE, IDENTITY)
    assert (words, turns, coverage) == (WORDS, TURNS, COVERAGE)
    assert words is WORDS


def test_an_ad_is_left_out_and_what_follows_closes_up() -> None:
    """Seconds 10 to 20 of the file were not published."""
    words, turns, coverage = as_published(WORDS, TURNS, COVERAGE, OffsetMap((Piece(0, 0), Piece(10, 10))))
    assert [(w.text, w.start) for w in words] == [("1.0", 1), ("5.0", 5), ("21.0", 11), ("25.0", 15)]
    assert [(t.start, t.speaker) for t in turns] == [(0, "A"), (10, "A")]
    assert [(c.start, c.kind) for c in coverage] == [(0, "speech"), (8, "music"), (10, "music"), (12, "speech")]


def test_a_cut_leaves_a_hole() -> None:
    """What follows lies as much later as was cut."""
    words, _, coverage = as_published(WORDS, TURNS, COVERAGE, OffsetMap((Piece(0, 0), Piece(110, -90))))
    assert [w.start for w in words] == [1, 5, 12, 18, 111, 115]
    assert [(c.start, c.end) for c in coverage] == [(0, 8), (8, 20), (110, 112), (112, 120)]
