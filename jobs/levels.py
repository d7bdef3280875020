"""How loud the recording is, moment by moment: measured once while it streams past, kept small."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jobs.engines.protocols import SAMPLE_RATE
from jobs.pcm import FULL_SCALE, Pcm16
from storage.documents import Document, Loudness, Seconds, Span

STEP = 320
"""Samples whose power is measured together: 20 ms."""

STEP_SECONDS = STEP / SAMPLE_RATE

SILENT_DBFS = -120
"""Stands for digital silence in a profile, which holds numbers only."""

_STEPS_PER_LEVEL = 5
_SMOOTHING = 0.15

ONSET_REACH = 0.3
"""A speech region may begin at most this many seconds earlier than the voice activity model saw it."""

_FAINT = 35.0
_ABOVE_QUIET = 10.0
_LOUD_SECONDS = 1.0


class LevelProfile(Document):
    """The level of every `step` seconds of a recording, in whole dB relative to full scale, never below `SILENT_DBFS`."""

    step: Seconds = _STEPS_PER_LEVEL * STEP_SECONDS
    dbfs: tuple[int, ...] = ()


class LevelMeter:
    """Hears audio block by block and keeps one mean square for every 20 ms."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.int16)
        self._powers: list[npt.NDArray[np.float32]] = []
        self._peak = 0

    def feed(self, block: Pcm16) -> None:
        """Hear the next block, of any length."""
        samples = np.concatenate([self._rest, block])
        whole = len(samples) - len(samples) % STEP
        self._rest = samples[whole:]
        if whole:
            self._measure(samples[:whole])

    def finish(self) -> LevelTrack:
        """Return what was heard; a last piece shorter than 20 ms is measured over its own length."""
        if len(self._rest):
            self._measure(self._rest, step=len(self._rest))
            self._rest = self._rest[:0]
        return LevelTrack(np.concatenate([np.zeros(0, np.float32), *self._powers]), self._peak / FULL_SCALE)

    def _measure(self, samples: Pcm16, step: int = STEP) -> None:
        # 16-bit minimum has no positive twin, hence two reductions instead of abs
        self._peak = max(self._peak, int(samples.max()), -int(samples.min()))
        scaled = samples.reshape(-1, step).astype(np.float32) / np.float32(FULL_SCALE)
        self._powers.append(np.mean(np.square(scaled), axis=1, dtype=np.float32))


class LevelTrack:
    """The power of every 20 ms of a recording."""

    def __init__(self, powers: npt.NDArray[np.float32], peak: float) -> None:
        self._powers = powers
        self._peak = peak

    def loudness(self, speech: Sequence[Span]) -> Loudness:
        """Return the level of the whole, its peak, and the level of the speech alone."""
        heard = [self._powers[_steps(span)] for span in speech]
        spoken = np.concatenate(heard) if heard else np.zeros(0, np.float32)
        return Loudness(
            rms_dbfs=_decibels(_mean(self._powers)),
            peak_dbfs=_decibels(self._peak**2),
            speech_dbfs=_decibels(_mean(spoken)),
        )

    def profile(self) -> LevelProfile:
        """Return the levels of every 100 ms as whole numbers."""
        missing = -len(self._powers) % _STEPS_PER_LEVEL
        # the last piece keeps its own mean: it is filled up with itself, not with silence
        filled = np.concatenate([self._powers, np.repeat(self._powers[-1:], missing)])
        means = filled.reshape(-1, _STEPS_PER_LEVEL).mean(axis=1)
        return LevelProfile(dbfs=tuple(np.rint(_levels(means)).astype(int).tolist()))

    def refine_onsets(self, speech: Sequence[Span]) -> tuple[Span, ...]:
        """Move starts back to where the sound of the speech begins; regions stay sorted and apart.

        A voice activity model is sure only at the first vowel, up to 0.3 s after the "s" of "six" began. The start goes to
        just after the last moment that is quiet: 35 dB under the region's loud parts, or within 10 dB of the quietest
        moment shortly before. Where a steady sound lies under the speech, that is the start itself, and nothing moves.
        """
        refined: list[Span] = []
        for span in speech:
            earliest = max(refined[-1].end if refined else 0.0, span.start - ONSET_REACH)
            refined.append(Span(start=self._onset(span, earliest), end=span.end))
        return tuple(refined)

    def _onset(self, span: Span, earliest: float) -> float:
        first, start = math.ceil(earliest / STEP_SECONDS), round(span.start / STEP_SECONDS)
        before = _levels(self._powers[first:start])
        inside = _levels(self._powers[start : round(min(span.end, span.start + _LOUD_SECONDS) / STEP_SECONDS)])
        if not len(before) or not len(inside):
            return span.start
        threshold = max(np.percentile(inside, 90) - _FAINT, before.min() + _ABOVE_QUIET)
        last_quiet = int(np.flatnonzero(before < threshold)[-1])
        return min(span.start, round((first + last_quiet + 1) * STEP_SECONDS, 3))

    def quietest(self, start: float, end: float) -> float:
        """Return the middle of the quietest 150 ms between two times, the one nearest to their middle where several are equal."""
        width = round(_SMOOTHING / STEP_SECONDS)
        first = round(start / STEP_SECONDS)
        window = self._powers[first : round(end / STEP_SECONDS)]
        if len(window) < width:
            return (start + end) / 2
        smooth = np.convolve(window.astype(np.float64), np.full(width, 1 / width), mode="valid")
        lowest = np.flatnonzero(smooth <= smooth.min() * 1.01)
        best = lowest[np.argmin(np.abs(lowest - (len(smooth) - 1) / 2))]
        return min(max((first + float(best) + width / 2) * STEP_SECONDS, start), end)


def _steps(span: Span) -> slice:
    return slice(round(span.start / STEP_SECONDS), round(span.end / STEP_SECONDS))


def _levels(powers: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return powers in dBFS, none below `SILENT_DBFS`."""
    return 10 * np.log10(np.maximum(powers.astype(np.float64), 10 ** (SILENT_DBFS / 10)))


def _mean(powers: npt.NDArray[np.float32]) -> float:
    return float(powers.mean(dtype=np.float64)) if len(powers) else 0.0


def _decibels(power: float) -> float | None:
    return round(10 * math.log10(power), 2) if power > 0 else None
