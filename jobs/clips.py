"""Cutting: parts for the transcriber and clips for people, by pydub from the decoded PCM; no ffmpeg program is needed."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from jobs.engines.protocols import SAMPLE_RATE, PartAudio, Samples
from jobs.pcm import FULL_SCALE, Pcm
from jobs.split import PartSpan
from storage.documents import Span
from storage.errors import OptionError
from storage.files import write_atomically

_FADE_MS = 10


def cut(pcm: Pcm, start: float, end: float) -> Any:
    """Return the audio between two times as a pydub `AudioSegment` (16 kHz, mono, 16 bit), clipped to the recording."""
    segment = _audio_segment()
    data = pcm.read_pcm(start, end).astype("<i2", copy=False).tobytes()
    return segment(data=data, sample_width=2, frame_rate=SAMPLE_RATE, channels=1)


def samples_of(segment: Any) -> Samples:
    """Return the samples of a 16-bit mono `AudioSegment` as float32 in -1 … 1."""
    return np.frombuffer(segment.raw_data, dtype="<i2").astype(np.float32) / np.float32(FULL_SCALE)


def cut_part(pcm: Pcm, part: PartSpan, *, before: float = 0.0, after: float = 0.0) -> PartAudio:
    """Return one part as the transcriber wants it.

    `before` and `after` are seconds cut in addition around a forced seam, so that the word it runs through can be heard
    whole; speech that touches the seam is taken to go on there.
    """
    start, end = max(part.start - before, 0.0), min(part.end + after, pcm.duration)
    speech = list(part.speech)
    if speech and speech[0].start == part.start:
        speech[0] = Span(start=start, end=speech[0].end)
    if speech and speech[-1].end == part.end:
        speech[-1] = Span(start=speech[-1].start, end=end)
    return PartAudio(samples=samples_of(cut(pcm, start, end)), start=start, speech=tuple(speech))


def clip_wav(pcm: Pcm, start: float, end: float) -> bytes:
    """Return a clip as the bytes of a WAV file; raises `OptionError` if it is empty.

    Both ends are faded by 10 ms, so that it does not click.
    """
    clip = cut(pcm, start, end)
    if not len(clip):
        raise OptionError(
            f"There is no audio between {start:.3f} s and {end:.3f} s.", hint=f"The recording lasts {pcm.duration:.3f} s."
        )
    fade = min(_FADE_MS, len(clip) // 2)
    file = io.BytesIO()
    clip.fade_in(fade).fade_out(fade).export(file, format="wav")
    return file.getvalue()


def save_clip(pcm: Pcm, start: float, end: float, path: Path) -> None:
    """Write a clip as a WAV file, whole or not at all; raises as `clip_wav`, `StorageFull` and `OutputError`."""
    write_atomically(path, clip_wav(pcm, start, end))


def _audio_segment() -> Any:
    with warnings.catch_warnings():
        # pydub looks for the ffmpeg program when it is imported; nothing here needs one
        warnings.simplefilter("ignore")
        from pydub import AudioSegment
    return AudioSegment
