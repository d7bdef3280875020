"""The picture of an episode: what is where in it, from the first second to the last, in one row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from storage.documents import Coverage

WIDTH = 1000
"""Units from the first second to the last."""

LANE = 22
"""Units from one row to the next, which are pixels."""

_THINNEST = 0.8
"""Units; what is shorter would not be seen."""

_JOINED = 1.0
"""Stretches of one kind with less between them are drawn as one."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch, in units."""

    x: float
    width: float
    kind: str
    """Class of its colour."""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """A row."""

    name: str
    kind: str
    bars: tuple[Bar, ...]
    y: int


@dataclass(frozen=True, slots=True)
class Picture:
    """All rows."""

    lanes: tuple[Lane, ...]
    description: str
    """The same in words."""
    width: int = WIDTH
    lane: int = LANE

    @property
    def height(self) -> int:
        """Units from top to bottom."""
        return len(self.lanes) * LANE

    @property
    def kinds(self) -> frozenset[str]:
        """The classes of all bars."""
        return frozenset(bar.kind for lane in self.lanes for bar in lane.bars)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time that is drawn in one colour."""

    start: float
    end: float
    kind: str
    label: str = ""


Row = tuple[str, str, Sequence[Stretch]]
"""Name, class, and what is in it."""


def picture(rows: Iterable[Row], duration: float, description: str) -> Picture:
    """Draw rows of an episode of so many seconds; empty rows are left out."""
    kept = [(name, kind, tuple(_bars(stretches, duration))) for name, kind, stretches in rows if stretches and duration > 0]
    lanes = (Lane(name, kind, bars, place * LANE) for place, (name, kind, bars) in enumerate(kept))
    return Picture(tuple(lanes), description)


def sound_of(coverage: Iterable[Coverage]) -> Iterator[Stretch]:
    """Yield what is no plain speech: music, pauses, what was unclear, and what was inserted."""
    for part in coverage:
        if part.inserted:
            yield Stretch(part.start, part.end, "inserted", "inserted")
        elif part.kind != "speech":
            yield Stretch(part.start, part.end, part.kind, "pause" if part.kind == "silence" else part.kind)


def _bars(stretches: Sequence[Stretch], duration: float) -> Iterator[Bar]:
    per_second = WIDTH / duration
    open_kind, open_label, begin, end = "", "", 0.0, 0.0
    for stretch in stretches:
        x, last = stretch.start * per_second, min(stretch.end, duration) * per_second
        if (
            (stretch.kind, stretch.label) == (open_kind, open_label)
            and x - end < _JOINED
            and not stretch.kind.startswith("chapter")
        ):
            end = max(end, last)
            continue
        if open_kind:
            yield _bar(begin, end, open_kind, open_label)
        open_kind, open_label, begin, end = stretch.kind, stretch.label, x, last
    if open_kind:
        yield _bar(begin, end, open_kind, open_label)


def _bar(begin: float, end: float, kind: str, label: str) -> Bar:
    return Bar(round(begin, 2), round(max(_THINNEST, end - begin), 2), kind, label)
