"""The map from the publisher's clock to the file's."""

from __future__ import annotations

import pytest

from jobs.chapters.anchor import IDENTITY, OffsetMap, Piece


def test_the_identity_changes_nothing() -> None:
    """Two clocks that are one."""
    assert [IDENTITY.apply(t) for t in (0, 12.5)] == [0, 12.5]


def test_each_piece_counts_from_its_start_on() -> None:
    """The offset steps up where something was inserted; before the first piece it is that of the first."""
    offsets = OffsetMap((Piece(10, 2), Piece(100, 32.5)), method="publisher_transcript")
    assert [offsets.apply(t) for t in (0, 10, 99.9, 100, 500)] == [2, 12, 101.9, 132.5, 532.5]


def test_nothing_lies_before_the_beginning() -> None:
    """Something cut off at the front pushes no chapter out of the file."""
    assert OffsetMap((Piece(0, -5),)).apply(2) == 0


@pytest.mark.parametrize("pieces", [(Piece(0, 5), Piece(10, 4)), (Piece(10, 0), Piece(10, 1))])
def test_offsets_never_fall(pieces: tuple[Piece, ...]) -> None:
    """A map that would turn time back is refused."""
    with pytest.raises(ValueError, match="must not fall"):
        OffsetMap(pieces)
