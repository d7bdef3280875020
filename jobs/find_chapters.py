"""What can be found of an episode's chapters without transcribing it: every source read, one chosen, and why.

`find_chapters` takes what a person names: audio, a feed with a selection, a page, or a file of show notes or chapters. The
choice is that of the pipeline, save that the length of the audio is not measured: chapters behind the end of a preview are not
told.

Of audio on the web only the tags are read (`jobs.remote_file`), so nobody waits for an episode to be downloaded.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobs.addresses import shown_url
from jobs.chapters.choose import Choice, choose
from jobs.chapters.embedded import read_embedded, read_embedded_in
from jobs.chapters.show_notes import read_show_notes
from jobs.fetch import Fetcher
from jobs.intake import MAX_CHAPTER_BYTES, read_chapter_links, read_chapters_of_any_kind
from jobs.media_type import SNIFF_BYTES, sniff
from jobs.places import local_path, read_place
from jobs.remote_file import RemoteFile
from jobs.selection import Selection
from jobs.sources import Found, open_source
from storage.documents import ChapterSource, Episode, Notice, Publication
from storage.errors import EarmarkError

_SIMPLE_CHAPTERS = re.compile(rb"\A[^<]{0,64}(?:<[?!][^>]*>\s*)*<(?:[\w.-]+:)?chapters[\s>]")
"""An XML file whose outermost element is a list of chapters."""


@dataclass(frozen=True)
class FoundChapters:
    """The chapters of one episode, or of one file of show notes."""

    choice: Choice
    """All sources that were looked at, with their verdicts, and the chapters of the chosen one."""
    warnings: tuple[Notice, ...]
    episode: Episode | None = None
    """None for a file that is not audio: nobody knows what it belongs to."""

    @property
    def reason(self) -> str:
        """Why the chosen source was chosen, or why none was."""
        if not self.choice.sources:
            return "nothing was looked at"
        told = [source for source in self.choice.sources if source.chosen]
        return told[0].reason if told else "no source has chapters that can be used"


def find_chapters(
    source: str, selection: Selection, fetcher: Fetcher, *, with_audio: bool = True
) -> Iterator[FoundChapters | Found]:
    """Yield what is found for each episode that a source stands for; a `Found` tells of a feed of a list that cannot be used.

    Raises an `EarmarkError` if the source itself cannot be used. Without `with_audio`, tags of audio on the web are left unread,
    and a warning says so.
    """
    path = local_path(source)
    if path is not None and _is_notes(path):
        yield chapters_of_file(path, fetcher)
        return
    for found in open_source(source, selection, fetcher):
        if found.error is not None and found.source == source:
            raise found.error
        if found.error is not None:
            yield found
        for publication in found.publications:
            yield chapters_of_publication(publication, fetcher, with_audio=with_audio, notices=found.notices)


def chapters_of_file(path: Path, fetcher: Fetcher) -> FoundChapters:
    """Return the chapters of a file that is no audio: show notes as text or HTML, JSON chapters, or Simple Chapters.

    Raises `SourceError`, and `BadChapters` for JSON or XML without chapters.
    """
    data = read_place(str(path), fetcher, accept="*/*", max_bytes=MAX_CHAPTER_BYTES)
    source, notices = read_chapters_of_any_kind(data, str(path))
    return _chosen([source], notices)


def chapters_of_publication(
    publication: Publication, fetcher: Fetcher, *, with_audio: bool = True, notices: tuple[Notice, ...] = ()
) -> FoundChapters:
    """Return the chapters of an episode: in its file, in files beside it, in its feed, and in its show notes."""
    episode = publication.episode
    inside, tag_notices = _embedded(episode, fetcher, with_audio=with_audio)
    linked = read_chapter_links(publication.chapter_links, fetcher)
    by_notes, note_notices = (
        read_show_notes(publication.notes, duration=episode.published_duration) if publication.notes else ((), ())
    )
    sources = [*inside, *linked.sources, *publication.chapters, *by_notes]
    return _chosen(sources, (*notices, *publication.warnings, *tag_notices, *linked.warnings, *note_notices), episode)


def _is_notes(path: Path) -> bool:
    """Tell whether a local file is text with notes or chapters, rather than audio, a feed, or nothing of use."""
    try:
        with path.open("rb") as file:
            head = file.read(SNIFF_BYTES)
    except (OSError, ValueError):
        return False  # who opens it next says what is wrong
    kind = sniff(head).kind
    return kind in {"html", "json", "text"} or (kind == "xml" and _SIMPLE_CHAPTERS.search(head) is not None)


def _embedded(episode: Episode, fetcher: Fetcher, *, with_audio: bool) -> tuple[list[ChapterSource], tuple[Notice, ...]]:
    """Return the chapters in the episode's file, as far as they were looked at."""
    if episode.audio_url is None:
        return [], (_unlooked("there is no audio"),)
    path = local_path(episode.audio_url)
    try:
        if path is not None:
            source, notices = read_embedded(path, duration=None)
        elif with_audio:
            source, notices = _remote(episode.audio_url, fetcher)
        else:
            return [], (_unlooked("the audio was not to be asked for"),)
    except EarmarkError as error:
        reason = str(error)
        return [ChapterSource(kind="embedded", origin="file", status="unknown", reason=reason)], (_unlooked(reason),)
    return [source], notices


def _remote(url: str, fetcher: Fetcher) -> tuple[ChapterSource, tuple[Notice, ...]]:
    remote = RemoteFile(url, fetcher)
    source, notices = read_embedded_in(io.BufferedReader(remote), shown_url(url), duration=None)
    if not remote.cut:
        return source, notices
    text = f"Only {remote.came} bytes of {shown_url(url)} were read, so chapters in it may be missing."
    kept = source if source.marks else source.model_copy(update={"status": "unknown"})
    return kept, (*notices, Notice(code="embedded_cut", message=text))


def _unlooked(reason: str) -> Notice:
    return Notice(code="embedded_not_read", message=f"Chapters inside the audio file were not looked at: {reason.rstrip('.')}.")


def _chosen(sources: list[ChapterSource], notices: tuple[Notice, ...], episode: Episode | None = None) -> FoundChapters:
    choice = choose(sources, duration=None)
    return FoundChapters(choice, tuple(dict.fromkeys((*notices, *choice.warnings))), episode)
