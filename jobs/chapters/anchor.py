"""From the publisher's clock to the downloaded file's: the map that placing works through.

The map is a piecewise constant offset: a stretch of the published episode lies in the file later by the length of what was
inserted before it, and earlier by the length of what was cut. `IDENTITY` is the map of a file that nothing was done to, and
the map to use where evidence does not agree.

Decision: the *place* (published time + offset) never turns back, but the offset may fall. A map whose offset only rises could
not say what a file is that lost its intro or a sponsor's minute, and such files exist. Times inside a stretch that was cut all
lie at the cut; a time inside an inserted stretch of the file has no published time at all (`published` says none).
"""

from __future__ import annotations

import bisect
import itertools
from dataclasses import dataclass

from storage.documents import AnchorMethod, Span

_ENDLESS = 1e9


@dataclass(frozen=True)
class Piece:
    """From `published_start` on, the file runs `offset` seconds behind the publisher's clock (before it, if negative)."""

    published_start: float
    offset: float
    doubt: float = 0.0
    """Seconds before `published_start` without a published word: times in them mean the beginning of the piece."""

    @property
    def place(self) -> float:
        """Return where the piece begins in the file, seconds."""
        return self.published_start + self.offset


@dataclass(frozen=True)
class Trust:
    """From `published_start` on, the map is right with this probability."""

    published_start: float
    share: float


@dataclass(frozen=True)
class OffsetMap:
    """A piecewise constant offset whose places never turn back, found by one method."""

    pieces: tuple[Piece, ...] = ()
    """Sorted by `published_start`; before the first one, and without any, the offset is that of the first, or 0."""
    method: AnchorMethod = "as_published"
    trust: tuple[Trust, ...] = ()
    """Sorted; before the first one, and without any, the map is taken for right."""

    def __post_init__(self) -> None:
        for a, b in itertools.pairwise(self.pieces):
            if a.published_start >= b.published_start - b.doubt or a.place > b.place:
                raise ValueError(f"places must not turn back, and pieces must be sorted: {a}, {b}")

    def offset(self, published: float) -> float:
        """Return the offset in force at a time on the publisher's clock, seconds."""
        return self.pieces[self._at(published)].offset if self.pieces else 0.0

    def apply(self, published: float) -> float:
        """Return the place in the file, in seconds, of a time on the publisher's clock; never before the file begins."""
        if not self.pieces:
            return max(0.0, published)
        at = self._at(published)
        place = published + self.pieces[at].offset
        if at:
            place = max(place, self.pieces[at].place)
        if at + 1 < len(self.pieces):
            place = min(place, self.pieces[at + 1].place)
        return max(0.0, place)

    def published(self, place: float) -> float | None:
        """Return the publisher's time of a place in the file; none inside what was inserted."""
        if not self.pieces:
            return place
        at = max(0, bisect.bisect_right(self.pieces, place, key=lambda piece: piece.place) - 1)
        time = place - self.pieces[at].offset
        if at + 1 < len(self.pieces) and time >= self.pieces[at + 1].published_start - self.pieces[at + 1].doubt:
            return None
        return None if time < 0 else time

    @property
    def kept(self) -> tuple[tuple[Span, float], ...]:
        """Return the stretches of the file that were published, each with its offset; the last one has no end."""
        found: list[tuple[Span, float]] = []
        for here, following in itertools.zip_longest(self.pieces, self.pieces[1:]):
            start = max(0.0, here.place if found else here.offset)
            end = _ENDLESS
            if following is not None:
                end = min(following.place, following.published_start - following.doubt + here.offset)
            found.append((Span(start=start, end=max(start, end)), here.offset))
        return tuple(found)

    def certainty(self, published: float) -> float:
        """Return the probability that the map is right at a time on the publisher's clock."""
        at = bisect.bisect_right(self.trust, published, key=lambda trust: trust.published_start)
        return self.trust[at - 1].share if at else 1.0

    @property
    def inserted(self) -> tuple[Span, ...]:
        """Return the stretches of the file that the publisher's clock does not know, up to where the last piece begins."""
        first = self.pieces[:1]
        spans = [Span(start=0.0, end=p.offset) for p in first if p.offset > 0]
        for a, b in itertools.pairwise(self.pieces):
            if b.offset > a.offset:
                start = max(a.place, b.published_start - b.doubt + a.offset)
                spans.append(Span(start=max(0.0, start), end=max(0.0, start, b.place)))
        return tuple(span for span in spans if span.end > span.start)

    @property
    def cut(self) -> tuple[Span, ...]:
        """Return the stretches of the published episode, on its own clock, that are not in the file."""
        spans = [Span(start=0.0, end=-p.offset) for p in self.pieces[:1] if p.offset < 0]
        for a, b in itertools.pairwise(self.pieces):
            if b.offset < a.offset:
                spans.append(Span(start=max(0.0, b.published_start - (a.offset - b.offset)), end=b.published_start))
        return tuple(span for span in spans if span.end > span.start)

    def _at(self, published: float) -> int:
        return max(0, bisect.bisect_right(self.pieces, published, key=lambda piece: piece.published_start - piece.doubt) - 1)


IDENTITY = OffsetMap()
"""The two clocks are one."""
