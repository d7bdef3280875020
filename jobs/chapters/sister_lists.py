"""One list of chapters on two clocks: what is embedded in the file, against what the feed says.

Embedded chapters are on the file's own clock, so where the same title stands in both lists, the difference of the times is the
offset there. It places the chapters that the file lacks, and it tells that something was inserted.

Decisions: titles are the same if they are nearly so (`_ALIKE`) and unique in both lists; the pairs must keep their order (the
longest chain that does is taken), be `_PAIRS` or more, and make up half of the shorter list: otherwise the lists are not of one
episode. Differences within `_AGREE` are one offset. Where the offset changes between two chapters, a chapter of one list alone
takes that of the pair before it, and is not trusted.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from statistics import median

from rapidfuzz.fuzz import ratio

from jobs.chapters.anchor import OffsetMap, Piece, Trust
from jobs.chapters.cues import plain
from jobs.chapters.runs import longest_rising
from storage.documents import ChapterMark

_ALIKE = 90.0
"""Similarity of two titles, 0 … 100."""
_PAIRS = 2
_AGREE = 1.5
"""Seconds by which offsets of one piece differ: one list has fractions, the other may not."""
_SURE, _BETWEEN = 0.97, 0.4
"""Trust at a pair, and between two whose offsets differ."""
_TICK = 0.001


def sister_offsets(published: Sequence[ChapterMark], embedded: Sequence[ChapterMark]) -> OffsetMap | None:
    """Return the map from the published list's clock to the embedded one's; none where the lists do not agree."""
    pairs = _pairs(published, embedded)
    if len(pairs) < max(_PAIRS, min(len(published), len(embedded)) / 2):
        return None
    groups: list[list[tuple[float, float]]] = []
    for theirs, ours in pairs:
        if groups and abs(ours - theirs - _offset(groups[-1])) <= _AGREE:
            groups[-1].append((theirs, ours))
        else:
            groups.append([(theirs, ours)])
    return _map(groups)


def _map(groups: Sequence[Sequence[tuple[float, float]]]) -> OffsetMap:
    pieces, trust = [Piece(0.0, _offset(groups[0]))], [Trust(0.0, _SURE)]
    for before, group in itertools.pairwise(groups):
        offset = _offset(group)
        start = max(group[0][0], *(place + _TICK for place in (pieces[-1].published_start, pieces[-1].place - offset)))
        pieces.append(Piece(start, offset))
        last = before[-1][0] + _TICK
        trust += [Trust(last, _BETWEEN), Trust(start, _SURE)] if last < start else [Trust(start, _SURE)]
    return OffsetMap(tuple(pieces), "embedded", tuple(trust))


def _offset(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the offset of a piece; 0 where the lists say the same."""
    middle = median(ours - theirs for theirs, ours in pairs)
    return 0.0 if abs(middle) <= _AGREE else middle


def _pairs(published: Sequence[ChapterMark], embedded: Sequence[ChapterMark]) -> list[tuple[float, float]]:
    """Return the times of the titles that both lists have once, in an order that both keep."""
    theirs, ours = _titles(published), _titles(embedded)
    found = []
    for title, time in theirs:
        alike = [other for name, other in ours if ratio(title, name) >= _ALIKE]
        if len(alike) == 1:
            found.append((time, alike[0]))
    rising = longest_rising([round(1000 * other) for _, other in found])
    return [found[at] for at in rising]


def _titles(marks: Sequence[ChapterMark]) -> list[tuple[str, float]]:
    """Return the titles that occur once, bare, with their times, in order of time."""
    named = [(plain(mark.title), mark.start) for mark in sorted(marks, key=lambda m: m.start) if not mark.hidden]
    counted = Counter(name for name, _ in named)
    return [(name, start) for name, start in named if name and counted[name] == 1]
