"""A part cut in its pauses into streams of about a window each."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.protocols import SAMPLE_RATE, PartAudio
from jobs.engines.streams import LEAST_PAUSE, streams
from storage.documents import Span

WINDOW = 30.0


def part_with(speech: list[tuple[float, float]], length: float, start: float = 0.0) -> PartAudio:
    """Return a part of a file whose samples tell their own place."""
    spans = tuple(Span(start=start + a, end=start + b) for a, b in speech)
    return PartAudio(np.arange(round(length * SAMPLE_RATE), dtype=np.float32), start, spans)


def phrases(seconds: float, pause: float, length: float) -> list[tuple[float, float]]:
    """Return phrases of so many seconds, with equal pauses between them."""
    step = seconds + pause
    return [(at * step, at * step + seconds) for at in range(int(length // step))]


@st.composite
def parts(draw: st.DrawFn) -> PartAudio:
    """Draw a part of two minutes somewhere in a file, with many or few speech regions and pauses of all lengths."""
    edges = sorted(draw(st.lists(st.integers(0, 119_999), max_size=80, unique=True)))
    start = draw(st.sampled_from([0.0, 12.345, 3600.0]))
    return part_with([(a / 1000, b / 1000) for a, b in zip(edges[::2], edges[1::2], strict=False)], 120.0, start)


@given(parts())
@settings(max_examples=200, deadline=None)
def test_streams_follow_each_other_and_no_speech_is_cut(part: PartAudio) -> None:
    """Together they are the part, sample for sample; each region is whole, in order; cuts lie in pauses that are long enough."""
    cut = streams(part, WINDOW)
    assert np.array_equal(np.concatenate([stream.samples for stream in cut]), part.samples)
    assert [region for stream in cut for region in stream.speech] == list(part.speech)
    for before, after in pairwise(cut):
        assert after.start - before.speech[-1].end >= LEAST_PAUSE / 2 - 1e-6
        assert after.speech[0].start - after.start >= LEAST_PAUSE / 2 - 1e-6
        assert abs(before.end - after.start) < 2 / SAMPLE_RATE


def test_a_stream_is_no_longer_than_a_window_where_there_are_pauses() -> None:
    """Phrases of 4 s with good pauses: all streams but the last are nearly full, and none is longer than a window."""
    cut = streams(part_with(phrases(4.0, 0.6, 300.0), 300.0), WINDOW)
    lengths = [stream.speech[-1].end - stream.speech[0].start for stream in cut]
    assert max(lengths) <= WINDOW
    assert min(lengths[:-1]) > WINDOW - 8
    assert len(cut) == 11


def test_the_longer_of_two_pauses_is_cut_in() -> None:
    """Where the last pause before a window's end is a short one, a good one a little earlier is chosen."""
    speech = [(0.0, 20.0), (20.6, 28.0), (28.2, 45.0), (45.7, 60.0)]
    cut = streams(part_with(speech, 60.0), WINDOW)
    assert [len(stream.speech) for stream in cut] == [1, 2, 1]


def test_speech_without_a_pause_is_one_stream() -> None:
    """Pauses of a tenth of a second are none: a cut there would go through a word."""
    assert len(streams(part_with(phrases(3.0, 0.1, 100.0), 100.0), WINDOW)) == 1


def test_long_silences_do_not_count() -> None:
    """They are left out before anything is heard: words far apart share a window."""
    cut = streams(part_with([(10.0, 12.0), (50.0, 53.0), (110.0, 118.0)], 120.0), WINDOW)
    assert [len(stream.speech) for stream in cut] == [3]


def test_a_part_without_speech_is_one_stream() -> None:
    """It has nothing to hear, and nothing to cut."""
    (only,) = streams(part_with([], 20.0), WINDOW)
    assert len(only.samples) == 20 * SAMPLE_RATE
