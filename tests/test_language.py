"""Where an episode is listened to for its language."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.language import CLIP_SECONDS, CLIPS, places, primary_subtag
from storage.documents import Span


@st.composite
def recordings(draw: st.DrawFn) -> tuple[list[Span], float]:
    """Draw speech regions and a length that holds them."""
    edges = sorted(draw(st.lists(st.integers(0, 7_200_000), min_size=2, max_size=40, unique=True)))
    speech = [Span(start=a / 1000, end=b / 1000) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    return speech, max(edges) / 1000 + draw(st.floats(0, 600))


@given(recordings())
@settings(max_examples=100, deadline=None)
def test_clips_lie_inside_apart_and_hold_speech(drawn: tuple[list[Span], float]) -> None:
    """At most four, in order."""
    speech, duration = drawn
    chosen = places(speech, duration)
    assert 1 <= len(chosen) <= CLIPS
    assert all(0 <= clip.start < clip.end <= duration + 1e-6 for clip in chosen)
    assert all(clip.end - clip.start <= CLIP_SECONDS + 1e-6 for clip in chosen)
    assert all(before.start < after.start for before, after in pairwise(chosen))
    assert all(any(r.start < clip.end and r.end > clip.start for r in speech) for clip in chosen)


def test_the_opening_music_is_not_listened_to() -> None:
    """Clips come from all over the middle, where people speak."""
    speech = [Span(start=at, end=at + 25) for at in range(120, 3600, 30)]
    chosen = places(speech, 3600.0)
    assert len(chosen) == CLIPS
    assert chosen[0].start >= 180
    assert chosen[-1].start >= 2600


def test_the_clip_with_the_most_speech_of_its_share_is_taken() -> None:
    """Not the first words of it."""
    speech = [Span(start=400, end=402), Span(start=700, end=740)]
    assert any(clip.start == 700 for clip in places(speech, 3600.0))


def test_a_short_file_is_heard_as_it_is_and_silence_not_at_all() -> None:
    """One clip at most."""
    assert places([Span(start=1, end=5)], 10.0) == (Span(start=0, end=10),)
    assert places([], 3600.0) == ()


@pytest.mark.parametrize(("code", "language"), [("en", "en"), ("en-US", "en"), ("pt_BR", "pt"), ("DE", "de")])
def test_the_primary_subtag_is_what_engines_know(code: str, language: str) -> None:
    """Regions and scripts are left out."""
    assert primary_subtag(code) == language
