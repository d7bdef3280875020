"""Levels: measured as they stream past, right in decibels."""

from __future__ import annotations

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
