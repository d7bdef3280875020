"""The chapters that a feed itself shows for an episode, without fetching anything."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.chapters.choose import choose
from jobs.chapters.show_notes import in_order, read_notes_text
from storage.documents import ChapterMark, ChapterSource, Publication


@dataclass(frozen=True)
class Listed:
    """What can be said of an episode's chapters from its feed alone."""

    marks: tuple[ChapterMark, ...]
    kind: str | None
    """Kind of the chosen source; `podcast_json?` where a chapters file is linked but nothing is inline."""


def published_chapters(publication: Publication) -> Listed:
    """Return the inline chapters of an episode, chosen as the pipeline would choose among them."""
    duration = publication.episode.published_duration
    choice = choose([*publication.chapters, *_from_notes(publication, duration)], duration=duration)
    if choice.kind is None and publication.chapter_links:
        return Listed((), f"{publication.chapter_links[0].rel or 'podcast_json'}?")
    return Listed(choice.marks, choice.kind)


def _from_notes(publication: Publication, duration: float | None) -> list[ChapterSource]:
    """Return what the show notes hold, up to the first whole list: the pipeline would take that one, and reading takes time."""
    found: list[ChapterSource] = []
    for note in in_order(publication.notes):
        source, _ = read_notes_text(note.html, note.field, duration=duration)
        if source.status == "found":
            whole = not source.marks[-1].truncated
            found = [source] if whole else [*found, source]
            if whole:
                break
    return found
