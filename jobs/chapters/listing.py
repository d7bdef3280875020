"""The chapters that a feed itself shows for an episode, without fetching anything."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.chapters.choose import choose
from jobs.chapters.show_notes import read_show_notes
from storage.documents import ChapterMark, Publication


@dataclass(frozen=True)
class Listed:
    """What can be said of an episode's chapters from its feed alone."""

    marks: tuple[ChapterMark, ...]
    kind: str | None
    """Kind of the chosen source; `podcast_json?` where a chapters file is linked but nothing is inline."""


def published_chapters(publication: Publication) -> Listed:
    """Return the inline chapters of an episode, chosen as the pipeline would choose among them."""
    duration = publication.episode.published_duration
    notes, _ = read_show_notes(publication.notes, duration=duration)
    choice = choose([*publication.chapters, *notes], duration=duration)
    if choice.kind is None and publication.chapter_links:
        return Listed((), f"{publication.chapter_links[0].rel or 'podcast_json'}?")
    return Listed(choice.marks, choice.kind)
