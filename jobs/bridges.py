"""Bridges: stretches across a seam that are heard in addition, so that there is more than one reading of the words beside it.

A model hears worst at the edges of what it is given: before the last pause it repeats or invents a word, and with other windows
it passes over another sentence. So a seam beside which anything is doubtful (`jobs.doubts`) is heard up to twice more, once from
shortly before it and, unless that settles it, once until shortly after it; what most readings have is kept (`jobs.voting`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from math import inf
from operator import attrgetter

from jobs.clips import cut, samples_of
from jobs.engines.protocols import PartAudio
from jobs.pcm import Pcm
from jobs.spans import clipped
from jobs.split import PartSpan
from storage.documents import Document, Segment, Span

SHORT, LONG = (3.5, 8.0), (13.0, 20.0)
"""Seconds from the seam between which a bridge's nearer and farther end are looked for; together they fit into one window."""

_start, _end = attrgetter("start"), attrgetter("end")

_CLEAR = 0.05
"""Seconds of silence on either side of an end that make it one in a pause."""


class Crossing(Document):
    """What was heard across the seam at the start of a part, once for each bridge that was heard."""

    index: int
    """The part's."""
    readings: tuple[tuple[Segment, ...], ...]


def bridge_spans(part: PartSpan, speech: Sequence[Span], duration: float) -> tuple[Span, ...]:
    """Return where the bridges over the seam at a part's start lie; `speech` is the whole file's, which lasts `duration` seconds.

    The first part has none, and a part after a forced seam neither: it is heard from before the seam anyhow. A bridge that would
    hold the speech of one side alone is left out.
    """
    if part.index == 0 or part.forced:
        return ()
    spans = (_span(part.start, before, after, speech, duration) for before, after in ((SHORT, LONG), (LONG, SHORT)))
    return tuple(span for span in spans if _crosses(clipped(speech, span.start, span.end), part.start))


def bridges(pcm: Pcm, part: PartSpan, speech: Sequence[Span]) -> tuple[PartAudio, ...]:
    """Return the audio of the bridges over the seam at a part's start."""
    spans = bridge_spans(part, speech, pcm.duration)
    return tuple(
        PartAudio(samples_of(cut(pcm, span.start, span.end)), span.start, clipped(speech, span.start, span.end)) for span in spans
    )


def _crosses(speech: Sequence[Span], seam: float) -> bool:
    return bool(speech) and speech[0].end <= seam < speech[-1].end


def _span(seam: float, before: tuple[float, float], after: tuple[float, float], speech: Sequence[Span], duration: float) -> Span:
    start = _quiet(speech, max(seam - before[1], 0.0), max(seam - before[0], 0.0))
    return Span(start=start, end=_quiet(speech, min(seam + after[0], duration), min(seam + after[1], duration)))


def _quiet(speech: Sequence[Span], low: float, high: float) -> float:
    """Return the place between two times that lies farthest from speech, or the one in the middle if all of it is speech."""
    best, clearest = (low + high) / 2, _CLEAR
    for start, end in _pauses(speech, low, high):
        place = min(max((start + end) / 2, low), high)
        clear = min(place - start, end - place)
        if clear > clearest:
            best, clearest = place, clear
    return best


def _pauses(speech: Sequence[Span], low: float, high: float) -> Iterator[tuple[float, float]]:
    """Yield the pauses that reach into a stretch; only what lies there is looked at, since an episode has thousands."""
    first, last = bisect_right(speech, low, key=_start), bisect_left(speech, high, key=_end)
    for following in range(first, last + 1):
        start = speech[following - 1].end if following else 0.0
        end = speech[following].start if following < len(speech) else inf
        yield start, min(end, start + 2 * (high - start))
