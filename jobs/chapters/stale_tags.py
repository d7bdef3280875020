"""Whether chapters that are embedded in a file are on that file's clock after all.

They should be, and that is why they come first. But where ads are put in at download, the tags of the publisher's file may be
sent along as they were, and then they are on the publisher's clock like any other list. A publisher's transcript that shows
insertions contradicts neither: it tells what was inserted, not to what the tags belong. So the chapters themselves are asked,
with the evidence of `title_evidence`: for each that the transcript would move, is what its title promises said, and does a topic
begin, where it stands, or where the transcript would put it?

Embedded times are given up only if the answer is as clear as any move must be: `_MARGIN` in all, and `_SUPPORT` chapters that
each speak for it. In doubt they stay where they stand.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jobs.chapters.anchor import OffsetMap
from jobs.chapters.snap import BY_HAND
from jobs.chapters.title_places import Places
from jobs.chapters.title_words import TitleWords
from jobs.chapters.topic_starts import topic_starts
from storage.documents import ChapterMark, Coverage, Turn, Word

_MARGIN = 6.0
"""Log-odds."""
_SUPPORT = 2
_CLEAR = 1.0
"""Log-odds from which on a chapter speaks for either clock."""


def on_publishers_clock(
    marks: Sequence[ChapterMark],
    offsets: OffsetMap,
    *,
    words: Sequence[Word],
    turns: Sequence[Turn],
    coverage: Sequence[Coverage],
    duration: float,
) -> bool:
    """Tell whether embedded marks, sorted by time, belong where a map of the publisher's clock puts them in the file."""
    listed = [mark for mark in marks if not mark.hidden]
    moved = [row for row, mark in enumerate(listed) if abs(offsets.apply(mark.start) - mark.start) > BY_HAND.reach]
    places = topic_starts(words, turns, coverage)
    if len(moved) < _SUPPORT or not places:
        return False
    evidence = Places(listed, places, TitleWords([mark.title for mark in listed], words), duration)
    there = np.array([0.0, *(offsets.apply(listed[row].start) - listed[row].start for row in moved)])
    onsets = evidence.onsets(there, BY_HAND)
    extents = evidence.extents(there)
    gains = [
        float(onsets[row, at] - onsets[row, 0] + extents[row][at, at] - extents[row][0, 0])
        for at, row in enumerate(moved, start=1)
    ]
    return sum(gains) >= _MARGIN and sum(gain >= _CLEAR for gain in gains) >= _SUPPORT
