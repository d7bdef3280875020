"""The publisher's clean file, or a second download, against this file: which stretch of the one lies where in the other.

The strongest evidence there is, for it compares the audio itself. How the map is found from two fingerprints (`jobs.landmarks`):

1. Every hash that both have votes for the difference of its times. Differences with many votes are candidates.
2. For each candidate, votes that follow each other without a gap are a *run*: a stretch that both files have.
3. The runs that together explain the most, in an order that neither file turns back in, are kept (dynamic programming); a
   jingle that comes twice is a run out of order, and goes.

Nothing is interpolated: between two runs of different offsets lies what only one of the files has, or what neither has in
common, and times in it are not trusted.

Decisions: a reference of which less than `_SHARE` is in this file is another episode, and no evidence. Stretches of the reference
that this file lacks were cut here if the reference is the publisher's clean file; in a second download they may be ads of its
own. They are taken for ads if the published duration is nearer to what both files have than to the whole reference. Speeds
that differ are not looked for: nobody publishes an episode at two speeds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from jobs.chapters.anchor import OffsetMap, Piece, Trust
from jobs.landmarks import FRAME, Landmarks, Numbers

_TOO_COMMON = 40
"""Times that a hash occurs in the reference, beyond which it tells no place."""
_VOTES = 30
"""Votes without which a difference is no candidate, and a run is none."""
_CANDIDATES = 300
_GAP = 4.0
"""Seconds without a vote that end a run."""
_SHORTEST = 3.0
_DENSITY = 2.0
"""Votes a second of a run, at least."""
_OVERLAP = 0.6
"""Seconds by which two runs may overlap: a pair of peaks can lie across a cut."""
_SAME = 0.1
"""Seconds within which two offsets are one."""
_ENCODERS_DELAY = 0.08
"""Seconds by which an encoder puts everything later; nobody inserts as little."""
_SHARE = 0.3
_SURE, _BETWEEN = 0.995, 0.3
"""Trust inside a run, and between two of different offsets."""
_UNHEARD = 3.0
"""Seconds between two runs that may be a pause or the blur of a cut, and are no stretch of their own."""
_TICK = 0.001


@dataclass(frozen=True)
class Run:
    """A stretch of the reference that this file has too, seconds."""

    start: float
    end: float
    offset: float
    """This file's time minus the reference's."""
    votes: int


@dataclass(frozen=True)
class Compared:
    """What a reference says of this file."""

    offsets: OffsetMap
    published_duration: float
    """How long the publisher's version is."""


def compare(reference: Landmarks, own: Landmarks, published_duration: float | None) -> Compared | None:
    """Return the map from the publisher's clock to this file's; none if the two files have too little in common."""
    runs = _chain(list(_runs(reference, own)))
    common = sum(run.end - run.start for run in runs)
    if not runs or common < _SHARE * reference.seconds:
        return None
    length = reference.seconds
    own_clock, shorter = _without_extras(runs, reference.seconds, own.seconds)
    if published_duration is not None and abs(published_duration - shorter) < abs(published_duration - length):
        runs, length = own_clock, shorter
    return Compared(_map(runs), length)


def _runs(reference: Landmarks, own: Landmarks) -> Iterator[Run]:
    """Yield the stretches that both have, whatever their order."""
    theirs, ours = _votes(reference, own)
    if not len(theirs):
        return
    differences = ours - theirs
    lowest = int(differences.min())
    counts = np.bincount(differences - lowest)
    near = counts.astype(np.int64)  # frames of two files lie up to half of one apart
    near[1:] += counts[:-1]
    near[:-1] += counts[1:]
    order = np.argsort(differences, kind="stable")
    theirs, ours, differences = theirs[order], ours[order], differences[order]
    for candidate in _candidates(near):
        low, high = np.searchsorted(differences, (candidate + lowest - 1, candidate + lowest + 2))
        yield from _split(theirs[low:high], ours[low:high])


def _votes(reference: Landmarks, own: Landmarks) -> tuple[Numbers, Numbers]:
    """Return the frames, in both recordings, of each hash that both have."""
    order = np.argsort(reference.hashes, kind="stable")
    known, places = reference.hashes[order], reference.frames[order]
    first, last = np.searchsorted(known, own.hashes), np.searchsorted(known, own.hashes, "right")
    counts = np.where(last - first <= _TOO_COMMON, last - first, 0)
    begins = np.repeat(first, counts)
    within = np.arange(len(begins)) - np.repeat(np.cumsum(counts) - counts, counts)
    return places[begins + within], np.repeat(own.frames, counts)


def _candidates(near: Numbers) -> list[int]:
    """Return the differences with the most votes, none beside another."""
    found: list[int] = []
    for at in np.argsort(-near, kind="stable")[: 8 * _CANDIDATES].tolist():
        if near[at] < _VOTES or len(found) >= _CANDIDATES:
            break
        if all(abs(at - other) > 1 for other in found):
            found.append(at)
    return found


def _split(theirs: Numbers, ours: Numbers) -> Iterator[Run]:
    """Yield the runs among votes of about one difference."""
    order = np.argsort(theirs, kind="stable")
    theirs, ours = theirs[order], ours[order]
    edges = [0, *(np.flatnonzero(np.diff(theirs) > _GAP / FRAME) + 1).tolist(), len(theirs)]
    for low, high in itertools.pairwise(edges):
        start, end = float(theirs[low]) * FRAME, float(theirs[high - 1] + 1) * FRAME
        votes = high - low
        if votes >= _VOTES and end - start >= _SHORTEST and votes >= _DENSITY * (end - start):
            offset = float(np.mean(ours[low:high] - theirs[low:high])) * FRAME
            yield Run(start, end, offset if abs(offset) > _ENCODERS_DELAY else 0.0, votes)


def _chain(runs: list[Run]) -> list[Run]:
    """Return the runs with the most votes that neither file turns back in; those of one offset joined."""
    runs.sort(key=lambda run: (run.start, run.end))
    best: list[int] = []
    back: list[int] = []
    for at, run in enumerate(runs):
        before = [n for n in range(at) if _follows(runs[n], run)]
        link = max(before, key=best.__getitem__, default=-1)
        back.append(link)
        best.append(run.votes + (best[link] if link >= 0 else 0))
    path: list[Run] = []
    at = max(range(len(runs)), key=best.__getitem__, default=-1)
    while at >= 0:
        path.append(runs[at])
        at = back[at]
    return list(_joined(path[::-1]))


def _follows(a: Run, b: Run) -> bool:
    later = b.start >= a.end - _OVERLAP and b.start + b.offset >= a.end + a.offset - _OVERLAP
    return later and b.start > a.start


def _joined(runs: Sequence[Run]) -> Iterator[Run]:
    """Yield runs, those of one offset between which nothing else lies as one."""
    current: Run | None = None
    for run in runs:
        if current is not None and abs(run.offset - current.offset) <= _SAME:
            votes = current.votes + run.votes
            offset = (current.offset * current.votes + run.offset * run.votes) / votes
            current = Run(current.start, run.end, offset, votes)
        else:
            if current is not None:
                yield current
            current = run
    if current is not None:
        yield current


def _without_extras(runs: Sequence[Run], theirs: float, ours: float) -> tuple[list[Run], float]:
    """Return the runs, and the length of the reference, without the stretches that only the reference has."""
    kept: list[Run] = []
    gone = offset = 0.0
    for run in runs:
        gone += max(0.0, offset - run.offset)
        offset = run.offset
        kept.append(Run(run.start - gone, run.end - gone, run.offset + gone, run.votes))
    tail = max(0.0, theirs + offset - ours)
    return kept, theirs - gone - tail


def _map(runs: Sequence[Run]) -> OffsetMap:
    """Return the map of the runs; a step lies between two, and times in the blur mean the beginning of the later one."""
    first = runs[0]
    pieces = [Piece(0.0, first.offset)]
    trust = [Trust(0.0, _SURE if first.start <= _UNHEARD else _BETWEEN), Trust(first.start, _SURE)]
    for before, run in itertools.pairwise(runs):
        # peaks beside a cut have no partner, so both runs end short of it by about as much
        blur = min(run.start - before.end, run.start + run.offset - before.end - before.offset)
        start = run.start - min(_UNHEARD, max(0.0, blur)) / 2
        start = max(start, pieces[-1].published_start + _TICK, pieces[-1].place - run.offset + _TICK)
        gap = max(0.0, start - before.end)
        room = start - pieces[-1].published_start - _TICK
        pieces.append(Piece(start, run.offset, min(gap, room) if gap <= _UNHEARD else 0.0))
        if gap > _UNHEARD:
            trust.append(Trust(before.end, _BETWEEN))
        trust.append(Trust(start, _SURE))
    trust.append(Trust(runs[-1].end + _UNHEARD, _BETWEEN))
    return OffsetMap(tuple(pieces), "reference_audio", tuple(trust))
