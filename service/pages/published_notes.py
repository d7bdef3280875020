"""Show notes as a page shows them: lines of text with links to the web, and nothing else of what was published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from jobs.chapters.note_text import NoteLine, note_lines
from jobs.request import read_request
from storage.documents import Note
from storage.episodes import EpisodeRecord
from storage.errors import OptionError
from storage.plain import one_line, web_address
from storage.printed import requests_of

MOST_LINES = 300
"""Lines that are shown; a publisher's transcript in the notes has more."""


@dataclass(frozen=True, slots=True)
class NotePiece:
    """A part of a line."""

    text: str
    link: str | None = None
    """An address of the web; none where it is plain text, or led elsewhere."""


@dataclass(frozen=True, slots=True)
class ShownNotes:
    """The notes of an episode."""

    lines: tuple[tuple[NotePiece, ...], ...] = ()
    more: bool = False
    """There are more lines than are shown."""


def published_notes(engine: Engine, record: EpisodeRecord) -> ShownNotes:
    """Return the show notes of an episode, as the job knew them that made its transcript; none once that is gone."""
    kept = requests_of(engine, [record]).get(record.id)
    try:
        request = read_request(kept) if kept is not None else None
    except OptionError:
        return ShownNotes()
    return shown_notes((*request.notes, *request.publication.notes)) if request is not None else ShownNotes()


def shown_notes(notes: Sequence[Note]) -> ShownNotes:
    """Return the field of show notes that says most."""
    fullest = max((note_lines(note.html) for note in notes), key=lambda lines: sum(len(line.text) for line in lines), default=())
    shown = tuple(tuple(_pieces(line)) for line in fullest[:MOST_LINES])
    return ShownNotes(tuple(line for line in shown if line), more=len(fullest) > MOST_LINES)


def _pieces(line: NoteLine) -> Iterator[NotePiece]:
    at = 0
    for link in line.links:
        yield from _piece(line.text[at : link.start], None)
        yield from _piece(line.text[link.start : link.end], web_address(link.url))
        at = link.end
    yield from _piece(line.text[at:], None)


def _piece(text: str, link: str | None) -> Iterator[NotePiece]:
    """Yield a piece with the spaces at its ends kept, unless nothing of it can be seen."""
    seen = one_line(text)
    if seen:
        before, after = " " * text[:1].isspace(), " " * text[-1:].isspace()
        yield NotePiece(f"{before}{seen}{after}", link)
    elif text:
        yield NotePiece(" ")
