"""A part of an episode as streams: stretches between pauses, each about as long as what Whisper hears at once.

Every stream is heard by itself, so several can be heard beside each other, and a window begins where somebody begins to speak
rather than where the last time of the window before happened to lie. That is where Whisper makes mistakes: on the test models'
recordings, streams have a tenth to a quarter fewer errors than one sequence of windows (`python -m benchmarks.seams`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, inf

from jobs.engines.protocols import PartAudio
from jobs.engines.speech_chunks import LONGEST_PAUSE, PADDING
from storage.documents import Span

SAFE_PAUSE = 0.5
"""A cut in a pause of this many seconds costs nothing …"""

LEAST_PAUSE = 0.15
"""… and in a pause shorter than this none is made."""

RISK = 0.3
"""What a cut in the shortest pause costs, in windows."""

SEEK_LOSS = 1.7
"""Seconds of a window that are heard again in the next one, where a stream takes several."""

AGAIN = 0.1
"""What each window of such a stream costs more than one alone: it waits for the one before."""


def streams(part: PartAudio, window: float) -> tuple[PartAudio, ...]:
    """Cut a part in pauses, into streams of as few windows (of so many seconds) as can be without cutting where it is risky.

    They follow each other without a gap; a cut lies in the middle of its pause. Speech without a pause is not cut: its stream
    takes several windows. Times stay the file's.
    """
    cuts = [(part.speech[at - 1].end + part.speech[at].start) / 2 for at in _cuts(part.speech, window - 2 * PADDING)]
    return tuple(part.between(start, end) for start, end in pairwise([part.start, *cuts, part.end]))


def _cuts(speech: Sequence[Span], window: float) -> list[int]:
    """Return before which regions to cut, so that windows and risk cost least (dynamic programming over the regions)."""
    times = _without_long_pauses(speech)
    costs, first_of = [0.0], [0]
    for last, (_, end) in enumerate(times):
        best, choice = inf, last
        for first in range(last, -1, -1):
            windows = _windows(end - times[first][0], window)
            if windows > best:
                break  # a longer stream takes no fewer
            cost = costs[first] + windows + (_risk(speech[first].start - speech[first - 1].end) if first else 0.0)
            if cost < best:
                best, choice = cost, first
        costs.append(best)
        first_of.append(choice)
    cuts, at = list[int](), len(speech)
    while at > 0 and (at := first_of[at]) > 0:
        cuts.append(at)
    return cuts[::-1]


def _windows(length: float, window: float) -> float:
    """Return how many windows a stream takes; more than one count for a little more."""
    return 1.0 if length <= window else ceil(length / (window - SEEK_LOSS)) * (1 + AGAIN)


def _without_long_pauses(speech: Sequence[Span]) -> list[tuple[float, float]]:
    """Return when each region begins and ends once long pauses are left out, as `speech_chunks.compact` does."""
    clock, end, times = 0.0, 0.0, list[tuple[float, float]]()
    for region in speech:
        pause = region.start - end
        clock += 2 * PADDING if pause > LONGEST_PAUSE else pause
        times.append((clock, clock + region.end - region.start))
        clock, end = times[-1][1], region.end
    return times


def _risk(pause: float) -> float:
    """Return what a cut in a pause costs, in windows."""
    if pause < LEAST_PAUSE:
        return inf
    return RISK * max(0.0, SAFE_PAUSE - pause) / (SAFE_PAUSE - LEAST_PAUSE)
