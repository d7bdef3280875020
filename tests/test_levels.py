"""Levels: measured as they stream past, right in decibels."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.levels import SILENT_DBFS, LevelMeter, LevelTrack
from jobs.pcm import Pcm16
from storage.documents import Span
from tests.recordings import Sound, noise, silence, tone


def measured(sound: Sound, block: int = 163_840) -> LevelTrack:
    """Measure a 16 kHz sound block by block."""
    samples: Pcm16 = np.clip(np.rint(sound * 32768), -32768, 32767).astype(np.int16)
    meter = LevelMeter()
    for first in range(0, len(samples), block):
        meter.feed(samples[first : first + block])
    return meter.finish()


def test_a_sine_at_half_scale_is_9_db_down() -> None:
    """6 dB for the half, 3 dB for the sine."""
    loudness = measured(tone(1, 16_000, level=0.5)).loudness([])
    assert loudness.rms_dbfs == pytest.approx(-9.03, abs=0.02)
    assert loudness.peak_dbfs == pytest.approx(-6.02, abs=0.02)
    assert loudness.speech_dbfs is None


def test_the_most_negative_sample_is_full_scale() -> None:
    """It has no positive twin in 16 bits."""
    assert measured(-np.ones(100, np.float32)).loudness([]).peak_dbfs == 0


def test_the_level_of_speech_is_that_of_the_speech_alone() -> None:
    """Whatever surrounds it."""
    track = measured(np.concatenate([tone(1, 16_000, level=0.9), tone(1, 16_000, level=0.1), silence(1, 16_000)]))
    loudness = track.loudness([Span(start=1, end=2)])
    assert loudness.speech_dbfs == pytest.approx(-23.01, abs=0.02)
    assert loudness.rms_dbfs == pytest.approx(-8.64, abs=0.03)


def test_digital_silence_and_nothing_have_no_level() -> None:
    """None, not minus infinity."""
    for sound in (silence(1, 16_000), silence(0, 16_000)):
        loudness = measured(sound).loudness([])
        assert (loudness.rms_dbfs, loudness.peak_dbfs) == (None, None)
    assert set(measured(silence(1, 16_000)).profile().dbfs) == {SILENT_DBFS}
    assert measured(silence(0, 16_000)).profile().dbfs == ()


@given(st.integers(0, 5000), st.integers(1, 700))
def test_the_size_of_the_blocks_does_not_matter(count: int, block: int) -> None:
    """One level for every begun tenth of a second, the same ones."""
    sound = noise(count / 16_000, 16_000)
    profile = measured(sound, block).profile()
    assert profile == measured(sound).profile()
    assert len(profile.dbfs) == -(-len(sound) // 1600)


def test_a_last_piece_is_measured_over_its_own_length() -> None:
    """Not thinned with silence that is not there."""
    assert measured(tone(0.105, 16_000, hertz=1000)).profile().dbfs == (-9, -9)


def test_the_quietest_place_is_found() -> None:
    """In the middle of the short dip, or in the middle where all is one."""
    dip = np.concatenate([noise(3, 16_000), noise(0.2, 16_000, level=0.01), noise(3, 16_000)])
    assert measured(dip).quietest(0.5, 6) == pytest.approx(3.1, abs=0.05)
    assert measured(silence(10, 16_000)).quietest(2, 8) == pytest.approx(5, abs=0.1)
    assert measured(silence(10, 16_000)).quietest(9.95, 10) == pytest.approx(9.975)


def test_the_start_of_speech_is_moved_back_over_a_faint_consonant() -> None:
    """Where it begins after silence, and not over what lies under the speech all the time."""
    hiss, vowel = noise(0.16, 16_000, level=0.01), tone(1, 16_000, level=0.5)
    seen = [Span(start=1.16, end=2.16)]
    clean = np.concatenate([silence(1, 16_000), hiss, vowel])
    assert measured(clean).refine_onsets(seen) == (Span(start=1.0, end=2.16),)
    assert measured(clean + noise(len(clean) / 16_000, 16_000)).refine_onsets(seen) == tuple(seen)


def test_a_start_is_moved_by_the_reach_at_most_and_never_into_other_speech() -> None:
    """A sound that goes on before is not taken in whole."""
    track = measured(np.concatenate([noise(0.5, 16_000, level=0.001), noise(3, 16_000, level=0.2)]))
    assert 1.68 <= track.refine_onsets([Span(start=2, end=3)])[0].start <= 2
    speech = [Span(start=1, end=1.9), Span(start=2, end=3)]
    first, second = track.refine_onsets(speech)
    assert first.end < second.start <= 2


@given(st.lists(st.integers(1, 3000), max_size=20))
def test_refined_speech_stays_sorted_and_apart(lengths: list[int]) -> None:
    """Whatever the regions, also beyond the recording."""
    edges = [edge / 1000 for edge in itertools.accumulate(lengths)]
    speech = [Span(start=start, end=end) for start, end in zip(edges[::2], edges[1::2], strict=False)]
    refined = measured(noise(10, 16_000) * np.linspace(0, 1, 160_000, dtype=np.float32)).refine_onsets(speech)
    times = [time for span in refined for time in (span.start, span.end)]
    assert times == sorted(times)
    assert [span.end for span in refined] == [span.end for span in speech]
    assert all(before.start - 0.31 <= after.start <= before.start for before, after in zip(speech, refined, strict=True))
