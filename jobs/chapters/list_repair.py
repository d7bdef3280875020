"""Rows of a list put right, each repair with a notice; a row is dropped, never the list.

Decisions:

- `00:00, 00:13, 01:02` under a three-hour episode are hours and minutes. That is believed only when the length is known, at
  least three rows say so, as minutes and seconds they would all lie within the first sixtieth of the episode, and as hours and
  minutes they fit it. `00:00:00, 02:15:00, 05:40:00` under a half-hour episode are minutes and seconds with a idle third
  number, by the same caution.
- `58:12, 1:02, 1:10`: after the first hour some people change to hours and minutes. Believed when the tail then goes on rising.
- Rows are sorted when few (one, or one in ten) are out of place. More than that is no list of chapters, unless its heading says
  so.
- Two rows with one time are both kept if their titles differ (an advertisement and what follows); a row printed twice is kept
  once.
- A mistyped time (`04;10`) is read if it fits between its neighbours; a row with 60 or more seconds is dropped.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise

from jobs.chapters.note_rows import Row
from storage.documents import Notice

_HOUR_SWITCH = 40 * 60
"""Seconds; before this place nobody changes from minutes to hours."""


def clock(seconds: float) -> str:
    """Return a time for people: `7:48`, `1:35:52`."""
    whole = int(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def repaired(message: str) -> Notice:
    """Return the notice of a repair."""
    return Notice(code="chapter_repaired", message=message)


def dropped(message: str) -> Notice:
    """Return the notice of a row that was left out."""
    return Notice(code="chapter_dropped", message=message)


def reread_clock(rows: list[Row], duration: float | None) -> tuple[list[Row], list[Notice]]:
    """Return the rows with their numbers taken for what the publisher meant: see the module's first decision."""
    if duration is None or len(rows) < 3:
        return rows, []
    last = max(row.start for row in rows)
    if all(row.time.parts == 2 and row.start == int(row.start) and row.start < 86_400 for row in rows):
        if 0 < last * 60 <= duration and last * 60 >= duration / 4:
            message = f"The show notes' times were read as hours and minutes, since the episode lasts {clock(duration)}."
            return [_scaled(row, 60) for row in rows], [repaired(message)]
    elif all(row.time.parts == 3 and row.start % 60 == 0 for row in rows) and last > 1.5 * duration and last / 60 <= duration:
        message = f"The show notes' times were read as minutes and seconds, since the episode lasts only {clock(duration)}."
        return [_scaled(row, 1 / 60) for row in rows], [repaired(message)]
    return rows, []


def carry_hours(rows: list[Row], duration: float | None) -> tuple[list[Row], list[Notice]]:
    """Return the rows with a tail of `1:02` after `58:12` taken for hours and minutes."""
    falls = [place for place, (a, b) in enumerate(pairwise(rows), 1) if b.start < a.start]
    if len(falls) != 1:
        return rows, []
    head, tail = rows[: falls[0]], [_scaled(row, 60) for row in rows[falls[0] :]]
    fits = duration is None or tail[-1].start <= duration
    if head[-1].start < _HOUR_SWITCH or any(row.time.parts != 2 for row in rows[falls[0] :]) or not fits:
        return rows, []
    if tail[0].start < head[-1].start or tail[0].start > head[-1].start + 3600 or tail[-1].start > 6 * 3600:
        return rows, []
    return head + tail, [repaired(f"“{row.title}” was read as {clock(row.start)}, hours and minutes.") for row in tail]


def misplaced(rows: list[Row]) -> int:
    """Return the smallest number of rows that must be taken out for the rest to be in order."""
    ends: list[float] = []
    for row in rows:
        place = bisect_right(ends, row.start)
        ends[place : place + 1] = [row.start]
    return len(rows) - len(ends)


def in_order(rows: list[Row]) -> tuple[list[Row], list[Notice]]:
    """Return the rows sorted by time and without exact repetitions."""
    ordered = sorted(rows, key=lambda row: row.start)
    notices = []
    if any(a is not b for a, b in zip(rows, ordered, strict=True)):
        moved = _moved(rows)
        names = ", ".join(f"“{row.title}” ({clock(row.start)})" for row in moved[:3])
        notices.append(repaired(f"Out of order in the show notes and sorted by time: {names}{' …' if len(moved) > 3 else ''}."))
    kept: list[Row] = []
    seen: set[tuple[float, str]] = set()
    for row in ordered:
        if (row.start, row.title) in seen:
            notices.append(dropped(f"“{row.title}” ({clock(row.start)}) is printed twice in the show notes; it is kept once."))
            continue
        seen.add((row.start, row.title))
        kept.append(row)
    return kept, notices


def settle_ranges(rows: list[Row]) -> list[Row]:
    """Return the rows with their ranges, or without where only a few of them seem to have one: then it was the title's."""
    with_range = [row for row in rows if row.time.end is not None]
    if not with_range or 2 * len(with_range) >= len(rows):
        return rows
    return [
        row._replace(title=row.spoilt_title, time=row.time._replace(end=None))
        if row.time.end is not None and row.spoilt_title
        else row
        for row in rows
    ]


def with_doubtful(rows: list[Row], doubtful: list[Row]) -> tuple[list[Row], list[Notice]]:
    """Return the rows of a list with those mistyped ones among its lines that fit in, and a notice for each one."""
    if not doubtful or not rows:
        return rows, []
    first = bisect_left(doubtful, rows[0].line - 1, key=_line)
    notices: list[Notice] = []
    result = list(rows)
    for row in doubtful[first : bisect_right(doubtful, rows[-1].line + 2, key=_line)]:
        place = next((n for n, other in enumerate(result) if other.line > row.line), len(result))
        before = result[place - 1] if place else None
        after = result[place] if place < len(result) else None
        if row.time.broken:
            notices.append(
                dropped(f"“{row.doubtful} {row.title}” in the show notes has no time that a clock can show; it is left out.")
            )
        elif before and before.start < row.start and (after.start > row.start if after else row.line == before.line + 1):
            result.insert(place, row)
            notices.append(repaired(f"“{row.doubtful}” before “{row.title}” was read as {clock(row.start)}."))
    return result, notices


def _line(row: Row) -> int:
    return row.line


def _moved(rows: list[Row]) -> list[Row]:
    """Return the rows that stand behind a later one."""
    moved, highest = [], -1.0
    for row in rows:
        if row.start < highest:
            moved.append(row)
        highest = max(highest, row.start)
    return moved


def _scaled(row: Row, factor: float) -> Row:
    end = None if row.time.end is None else round(row.time.end * factor, 3)
    return row._replace(time=row.time._replace(seconds=round(row.start * factor, 3), end=end))
