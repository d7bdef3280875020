"""The map from the publisher's clock to the file's."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.chapters.anchor import IDENTITY, OffsetMap, Piece, Trust
from storage.documents import Span


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


def test_a_cut_stretch_lies_at_the_cut() -> None:
    """Seconds 100 to 130 are not in the file: their times all lie where it was cut, and nothing turns back."""
    offsets = OffsetMap((Piece(0, 0), Piece(130, -30)))
    assert [offsets.apply(t) for t in (99, 100, 115, 130, 140)] == [99, 100, 100, 100, 110]
    assert offsets.cut == (Span(start=100, end=130),)
    assert offsets.inserted == ()


def test_what_was_inserted_has_no_published_time() -> None:
    """Places outside an ad have one, places inside it have none, and before it nothing in doubt has."""
    offsets = OffsetMap((Piece(0, 10), Piece(100, 40, doubt=2)))
    assert [offsets.published(t) for t in (5, 10, 107, 108.5, 120, 140, 150)] == [None, 0, 97, None, None, 100, 110]
    assert offsets.inserted == (Span(start=0, end=10), Span(start=108, end=140))


def test_trust_counts_from_its_start_on() -> None:
    """Before anything is said, the map is taken for right."""
    offsets = OffsetMap(trust=(Trust(10, 0.5), Trust(20, 0.9)))
    assert [offsets.certainty(t) for t in (0, 10, 19, 20)] == [1.0, 0.5, 0.5, 0.9]


@pytest.mark.parametrize("pieces", [(Piece(0, 5), Piece(10, -6)), (Piece(10, 0), Piece(10, 1))])
def test_places_never_turn_back(pieces: tuple[Piece, ...]) -> None:
    """A map that would turn time back is refused."""
    with pytest.raises(ValueError, match="must not turn back"):
        OffsetMap(pieces)


_STEPS = st.lists(st.tuples(st.floats(0.1, 500), st.floats(-400, 400)), max_size=6)


@given(_STEPS, st.lists(st.floats(0, 4000), min_size=2, max_size=20))
def test_time_never_turns_back_and_published_undoes_apply(steps: list[tuple[float, float]], times: list[float]) -> None:
    """Whatever was put in and cut, order is kept, and a place that was published is where its time says."""
    pieces = [Piece(0.0, 0.0)]
    for length, change in steps:
        last = pieces[-1]
        pieces.append(Piece(last.published_start + length + max(0.0, -change), last.offset + change))
    offsets = OffsetMap(tuple(pieces))
    places = [offsets.apply(t) for t in sorted(times)]
    assert all(a <= b + 1e-6 for a, b in itertools.pairwise(places))
    back = [(place, offsets.published(place)) for place in sorted(times)]
    assert all(t is None or abs(offsets.apply(t) - place) < 1e-6 for place, t in back)
    known = [t for _, t in back if t is not None]
    assert all(a <= b + 1e-6 for a, b in itertools.pairwise(known))
