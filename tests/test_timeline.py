"""The clock: frames keep the places that their time stamps give them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from jobs.timeline import MAX_GAP, Clock


@dataclass
class Frame:
    """A tenth of a second at 1 kHz, as the decoder would give it."""

    time: float | None
    samples: int = 100
    sample_rate: int = 1000


def placed(stamps: list[float | None], failed: dict[int, float] | None = None, origin: float = 0.0) -> list[float]:
    """Return where each frame begins."""
    clock = Clock(origin)
    starts = []
    for index, stamp in enumerate(stamps):
        clock.place(Frame(stamp), (failed or {}).get(index))
        starts.append(round(clock.frame_start, 6))
    return starts


def test_frames_follow_their_stamps_from_the_origin() -> None:
    """The first may begin later; rounding changes nothing."""
    assert placed([5.0, 5.1, 5.201, 5.299], origin=5.0) == [0, 0.1, 0.2, 0.3]
    assert placed([5.5, 5.6], origin=5.0) == [0.5, 0.6]


def test_a_leap_ahead_is_silence_and_a_leap_back_or_far_ahead_is_a_new_clock() -> None:
    """After which the stamps are followed again."""
    assert placed([0, 0.1, 3.0, 3.1]) == [0, 0.1, 3.0, 3.1]
    assert placed([0, 0.1, 0.0, 0.1, 0.5]) == [0, 0.1, 0.2, 0.3, 0.7]
    assert placed([0, MAX_GAP * 3, MAX_GAP * 3 + 0.1]) == [0, 0.1, 0.2]


def test_after_damage_even_a_short_gap_is_kept() -> None:
    """The stamps tell it, or the lengths of the broken packets where there are no stamps or a new clock."""
    assert placed([0, 0.126], {1: 0.026}) == [0, 0.126]
    assert placed([0, 0.126]) == [0, 0.1]
    assert placed([None, None], {1: 0.5}) == [0, 0.6]
    assert placed([5000, 9000, 9000.1], {1: 0.5}) == [0, 0.6, 0.7]


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=50), st.floats(-100, 100))
def test_frames_never_overlap_and_gaps_are_bounded(stamps: list[float | None], origin: float) -> None:
    """Whatever a file says."""
    clock = Clock(origin)
    end = 0.0
    for stamp in stamps:
        gap = clock.place(Frame(stamp), None)
        assert 0 <= gap <= MAX_GAP
        assert clock.frame_start >= end
        end = clock.position
