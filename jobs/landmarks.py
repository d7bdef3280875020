"""Audio fingerprints: pairs of spectral peaks, by which a stretch of a recording is known again after re-encoding.

The landmarks of A. Wang, "An industrial-strength audio search algorithm" (ISMIR 2003): the loudest points of the spectrogram
outlast a codec, a gain and noise, and two of them with the time between them are rare enough to tell a place. Audio is heard as
a stream, block by block; two hours take some seconds and as many megabytes as an hour has minutes.

Decisions: peaks are taken by rank (`_DENSITY` a second), not by level, so a gain changes nothing. The band ends at 3.6 kHz,
which every codec for speech keeps. Frames are 64 ms long and 32 ms apart; a file that is cut off the other's frames by half of
one still has most peaks in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.engines.protocols import SAMPLE_RATE
from jobs.pcm import Pcm16

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int64]

_WINDOW, _HOP = 1024, 512
FRAME = _HOP / SAMPLE_RATE
"""Seconds between two frames."""
_LOW, _HIGH = 16, 230
"""Band of the spectrum, in bins of 15.6 Hz."""
_AROUND_BINS, _AROUND_FRAMES = 6, 5
"""A peak is the loudest point of so many bins and frames to all sides."""
_CHUNK = 1024
"""Frames that are looked at together."""
_SECOND = 31
"""Frames in which peaks compete."""
_DENSITY = 18
_FAN = 6
"""Peaks with which each is paired: the next ones in time."""
_FARTHEST = 63
"""Frames between two peaks of a pair at most."""
_FRAME_BITS, _BIN_BITS = 6, 8


@dataclass(frozen=True)
class Landmarks:
    """The fingerprint of a recording, in order of time."""

    hashes: Numbers
    frames: Numbers
    """Where each hash begins, in units of `FRAME`."""
    seconds: float
    """How long the recording is."""


class LandmarkMeter:
    """Hears a recording and takes its fingerprint; a listener of `jobs.audio.decode`."""

    def __init__(self) -> None:
        self._waiting = np.zeros(0, dtype=np.float32)
        self._samples = 0
        self._done = 0
        """Frames whose peaks are known."""
        self._begin = 0
        """The frame with which `_waiting` begins."""
        self._peaks: list[Numbers] = []
        self._shape = np.hanning(_WINDOW).astype(np.float32)

    def feed(self, block: Pcm16) -> None:
        """Hear the next block of 16 kHz mono audio."""
        self._samples += len(block)
        self._waiting = np.concatenate([self._waiting, block.astype(np.float32)])
        while (len(self._waiting) - _WINDOW) // _HOP + 1 >= _CHUNK + 2 * _AROUND_FRAMES:
            self._look(_CHUNK + 2 * _AROUND_FRAMES)

    def finish(self) -> Landmarks:
        """Return the fingerprint of all that was heard."""
        count = (len(self._waiting) - _WINDOW) // _HOP + 1
        if count > 0:
            self._look(count, last=True)
        peaks = np.concatenate(self._peaks) if self._peaks else np.zeros((0, 2), dtype=np.int64)
        return _paired(peaks, self._samples / SAMPLE_RATE)

    def _look(self, count: int, *, last: bool = False) -> None:
        """Find the peaks of the next frames; those at the end wait for what follows, unless it is the last time."""
        frames = np.lib.stride_tricks.sliding_window_view(self._waiting, _WINDOW)[: count * _HOP : _HOP][:count]
        spectrum = np.abs(np.fft.rfft(frames * self._shape, axis=1)[:, _LOW:_HIGH]).astype(np.float32)
        until = count if last else count - _AROUND_FRAMES
        low = self._done - self._begin
        found = [peak for peak in _peaks(spectrum) if low <= peak[0] < until]
        self._peaks.append(np.array(found, dtype=np.int64).reshape(-1, 2) + np.array([self._begin, 0]))
        self._done = self._begin + until
        keep = max(0, until - _AROUND_FRAMES)
        self._begin += keep
        self._waiting = self._waiting[keep * _HOP :].copy()


def landmarks_of(blocks: Iterator[Pcm16]) -> Landmarks:
    """Return the fingerprint of a recording that is read block by block."""
    meter = LandmarkMeter()
    for block in blocks:
        meter.feed(block)
    return meter.finish()


def _peaks(spectrum: Floats) -> Iterator[tuple[int, int]]:
    """Yield frame and bin of the loudest peaks of each second, in order of time."""
    highest = _running_maximum(_running_maximum(spectrum, _AROUND_FRAMES, 0), _AROUND_BINS, 1)
    frames, bins = np.nonzero((spectrum >= highest) & (spectrum > 1.0))
    levels = spectrum[frames, bins]
    for begin in range(0, len(spectrum), _SECOND):
        low, high = np.searchsorted(frames, (begin, begin + _SECOND))
        loudest = np.sort(low + np.argsort(-levels[low:high], kind="stable")[:_DENSITY])
        yield from zip(frames[loudest].tolist(), bins[loudest].tolist(), strict=True)


def _running_maximum(values: Floats, reach: int, axis: int) -> Floats:
    """Return the maximum within `reach` to both sides along an axis."""
    moved = np.moveaxis(values, axis, 0)
    best = moved.copy()
    for step in range(1, reach + 1):
        np.maximum(best[step:], moved[:-step], out=best[step:])
        np.maximum(best[:-step], moved[step:], out=best[:-step])
    return np.moveaxis(best, 0, axis)


def _paired(peaks: Numbers, seconds: float) -> Landmarks:
    """Pair each peak with the next ones."""
    hashes, frames = [], []
    for ahead in range(1, min(_FAN, len(peaks) - 1) + 1):
        first, second = peaks[:-ahead], peaks[ahead:]
        apart = second[:, 0] - first[:, 0]
        near = apart <= _FARTHEST
        value = (first[:, 1] << (_BIN_BITS + _FRAME_BITS)) | (second[:, 1] << _FRAME_BITS) | apart
        hashes.append(value[near])
        frames.append(first[near, 0])
    if not hashes:
        nothing = np.zeros(0, dtype=np.int64)
        return Landmarks(nothing, nothing, seconds)
    all_frames = np.concatenate(frames)
    order = np.argsort(all_frames, kind="stable")
    return Landmarks(np.concatenate(hashes)[order], all_frames[order], seconds)
