"""What show notes say of each chapter beside its title: the sentences that stand under its row.

Many publishers print a line or two under each row of their list. Their words are said in the chapter more than elsewhere, as
those of its title are, and tell more where the title is a joke.

Decisions:

- The sentences are taken by the starts of the rows, so they also serve chapters from another source, if that is the same list.
- Under the last row of a list everything else begins: as many lines are taken there as under most of the other rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median_low

from jobs.chapters.note_lists import find_list
from jobs.chapters.note_rows import Row
from jobs.chapters.note_text import NoteLine, note_lines
from jobs.chapters.show_notes import in_order
from storage.documents import ChapterMark, Note

_SAME = 1.0
"""Seconds by which the starts of two sources of one list differ."""
_MOST = 0.8
"""Share of the chapters that a list must have to be the same one."""
_LINES, _CHARACTERS = 6, 600
"""Of what stands under one row; more is no remark on a chapter."""


def beside_rows(marks: Sequence[ChapterMark], notes: Sequence[Note], *, duration: float | None) -> dict[float, str]:
    """Return by the starts of marks what stands under their rows in the first of the notes that has their list.

    Empty where no notes have it, or say nothing more. `duration`: the episode's length in seconds, if known.
    """
    starts = [mark.start for mark in marks if not mark.hidden]
    for note in in_order(notes):
        lines = note_lines(note.html)
        found, _ = find_list(lines, duration)
        if found is None:
            continue
        under = {start: text for row, text in _under(found.rows, lines) if (start := _nearest(starts, row)) is not None}
        if len(under) >= _MOST * len(starts):
            return {start: text for start, text in under.items() if text}
    return {}


def _under(rows: Sequence[Row], lines: Sequence[NoteLine]) -> Iterator[tuple[Row, str]]:
    """Yield the rows in the order of the text, each with what stands under it."""
    ordered = sorted(rows, key=lambda row: (row.line, row.order))
    counts = [after.line - _below(row) for row, after in pairwise(ordered)]
    counts.append(max(0, median_low(counts)) if counts else 0)
    for row, count in zip(ordered, counts, strict=True):
        below = _below(row)
        yield row, " ".join(line.text for line in lines[below : below + min(count, _LINES)])[:_CHARACTERS]


def _below(row: Row) -> int:
    """Return the line under a row, behind the title where that has a line of its own."""
    return row.line + (2 if row.form == "alone" else 1)


def _nearest(starts: Sequence[float], row: Row) -> float | None:
    near = min(starts, key=lambda start: abs(start - row.start), default=None)
    return near if near is not None and abs(near - row.start) <= _SAME else None
