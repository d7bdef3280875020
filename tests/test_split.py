"""Cutting into parts: they tile the recording, and cut no speech that could be left whole."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.split import GOOD_PAUSE, SHORT_PAUSE, PartSpan, cut_parts
from storage.documents import Span
from storage.errors import OptionError


@st.composite
def recordings(draw: st.DrawFn) -> tuple[float, tuple[Span, ...]]:
    """Return a duration in whole milliseconds and speech regions inside it, sorted and apart."""
    lengths = draw(st.lists(st.integers(1, 200_000) | st.integers(1, 2000), max_size=60))
    edges = [edge / 1000 for edge in itertools.accumulate(lengths)]
    duration = (edges[-1] if edges else 0) + draw(st.integers(1, 100_000)) / 1000
    return round(duration, 3), tuple(Span(start=start, end=end) for start, end in zip(edges[::2], edges[1::2], strict=False))


@settings(max_examples=300)
@given(recordings(), st.sampled_from([2.0, 20.0, 60.0, 300.0, 33.3]), st.sampled_from([0.0, 0.5, 1.0, 3.0]))
def test_parts_tile_are_bounded_and_cut_no_speech_unless_forced(
    recording: tuple[float, tuple[Span, ...]], target: float, pull: float
) -> None:
    """Also when the quietest place lies at the edge of the range, or outside it."""
    duration, speech = recording
    parts = cut_parts(duration, speech, target=target, quietest=lambda start, end: start + pull * (end - start))
    assert [part.index for part in parts] == list(range(len(parts)))
    assert parts[0].start == 0
    assert parts[-1].end == duration
    assert all(before.end == after.start for before, after in itertools.pairwise(parts))
    if len(parts) > 1:
        assert all(0.5 * target - 1e-6 <= part.end - part.start <= 1.5 * target + 1e-6 for part in parts)
    for part in parts[1:]:
        if not part.forced:
            assert not any(span.start < part.start < span.end for span in speech)
    assert not parts[0].forced


@given(recordings(), st.sampled_from([2.0, 20.0, 300.0]))
def test_no_speech_is_lost_or_doubled_among_the_parts(recording: tuple[float, tuple[Span, ...]], target: float) -> None:
    """Joined again at the forced seams it is what it was."""
    duration, speech = recording
    parts = cut_parts(duration, speech, target=target)
    joined: list[Span] = []
    for part in parts:
        for span in part.speech:
            assert part.start <= span.start < span.end <= part.end
            if joined and joined[-1].end == span.start == part.start and part.forced:
                joined[-1] = Span(start=joined[-1].start, end=span.end)
            else:
                joined.append(span)
    assert joined == list(speech)


@given(recordings())
def test_a_seam_is_forced_only_where_no_pause_is_in_reach(recording: tuple[float, tuple[Span, ...]]) -> None:
    """If a pause of 0.15 s lies wholly in the range allowed, it is taken."""
    duration, speech = recording
    target = 20.0
    parts = cut_parts(duration, speech, target=target)
    for before, after in itertools.pairwise(parts):
        if after.forced:
            low, high = before.start + 0.5 * target, min(before.start + 1.5 * target, duration - 0.5 * target)
            edges = [0.0, *(time for span in speech for time in (span.start, span.end)), duration]
            inside = [
                end - start
                for start, end in zip(edges[::2], edges[1::2], strict=True)
                if start >= low + 0.001 and end <= high - 0.001
            ]
            assert all(length < SHORT_PAUSE + 1e-6 for length in inside)


def spoken(*edges: float) -> tuple[Span, ...]:
    """Return regions from a flat list of starts and ends."""
    return tuple(Span(start=start, end=end) for start, end in zip(edges[::2], edges[1::2], strict=True))


def cuts(parts: tuple[PartSpan, ...]) -> list[float]:
    """Return where the seams are."""
    return [part.start for part in parts[1:]]


def test_a_good_pause_is_preferred_to_a_short_one_that_is_nearer() -> None:
    """0.6 s at 16 s rather than 0.2 s at the target of 20 s."""
    speech = spoken(0, 16, 16.6, 20, 20.2, 40)
    assert cuts(cut_parts(40, speech, target=20)) == [16.3]
    assert 0.6 >= GOOD_PAUSE > 0.2


def test_a_short_pause_is_taken_where_there_is_no_good_one() -> None:
    """And the seam is not forced."""
    parts = cut_parts(40, spoken(0, 21, 21.2, 40), target=20)
    assert cuts(parts) == [21.1]
    assert not parts[1].forced


def test_speech_without_a_pause_is_cut_where_it_is_quietest() -> None:
    """And the seam is marked."""
    parts = cut_parts(40, spoken(0, 40), target=20, quietest=lambda start, end: 17.1234)
    assert [(part.start, part.forced) for part in parts] == [(0, False), (17.123, True)]
    assert parts[1].speech == spoken(17.123, 40)


def test_a_long_silence_is_cut_at_the_target_and_not_in_its_middle() -> None:
    """So that a minute of silence does not unbalance the parts."""
    assert cuts(cut_parts(400, spoken(0, 10, 390, 400), target=100)) == [100, 200, 300]


def test_a_short_recording_is_one_part_and_an_empty_one_none() -> None:
    """Up to one and a half targets."""
    assert [(part.start, part.end) for part in cut_parts(450, (), target=300)] == [(0, 450)]
    assert len(cut_parts(451, (), target=300)) == 2
    assert cut_parts(0, (), target=300) == ()


@pytest.mark.parametrize("target", [0, -1, 1.9, float("nan"), float("inf")])
def test_a_length_that_makes_no_sense_is_refused(target: float) -> None:
    """With the least that is allowed."""
    with pytest.raises(OptionError, match="at least 2 s"):
        cut_parts(100, (), target=target)


@pytest.mark.parametrize("target", [20.0, 60.0, 300.0])
def test_eight_hours_are_cut_in_a_moment(target: float) -> None:
    """Twelve thousand regions, twice the same parts."""
    speech = tuple(Span(start=index * 2.4, end=index * 2.4 + 2.0 + (index % 5) * 0.05) for index in range(12_000))
    begun = time.perf_counter()
    parts = cut_parts(28_800, speech, target=target)
    assert time.perf_counter() - begun < 3
    assert parts == cut_parts(28_800, speech, target=target)
    assert len(parts) == pytest.approx(28_800 / target, rel=0.1)
    assert not any(part.forced for part in parts)
