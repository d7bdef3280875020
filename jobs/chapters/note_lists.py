"""The list of chapters in the lines of a text, if there is one.

First the text is asked for rows, then the rows are cut into lists, then each list is repaired and judged, and the best of those
that stand is taken. A text is taken to have one list: a second one is a translation, a tracklist or a schedule.

Decisions:

- Rows with leading and with trailing times make separate lists; people keep to one form.
- A new list begins where the time falls behind other text, or back to the start (a second language); where far more lines lie
  between two rows than usual; and where, behind other text, round clock times begin (`19:30 Doors`).
- Among lists that stand, one under a heading wins, then one that begins at 0:00, then the longer, then the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from jobs.chapters.clock_times import MAX_TIMES
from jobs.chapters.list_headings import ends_with_heading, is_heading
from jobs.chapters.list_judge import refusal
from jobs.chapters.list_repair import carry_hours, in_order, repaired, reread_clock, settle_ranges, with_doubtful
from jobs.chapters.note_rows import LETTER, Row, TimedLine, leading_row, timed_line, trailing_row
from jobs.chapters.note_text import NoteLine
from jobs.chapters.run_on import cut_last_title, run_on_rows
from jobs.chapters.titles import breaks_off, leading_number, without_number
from storage.documents import Notice

MAX_ROWS = 501
"""Reading stops after this many times with titles: one more than the chapters that are kept; only a transcript has more."""
MAX_EFFORT = 2_050
"""Reading stops when looking at lines has cost so much: 2 for one with a digit, 1 more for each of its first two times and 2 for
each other, and more for what is looked at twice. 500 rows of any form cost less."""
_VAIN_TO_ONE = 4
"""Stretches of a line that are no times which cost as much as one that is."""
_CROWDED_EFFORT, _DOUBTFUL_EFFORT = (1, 8), 5
"""What looking for a run-on list in a line with one time or several, and for what a mistyped time may mean, cost."""

_BEGINNING = 60
"""Seconds; a time up to here can begin a list."""
_HEADING_REACH = 2
_MAX_ALONE_TITLE = 400


@dataclass(frozen=True, slots=True)
class FoundList:
    """Rows that stand as a list of chapters, in order of time, and what was repaired."""

    rows: tuple[Row, ...]
    notices: tuple[Notice, ...]
    headed: bool
    truncated: bool
    """The text ends inside the last row's title."""


@dataclass(frozen=True, slots=True)
class _Candidates:
    """All rows of a text by form."""

    leading: list[Row]
    trailing: list[Row]
    doubtful: list[Row]


def find_list(lines: Sequence[NoteLine], duration: float | None) -> tuple[FoundList | None, str]:
    """Return the list of chapters in the lines, or none and the reason why; `duration` in seconds if known."""
    candidates = _candidates(lines)
    best: tuple[tuple[bool, bool, int, int], FoundList] | None = None
    reason = "no times with titles"
    for rows, doubtful in ((candidates.leading, candidates.doubtful), (candidates.trailing, [])):
        for block in _blocks(rows):
            headed = _is_headed(block[0], lines)
            if best and (headed, True, len(block) + len(doubtful), 1 - block[0].line) < best[0]:
                continue  # whatever comes of it cannot be the better list
            found, why = _read_block(block, doubtful, lines, headed=headed, duration=duration)
            if found is None:
                reason = f"{len(block)} times with titles, but {why}" if len(block) > 1 else reason
                continue
            rank = (found.headed, found.rows[0].start <= _BEGINNING, len(found.rows), -found.rows[0].line)
            if best is None or rank > best[0]:
                best = (rank, found)
    return (best[1], "") if best else (None, reason)


def _candidates(lines: Sequence[NoteLine]) -> _Candidates:
    found = _Candidates([], [], [])
    alone: list[tuple[Row, TimedLine]] = []
    effort = 0
    for number, line in enumerate(lines):
        timed = timed_line(number, line, min(MAX_TIMES, MAX_EFFORT + 1 - effort))
        if timed is None:
            continue
        crowded = len(timed.times) > 1 or (len(timed.times) == 1 and not timed.in_front)
        effort += 2 + len(timed.times) + max(0, len(timed.times) - 2) + timed.vain // _VAIN_TO_ONE
        effort += _CROWDED_EFFORT[len(timed.times) > 1] if crowded else 0
        run = run_on_rows(timed, lines[number - 1].text if number else "") if crowded else []
        lead = None if run else leading_row(timed)
        if run:
            found.leading.extend(run)
        elif lead is not None and lead.doubtful:
            found.doubtful.append(lead)
            effort += _DOUBTFUL_EFFORT
        elif lead is not None and lead.title:
            found.leading.append(lead)
        elif lead is not None:
            alone.append((lead, timed))
        else:
            trail = trailing_row(timed)
            if trail is not None and not trail.time.broken:
                found.trailing.append(trail)
        if len(found.leading) + len(found.trailing) + len(alone) >= MAX_ROWS or effort > MAX_EFFORT:
            break
    without_title = _without_titles_of_symbols(alone, found.trailing)
    found.leading.extend(_titled(without_title, lines, {row.line for row in (*found.leading, *without_title, *found.trailing)}))
    found.leading.sort(key=lambda row: (row.line, row.order))
    return found


def _without_titles_of_symbols(alone: list[tuple[Row, TimedLine]], trailing: list[Row]) -> list[Row]:
    """Return the rows whose time is alone in its line; in a list of trailing times, `👋 (0:31)` has a title instead."""
    if len(trailing) <= len(alone):
        return [row for row, _ in alone]
    rows = [(row, trailing_row(timed)) for row, timed in alone]
    trailing.extend(trail for _, trail in rows if trail is not None)
    trailing.sort(key=lambda row: (row.line, row.order))
    return [row for row, trail in rows if trail is None]


def _titled(alone: list[Row], lines: Sequence[NoteLine], taken: set[int]) -> list[Row]:
    """Give rows whose time has a line of its own the next line as title; the line before, if the last time ends the text."""
    step = -1 if alone and alone[-1].line == len(lines) - 1 else 1
    rows = []
    for row in alone:
        place = row.line + step
        if place in taken or not 0 <= place < len(lines):
            continue
        title = lines[place].text
        if len(title) <= _MAX_ALONE_TITLE and LETTER.search(title):
            rows.append(row._replace(title=title, form="alone"))
    return rows


def _blocks(rows: list[Row]) -> list[list[Row]]:
    """Cut the rows of a text into lists."""
    if not rows:
        return []
    usual = median([_between(a, b) for a, b in pairwise(rows)] or [0])
    blocks: list[list[Row]] = [[rows[0]]]
    for place, (before, row) in enumerate(pairwise(rows), 1):
        between = _between(before, row)
        falls = row.start < before.start
        if (
            between > 3 + 3 * usual
            or (falls and (between > usual or row.start <= min(_BEGINNING, blocks[-1][0].start)))
            or (between > usual and _is_schedule(rows, place, blocks[-1]))
        ):
            blocks.append([])
        blocks[-1].append(row)
    return blocks


def _between(before: Row, row: Row) -> int:
    """Return how many lines lie between two rows."""
    return max(0, row.line - before.line - (2 if before.form == "alone" else 1))


def _is_schedule(rows: list[Row], place: int, block: list[Row]) -> bool:
    """Whether round clock times begin at `place`, behind a list whose times are not round."""
    tail = [row for row in rows[place : place + 3] if row.start >= rows[place].start]
    return (
        len(tail) >= 2
        and all(row.start % 300 == 0 and row.time.parts == 2 for row in tail)
        and any(row.start % 60 for row in block)
    )


def _read_block(
    block: list[Row], doubtful: list[Row], lines: Sequence[NoteLine], *, headed: bool, duration: float | None
) -> tuple[FoundList | None, str]:
    rows, notices = with_doubtful(block, doubtful)
    rows, more = reread_clock(rows, duration)
    notices += more
    rows, more = carry_hours(rows, duration)
    notices += more
    why = refusal(rows, lines, headed=headed, duration=duration)
    if why:
        return None, why
    rows, more = _tidied(rows)
    notices += more
    rows, more = in_order(rows)
    notices += more
    last = max(rows, key=lambda row: (row.line, row.order))
    at_end = last.line + (1 if last.form == "alone" else 0) == len(lines) - 1
    return FoundList(tuple(rows), tuple(notices), headed, at_end and breaks_off(last.title)), ""


def _is_headed(first: Row, lines: Sequence[NoteLine]) -> bool:
    if any(is_heading(line.text) for line in lines[max(0, first.line - _HEADING_REACH) : first.line]):
        return True
    return first.form == "run" and ends_with_heading(lines[first.line].text[: first.time.at])


def _tidied(rows: list[Row]) -> tuple[list[Row], list[Notice]]:
    """Return the rows with ranges settled, numbering taken off, and the last title of a run-on list cut where the list ends."""
    rows = settle_ranges(rows)
    notices = []
    if rows[0].form == "trail" and [leading_number(row.title) for row in rows] == list(range(1, len(rows) + 1)):
        rows = [row._replace(title=without_number(row.title)) for row in rows]
    if rows[-1].form == "run" and len(rows) > 1:
        title = cut_last_title(rows[-1].title, [row.title for row in rows[:-1]])
        if title != rows[-1].title and title:
            notices.append(
                repaired(f"What followed the list of chapters without a break was cut from the last title, “{title}”.")
            )
            rows = [*rows[:-1], rows[-1]._replace(title=title)]
    return rows, notices
