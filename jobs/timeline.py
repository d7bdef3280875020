"""The timeline that players show: where a decoded frame belongs.

Position 0 is where players begin: encoder delay and padding that the container declares (MP3 LAME header, MP4 edit list,
Opus pre-skip) are cut off by the decoder, and the clock's arbitrary beginning is subtracted (`timeline_origin`). From there
time stamps rule: where they leap ahead, silence is inserted, so that what follows keeps its place; where they leap by more
than `MAX_GAP` or back, the clock has been set anew (joined files), and the audio simply goes on. Deviations below `JITTER`
are rounding and change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import av

from jobs.probe import MOV

MAX_GAP = 600.0
"""A leap of the time stamps of at most this many seconds is lost time; a longer one is a clock set anew."""

JITTER = 0.05
"""Time stamps may deviate this many seconds from the samples counted before it means something."""

_DAMAGED_JITTER = 0.001
"""After a damaged packet even a short frame's gap is meant."""

_LATEST_MP4_START = 60.0


def timeline_origin(container: Any) -> float:
    """Return the time stamp that players show as 0, seconds.

    It is the earliest start of any stream (an MP3's encoder delay and a transport stream's arbitrary clock end before it; a
    video's audio may begin later). MP4 has a timeline of its own that begins at 0: an empty edit at its start is silence
    that players play; a start of more than a minute is a fragment of something longer.
    """
    start = 0.0 if container.start_time is None else float(container.start_time / av.time_base)
    return 0.0 if container.format.name == MOV and 0 < start <= _LATEST_MP4_START else start


@dataclass
class Clock:
    """Places frames on the timeline: follows the time stamps, counts samples where there are none."""

    origin: float
    """The time stamp that is position 0."""
    position: float = 0.0
    """Where the next sample belongs, seconds."""
    frame_start: float = 0.0
    """Where the frame placed last begins."""
    frames: int = 0
    lost: float = 0.0
    """Seconds of silence put between frames."""

    def place(self, frame: Any, failed: float | None) -> float:
        """Take the next frame, after `failed` seconds of broken packets; return the seconds of silence that belong before it."""
        gap = self._gap(frame.time, failed)
        self.frame_start = self.position + gap
        self.position = self.frame_start + frame.samples / frame.sample_rate
        if self.frames:
            self.lost += gap
        self.frames += 1
        return gap

    def _gap(self, stamp: float | None, failed: float | None) -> float:
        if stamp is None:
            return failed or 0.0
        gap = stamp - self.origin - self.position
        if gap > MAX_GAP or gap < -JITTER:
            gap = failed or 0.0
            self.origin = stamp - self.position - gap
            return gap
        return gap if gap > (JITTER if failed is None else _DAMAGED_JITTER) else 0.0
