"""Cutting an episode into parts that can be transcribed on their own: in silences, else in the quietest place."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from storage.documents import Document, Seconds, Span
from storage.errors import OptionError

Quietest: TypeAlias = Callable[[float, float], float]
"""Finds the quietest place between two times."""

SHORTEST = 0.5
LONGEST = 1.5
"""A part lasts between these multiples of the target; only the single part of a short recording is shorter."""

GOOD_PAUSE = 0.5
"""A pause of this many seconds is a safe place to cut …"""

SHORT_PAUSE = 0.15
"""… one of this many is the least that is cut in without calling the seam forced."""

MIN_TARGET = 2.0

_MARGIN = 1.0


class PartSpan(Document):
    """A part of the recording: parts tile it without gap or overlap."""

    index: int
    start: Seconds
    end: Seconds
    speech: tuple[Span, ...] = ()
    """Speech regions inside the part, in file time."""
    forced: bool = False
    """The cut at `start` runs through speech, because no pause was near: transcribe across it and reconcile."""


@dataclass(frozen=True)
class _Cut:
    time: float
    forced: bool


def cut_parts(
    duration: float, speech: Sequence[Span], *, target: float = 300.0, quietest: Quietest | None = None
) -> tuple[PartSpan, ...]:
    """Cut `0 … duration` into parts of about `target` seconds; the same input gives the same parts.

    Every part lasts between 0.5 and 1.5 targets (a shorter recording is one part). Cuts lie in pauses between the speech regions
    (sorted, apart), in one of at least 0.5 s if the range holds any, else of at least 0.15 s; else the cut goes to the place that
    `quietest` finds and is marked `forced`. Times are whole milliseconds. Raises `OptionError` for a target under 2 s.
    """
    if not (math.isfinite(target) and target >= MIN_TARGET):
        raise OptionError(f"Parts of {target} s cannot be made.", hint=f"Choose a length of at least {MIN_TARGET:g} s.")
    if duration <= 0:
        return ()
    pauses = _pauses(duration, speech)
    cuts = [_Cut(0.0, forced=False)]
    first = 0
    while duration - cuts[-1].time > LONGEST * target:
        low = cuts[-1].time + SHORTEST * target
        high = min(cuts[-1].time + LONGEST * target, duration - SHORTEST * target)
        while first < len(pauses) and pauses[first].end <= low:
            first += 1
        near = itertools.takewhile(lambda pause: pause.start < high, itertools.islice(pauses, first, None))  # noqa: B023 -- used at once
        cuts.append(_best_cut(near, low, high, cuts[-1].time + target, quietest))
    return _tile(duration, speech, cuts)


def _best_cut(pauses: Iterable[Span], low: float, high: float, wanted: float, quietest: Quietest | None) -> _Cut:
    """Choose where to cut between `low` and `high`, near `wanted`, in one of the pauses if any allows it."""
    good: list[float] = []
    short: list[float] = []
    for pause in pauses:
        place = _place(pause, low, high, wanted)
        if place is not None:
            (good if pause.end - pause.start >= GOOD_PAUSE else short).append(place)
    for places in (good, short):
        if places:
            return _Cut(min(places, key=lambda place: (abs(place - wanted), place)), forced=False)
    middle = min(max(wanted, low), high)
    reach = min(middle - low, high - middle) or (high - low) / 2
    place = middle if quietest is None else quietest(middle - reach, middle + reach)
    # whole milliseconds may round out of the range, which is wider than that
    return _Cut(round(min(max(place, low + 0.001), high - 0.001), 3), forced=True)


def _place(pause: Span, low: float, high: float, wanted: float) -> float | None:
    """Return the place in a pause nearest to `wanted`: its middle, or in a long one anywhere a second away from speech."""
    margin = min((pause.end - pause.start) / 2, _MARGIN)
    place = round(min(max(wanted, pause.start + margin), pause.end - margin), 3)
    if low <= place <= high:
        return place
    # a long pause may reach into the range without its best place doing so
    place = round(min(max(place, low), high), 3)
    clear = min(SHORT_PAUSE, margin)
    return place if low <= place <= high and pause.start + clear <= place <= pause.end - clear else None


def _pauses(duration: float, speech: Sequence[Span]) -> list[Span]:
    """Return the stretches without speech that are long enough to cut in."""
    edges = [0.0, *(time for span in speech for time in (span.start, span.end)), duration]
    return [Span(start=start, end=end) for start, end in zip(edges[::2], edges[1::2], strict=True) if end - start >= SHORT_PAUSE]


def _tile(duration: float, speech: Sequence[Span], cuts: Sequence[_Cut]) -> tuple[PartSpan, ...]:
    """Make the parts between the cuts, and deal the speech out to them."""
    parts = []
    first = 0
    for index, cut in enumerate(cuts):
        end = cuts[index + 1].time if index + 1 < len(cuts) else duration
        while first < len(speech) and speech[first].end <= cut.time:
            first += 1
        inside = []
        for span in speech[first:]:
            if span.start >= end:
                break
            inside.append(Span(start=max(span.start, cut.time), end=min(span.end, end)))
        parts.append(PartSpan(index=index, start=cut.time, end=end, speech=tuple(inside), forced=cut.forced))
    return tuple(parts)
