"""Where two voices speak at once, heard by an engine that gives each window one embedding.

The embedding of two voices together lies between theirs. A window counts as both where it is nearer to the plane of its own
voice and another one than to its own voice alone, by more than one voice's windows stray.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jobs.engines.clustering import Labels, Matrix, VoiceWindows
from storage.documents import Span, Turn

GAIN = 0.02
"""By how much more (cosine) the plane of two voices must be like a window than the nearer of the two is. Measured on 12 readers:
half of the windows of which both have most are found so, and one in a thousand of those with one voice."""
SHARE = 0.2
"""Either voice must be heard in the window by this much."""
REACH = 0.2
"""A window speaks for the time up to the middle between its centre and the next, seconds."""


def second_voices(windows: VoiceWindows, voices: Matrix) -> tuple[Labels, Labels]:
    """Return the nearest voice of each window, and the one that is heard beside it; -1 where there is none."""
    scores = windows.embeddings.astype(np.float64) @ voices.T.astype(np.float64)
    rows, first = np.arange(len(scores)), scores.argmax(axis=1)
    likeness = (voices @ voices.T).astype(np.float64)[first]
    likeness[rows, first] = 0.0
    own = scores[rows, first][:, None]
    rest = np.maximum(1 - likeness**2, 1e-6)
    # shares of the two in the window's projection to their plane, and the cosine of the window with the plane
    mine, other = (own - likeness * scores) / rest, (scores - likeness * own) / rest
    plane = np.sqrt(np.maximum(mine * own + other * scores, 0.0))
    gain = np.where(np.minimum(mine, other) >= SHARE, plane - own, -1.0)
    gain[rows, first] = -1.0
    second = gain.argmax(axis=1)
    return first, np.where(gain[rows, second] >= GAIN, second, -1)


def with_overlaps(
    turns: Sequence[Turn], windows: VoiceWindows, voices: Matrix, names: Sequence[str], spans: Sequence[Span]
) -> tuple[Turn, ...]:
    """Return the turns, and beside them those of voices that are heard at the same time.

    `names` are those of the voices, `spans` the stretches that the windows lie in.
    """
    if len(voices) < 2 or not len(windows):
        return tuple(turns)
    first, second = second_voices(windows, voices)
    heard = list(turns)
    for row in np.flatnonzero(second >= 0).tolist():
        stretch, time = spans[int(windows.stretches[row])], float(windows.times[row])
        start, end = max(stretch.start, time - REACH), min(stretch.end, time + REACH)
        heard += [Turn(start=start, end=end, speaker=names[voice]) for voice in (first[row], second[row]) if names[voice]]
    return _joined(heard)


def _joined(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return turns of which none of one speaker overlap or touch."""
    joined: list[Turn] = []
    last: dict[str, int] = {}
    for turn in sorted(turns, key=lambda turn: turn.start):
        place = last.get(turn.speaker)
        if place is not None and turn.start <= joined[place].end:
            before = joined[place]
            joined[place] = Turn(start=before.start, end=max(before.end, turn.end), speaker=turn.speaker)
        else:
            last[turn.speaker] = len(joined)
            joined.append(turn)
    return tuple(sorted(joined, key=lambda turn: (turn.start, turn.end)))
