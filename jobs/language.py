"""The language of an episode, judged once, from speech in several places rather than from its opening music."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from jobs.engines.protocols import AudioSource, Samples
from storage.documents import Span

Times: TypeAlias = npt.NDArray[np.float64]
"""Seconds in the file; any shape."""

CLIPS = 4
"""Places that are listened to."""

CLIP_SECONDS = 30.0
"""What Whisper hears at once."""

OPENING = 0.05
"""Share of the episode at its start and end that is left out: jingles, sponsors, other people's clips."""


def places(speech: Sequence[Span], duration: float, *, clips: int = CLIPS, seconds: float = CLIP_SECONDS) -> tuple[Span, ...]:
    """Return up to `clips` stretches that hold the most speech, one from each equal share of the episode's middle."""
    if not speech:
        return ()
    low, high = duration * OPENING, duration * (1 - OPENING)
    if high - low < clips * seconds:
        low, high, clips = 0.0, duration, max(1, min(clips, int(duration // seconds)))
    spoken_before = _spoken_before(speech)
    share = (high - low) / clips
    chosen = []
    for index in range(clips):
        start, end = low + index * share, low + (index + 1) * share
        starts = _starts(speech, start, max(start, end - seconds))
        spoken = spoken_before(starts + seconds) - spoken_before(starts)
        if spoken.max() > 0:
            best = float(starts[spoken.argmax()])
            chosen.append(Span(start=best, end=min(best + seconds, duration)))
    return tuple(chosen) or (Span(start=speech[0].start, end=min(speech[0].start + seconds, duration)),)


def primary_subtag(code: str) -> str:
    """Return the language of a BCP 47 code without region or script: `pt` for `pt-BR`."""
    return code.replace("_", "-").partition("-")[0].lower()


def read_clips(audio: AudioSource, spans: Sequence[Span]) -> list[Samples]:
    """Return the samples of each stretch."""
    return [audio.read(span.start, span.end) for span in spans]


def _starts(speech: Sequence[Span], low: float, high: float) -> Times:
    """Return where a clip could begin: at the share's start, or with a region of speech inside it."""
    return np.array([low, *(region.start for region in speech if low < region.start < high)])


def _spoken_before(speech: Sequence[Span]) -> Callable[[Times], Times]:
    """Return the function that tells how many seconds of speech lie before a time: straight between the edges of regions."""
    edges = np.array([time for region in speech for time in (region.start, region.end)])
    spoken = np.concatenate([[0.0], np.cumsum([region.end - region.start for region in speech])])
    return lambda times: np.interp(times, edges, np.repeat(spoken, 2)[1:-1])
