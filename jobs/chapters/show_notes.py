"""Chapters from show notes: text that people wrote for people.

The reader goes through five questions, each its own file: which lines does a reader see (`note_text`), which of them hold a
time and a title (`note_rows`, `run_on`, over `clock_times` and `titles`), which rows belong together (`note_lists`), are they
chapters (`list_judge`), and what must be put right (`list_repair`).

Decisions:

- Fields are asked in the order of `FIELDS`; the first that yields a list gives the chapters. Other fields are read too: one
  that has the same list says so, and if the first list breaks off inside its last title and another field has it whole, the
  whole one goes first.
- Nothing is invented: a list that does not begin at 0:00 stays so, and rows past the episode's length stay, with a notice.
- An `end` is kept only where the publisher printed ranges.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from operator import attrgetter

from jobs.chapters.chapter_links import chapter_url
from jobs.chapters.list_repair import clock
from jobs.chapters.note_links import NoteLink
from jobs.chapters.note_lists import FoundList, find_list
from jobs.chapters.note_rows import Row
from jobs.chapters.note_text import MAX_CHARACTERS, MAX_LINES, NoteLine, note_lines
from jobs.chapters.titles import MAX_TITLE
from storage.documents import ChapterMark, ChapterSource, Note, Notice

FIELDS = ("content:encoded", "atom:content", "description", "atom:summary", "itunes:summary", "page", "file")
"""Fields of show notes, the one to believe first at the front."""

MAX_CHAPTERS = 500
"""Far above any list that a person writes; it bounds the time that a hostile text can take."""


def read_show_notes(
    notes: Sequence[Note], *, duration: float | None = None
) -> tuple[tuple[ChapterSource, ...], tuple[Notice, ...]]:
    """Return what each field of an episode's show notes holds, the one to use first, and notices about that one.

    `duration` is the episode's length in seconds, published or measured, if known. Never raises.
    """
    ordered = in_order(notes)
    read = [read_notes_text(note.html, note.field, duration=duration) for note in ordered]
    found = [result for result in read if result[0].status == "found"]
    if not found:
        sources = tuple(source for source, _ in read) or (
            ChapterSource(kind="show_notes", origin="show notes", status="none", reason="there are no show notes"),
        )
        return sources, tuple(notice for _, notices in read for notice in notices)
    first = _whole(found)
    rest = [_compared(source, first[0]) for source, _ in read if source is not first[0]]
    return (first[0], *rest), first[1]


def in_order(notes: Sequence[Note]) -> list[Note]:
    """Return the notes that say anything, the one to believe first at the front."""
    return sorted((note for note in notes if note.html.strip()), key=lambda note: FIELDS.index(note.field))


def read_notes_text(text: str, origin: str, *, duration: float | None = None) -> tuple[ChapterSource, tuple[Notice, ...]]:
    """Return the chapters in one text, plain or HTML, with the notices about them; `origin` names it.

    The source's status is `found`, or `none` with the reason. Never raises; takes time linear in the length.
    """
    notices: list[Notice] = []
    if len(text) > MAX_CHARACTERS:
        message = f"Only the first {MAX_CHARACTERS:,} of {len(text):,} characters of {origin} were read."
        notices.append(Notice(code="notes_too_long", message=message))
    lines = note_lines(text)
    if len(lines) == MAX_LINES:
        notices.append(Notice(code="notes_too_long", message=f"Only the first {MAX_LINES:,} lines of {origin} were read."))
    found, reason = find_list(lines, duration)
    if found is None:
        return ChapterSource(kind="show_notes", origin=origin, status="none", reason=reason), tuple(notices)
    notices.extend(found.notices)
    if len(found.rows) > MAX_CHAPTERS:
        notices.append(
            Notice(code="chapters_too_many", message=f"Only the first {MAX_CHAPTERS:,} chapters of {origin} are kept.")
        )
    marks = _marks(found, lines)
    notices.extend(_overrun(marks, duration))
    reason = f"{len(marks)} chapters{' under a heading' if found.headed else ''}"
    return ChapterSource(kind="show_notes", origin=origin, status="found", marks=marks, reason=reason), tuple(notices)


def _marks(found: FoundList, lines: Sequence[NoteLine]) -> tuple[ChapterMark, ...]:
    last_printed = max(found.rows, key=lambda row: (row.line, row.order))
    links = {line: lines[line].links for line in {row.line + step for row in found.rows for step in (0, 1)} if line < len(lines)}
    places = sorted((row.line, row.time.at) for row in found.rows)
    return tuple(
        ChapterMark(
            start=row.start,
            title=row.title[:MAX_TITLE].rstrip(),
            end=row.time.end,
            url=_url(row, places, lines, links),
            truncated=len(row.title) > MAX_TITLE or (found.truncated and row is last_printed),
        )
        for row in found.rows[:MAX_CHAPTERS]
    )


def _url(
    row: Row, places: Sequence[tuple[int, int]], lines: Sequence[NoteLine], links_of: Mapping[int, tuple[NoteLink, ...]]
) -> str | None:
    """Return the address that a row links to; `places` are the lines and columns of all rows' times, in order."""
    links = links_of[row.line]
    if row.form == "alone":
        links = (*links, *links_of.get(row.line + 1, ()))
    if not links:
        return None
    if row.form != "run":
        return chapter_url(links, 0, len(lines[row.line].text) + MAX_TITLE, row.start)
    if not row.separated:  # the stretch before the time is not kept, and a wrong link is worse than none
        return None
    following = bisect_right(places, (row.line, row.time.at))
    same_line = following < len(places) and places[following][0] == row.line
    until = places[following][1] if same_line else row.time.to + MAX_TITLE
    links = links[bisect_right(links, row.time.at, key=attrgetter("end")) : bisect_left(links, until, key=attrgetter("start"))]
    return chapter_url(links, row.time.at, until, row.start)


def _overrun(marks: Sequence[ChapterMark], duration: float | None) -> list[Notice]:
    if duration is None:
        return []
    past = [mark for mark in marks if mark.start > duration]
    if not past:
        return []
    message = f"{len(past)} of {len(marks)} chapters in the show notes begin after the episode's end at {clock(duration)}."
    return [Notice(code="chapters_overrun", message=message)]


def _whole(found: Sequence[tuple[ChapterSource, tuple[Notice, ...]]]) -> tuple[ChapterSource, tuple[Notice, ...]]:
    """Return the first list, or a later one that is the same but does not break off where the first does."""
    first = found[0]
    marks = first[0].marks
    if any(mark.truncated for mark in marks):
        for other in found[1:]:
            theirs = other[0].marks
            same = [mark.start for mark in theirs[: len(marks)]] == [mark.start for mark in marks]
            if same and not any(mark.truncated for mark in theirs):
                message = f"The chapters in {first[0].origin} break off; {other[0].origin} has them whole."
                return other[0], (*other[1], Notice(code="chapter_repaired", message=message))
    return first


def _compared(source: ChapterSource, first: ChapterSource) -> ChapterSource:
    """Say how a field's list relates to the one that goes first."""
    if source.status != "found":
        return source
    theirs, ours = ([mark.start for mark in one.marks] for one in (source, first))
    if theirs == ours:
        relation = f"the same list as in {first.origin}"
    elif theirs == ours[: len(theirs)]:
        relation = f"the beginning of the list in {first.origin}"
    else:
        relation = f"another list than in {first.origin}, which comes first"
    return source.model_copy(update={"reason": relation})
