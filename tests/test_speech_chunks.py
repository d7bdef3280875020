"""Speech without its long silences, and the way back to the file's clock."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.protocols import SAMPLE_RATE, PartAudio
from jobs.engines.speech_chunks import LONGEST_PAUSE, PADDING, compact, speech_chunks, windows
from storage.documents import Span

LENGTH = 60.0


@st.composite
def parts(draw: st.DrawFn) -> PartAudio:
    """Draw a part of a minute somewhere in a file, with speech regions; each sample tells its own place."""
    start = draw(st.sampled_from([0.0, 12.345, 3600.0]))
    edges = sorted(draw(st.lists(st.integers(0, 59_999), max_size=16, unique=True)))
    regions = [Span(start=start + a / 1000, end=start + b / 1000) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    return PartAudio(np.arange(round(LENGTH * SAMPLE_RATE), dtype=np.float32), start, tuple(regions))


@given(parts())
@settings(max_examples=150, deadline=None)
def test_nothing_of_the_speech_is_left_out_and_no_long_silence_is_kept(part: PartAudio) -> None:
    """Every region lies in one chunk; chunks are sorted and apart; silences in them are short."""
    chunks = speech_chunks(part)
    kept = [(part.start + c.begin / SAMPLE_RATE, part.start + c.end / SAMPLE_RATE) for c in chunks]
    for region in part.speech:
        assert any(begin <= region.start + 1e-3 and region.end <= end + 1e-3 for begin, end in kept)
    assert all(before[1] <= after[0] for before, after in pairwise(kept))
    for begin, end in kept:
        inside = [region for region in part.speech if begin <= region.start < end]
        assert inside[0].start - begin <= PADDING + 1e-3
        assert end - inside[-1].end <= PADDING + 1e-3
        assert all(after.start - before.end <= LONGEST_PAUSE for before, after in pairwise(inside))


@given(parts(), st.data())
@settings(max_examples=150, deadline=None)
def test_times_go_there_and_back(part: PartAudio, data: st.DataObject) -> None:
    """Each sample of the compact speech is the sample at the file time that it maps to."""
    speech = compact(part, speech_chunks(part))
    if not len(speech.samples):
        assert part.speech == ()
        return
    at = data.draw(st.integers(0, len(speech.samples) - 1))
    seconds = at / SAMPLE_RATE
    place = round((speech.file_time(seconds) - part.start) * SAMPLE_RATE)
    assert abs(place - speech.samples[at]) <= 1
    other = data.draw(st.integers(0, len(speech.samples) - 1))
    low, high = sorted((at, other))
    assert speech.file_time(low / SAMPLE_RATE) <= speech.file_time(high / SAMPLE_RATE)


def test_a_time_at_a_joint_can_be_read_on_either_side() -> None:
    """The end of a word belongs to the chunk before the joint, not behind the silence."""
    part = PartAudio(np.zeros(20 * SAMPLE_RATE, np.float32), 100.0, (Span(start=101, end=102), Span(start=110, end=112)))
    speech = compact(part, speech_chunks(part))
    joint = 1.8  # 0.4 + 1 + 0.4
    assert speech.file_time(joint) == pytest.approx(109.6)
    assert speech.file_time(joint, 0) == pytest.approx(102.4)
    assert speech.file_time(joint + 0.5, 0) == pytest.approx(102.4)
    assert speech.file_time(joint - 0.5, 1) == pytest.approx(109.6)


@given(parts(), st.sampled_from([10.0, 20.0, 28.0]))
@settings(max_examples=150, deadline=None)
def test_windows_hold_all_speech_and_are_never_too_long(part: PartAudio, longest: float) -> None:
    """They are sorted, apart, and inside the part."""
    found = windows(part, longest=longest)
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(found))
    assert all(span.end - span.start <= longest + 1e-6 for span in found)
    assert all(part.start <= span.start < span.end <= part.end + 1e-9 for span in found)
    for region in part.speech:
        for moment in np.linspace(region.start, region.end, 7)[1:-1]:
            assert any(span.start - 1e-6 <= moment <= span.end + 1e-6 for span in found)


def test_silence_has_no_chunks_and_no_windows() -> None:
    """Nothing is heard where there is nothing."""
    part = PartAudio(np.zeros(SAMPLE_RATE, np.float32), 0.0, ())
    assert (speech_chunks(part), windows(part, longest=20)) == ((), ())
    assert len(compact(part, ()).samples) == 0
