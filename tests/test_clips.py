"""Parts and clips, cut by pydub from the decoded audio."""

from __future__ import annotations

import io
import os
import wave
from pathlib import Path

import numpy as np
import pytest

from jobs.clips import clip_wav, cut, cut_part, samples_of, save_clip
from jobs.pcm import Pcm, write_pcm
from jobs.split import PartSpan
from storage.documents import Span
from storage.errors import OptionError

RAMP = np.arange(-16_000, 16_000, dtype=np.int16)


@pytest.fixture
def pcm(tmp_path: Path) -> Pcm:
    """Two seconds in which every sample tells its own place."""
    with write_pcm(tmp_path / "ramp.wav") as writer:
        writer.write(RAMP)
    return Pcm(tmp_path / "ramp.wav")


def test_a_cut_is_exact_to_the_sample(pcm: Pcm) -> None:
    """As a pydub segment, in its form and length."""
    segment = cut(pcm, 0.5, 0.75)
    assert (segment.frame_rate, segment.channels, segment.sample_width, len(segment)) == (16_000, 1, 2, 250)
    assert np.array_equal(samples_of(segment) * 32768, RAMP[8000:12_000])


def test_a_part_carries_its_place_and_its_speech(pcm: Pcm) -> None:
    """In file time."""
    speech = (Span(start=1.2, end=1.5),)
    part = cut_part(pcm, PartSpan(index=1, start=1.0, end=2.0, speech=speech))
    assert (part.start, part.end, part.speech) == (1.0, 2.0, speech)
    assert np.array_equal(part.samples * 32768, RAMP[16_000:])


def test_a_part_with_a_forced_seam_is_cut_with_overlap(pcm: Pcm) -> None:
    """So that the word it runs through is heard whole: the speech goes on there, as far as the recording does."""
    forced = PartSpan(index=1, start=1.0, end=1.5, speech=(Span(start=1.0, end=1.2), Span(start=1.3, end=1.5)), forced=True)
    part = cut_part(pcm, forced, before=0.25, after=9)
    assert (part.start, part.end) == (0.75, 2.0)
    assert part.speech == (Span(start=0.75, end=1.2), Span(start=1.3, end=2.0))
    assert cut_part(pcm, forced, before=5).start == 0


def test_a_clip_is_a_wav_without_clicks(pcm: Pcm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made without any program on the path."""
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    with wave.open(io.BytesIO(clip_wav(pcm, 0.0, 0.5))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (16_000, 1, 8000)
        samples = np.frombuffer(file.readframes(8000), np.int16)
    assert abs(int(samples[0])) < 200
    assert abs(int(samples[-1])) < 200
    assert np.array_equal(samples[200:7800], RAMP[200:7800])


def test_a_clip_is_saved_whole(pcm: Pcm, tmp_path: Path) -> None:
    """The same bytes, and no temporary file beside them."""
    save_clip(pcm, 1, 2, tmp_path / "clips" / "a.wav")
    assert (tmp_path / "clips" / "a.wav").read_bytes() == clip_wav(pcm, 1, 2)
    assert len(list((tmp_path / "clips").iterdir())) == 1


def test_an_empty_clip_is_refused(pcm: Pcm) -> None:
    """The error says how long the recording is."""
    with pytest.raises(OptionError, match=r"2\.000 s"):
        clip_wav(pcm, 3, 4)
