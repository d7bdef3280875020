"""From the publisher's clock to the downloaded file's: the map that placing works through.

The map is piecewise constant and non-decreasing: a stretch of the published episode lies in the file later by the length of
what was inserted before it, and never earlier than its neighbours. `IDENTITY` is the map of a file that nothing was inserted
into, and the map to use where evidence does not agree.
"""

from __future__ import annotations

import bisect
import itertools
from dataclasses import dataclass

from storage.documents import AnchorMethod


@dataclass(frozen=True)
class Piece:
    """From `published_start` on, the file runs `offset` seconds behind the publisher's clock."""

    published_start: float
    offset: float


@dataclass(frozen=True)
class OffsetMap:
    """A piecewise constant, non-decreasing offset, found by one method."""

    pieces: tuple[Piece, ...] = ()
    """Sorted by `published_start`; before the first one, and without any, the offset is that of the first, or 0."""
    method: AnchorMethod = "as_published"

    def __post_init__(self) -> None:
        for a, b in itertools.pairwise(self.pieces):
            if a.published_start >= b.published_start or a.offset > b.offset:
                raise ValueError(f"offsets must not fall, and pieces must be sorted: {a}, {b}")

    def offset(self, published: float) -> float:
        """Return the seconds to be added to a time on the publisher's clock."""
        if not self.pieces:
            return 0.0
        at = bisect.bisect_right(self.pieces, published, key=lambda piece: piece.published_start)
        return self.pieces[max(0, at - 1)].offset

    def apply(self, published: float) -> float:
        """Return the place in the file, in seconds, of a time on the publisher's clock; never before the file begins."""
        return max(0.0, published + self.offset(published))


IDENTITY = OffsetMap()
"""The two clocks are one."""
