"""The steps `fetch` and `chapters`: the audio of one episode, and the files beside it, onto this machine."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jobs.chapters.podcast_json import read_podcast_json
from jobs.chapters.psc import read_psc
from jobs.fetch import Fetcher
from jobs.local_file import open_local
from jobs.media_type import MediaType
from jobs.places import local_path, read_place
from jobs.published import PublisherTranscript
from jobs.safe_xml import decode
from jobs.steps import Report
from jobs.transcript_files.collect import collect_transcripts
from storage.blobs import Blobs
from storage.documents import ChapterSource, Document, Link, Notice, Publication, SourceKind
from storage.errors import BadChapters, EarmarkError, NoEpisode, TransientError
from storage.files import explained

MAX_CHAPTER_BYTES = 4 << 20
"""Largest chapter file that is fetched."""

_ACCEPT_JSON = "application/json+chapters, application/json;q=0.9, */*;q=0.1"
_ACCEPT_XML = "application/xml, text/xml;q=0.9, */*;q=0.1"


class Fetched(Document):
    """What the step `fetch` brought."""

    audio: str
    """Digest of the audio file, which is also its sha256."""
    bytes: int
    media_type: str
    demuxer: str | None
    fetched_at: datetime
    etag: str | None = None
    """By which its server told this version from others; none if it did not say, or the file was on this machine."""
    last_modified: str | None = None


class ChapterFiles(Document):
    """What the step `chapters` brought: chapter files, one given by hand too, and transcripts that the publisher offers."""

    sources: tuple[ChapterSource, ...] = ()
    transcripts: tuple[PublisherTranscript, ...] = ()
    """Those that were fetched and read, best first; without cues where they have no times."""
    warnings: tuple[Notice, ...] = ()
    settled: bool = True
    """Trying again would find nothing else; False if a server or the network was down."""


@dataclass(frozen=True)
class Given:
    """What a person gave by hand beside the episode."""

    chapters: str | None = None
    """A file or address with chapters, in any format that a publisher could use."""
    notes: Path | None = None
    """A file with show notes."""
    reference: str | None = None
    """A file or address of the publisher's clean audio, or of a second download, for comparison."""


def fetch_audio(publication: Publication, fetcher: Fetcher, blobs: Blobs, report: Report) -> Fetched:
    """Fetch the audio into the blob store."""
    episode = publication.episode
    if episode.audio_url is None:
        raise NoEpisode(f"The episode {episode.title!r} has no audio.", hint="Give the address of its audio file.")
    local = local_path(episode.audio_url)
    if local is not None:
        return _copied(local, blobs, report)
    download = fetcher.download(episode.audio_url, blobs.downloads(episode.id), progress=report)
    digest = blobs.adopt(download.path, download.sha256)
    fetched = _fetched(digest, download.bytes, download.media_type)
    return fetched.model_copy(update={"etag": download.etag, "last_modified": download.last_modified})


def read_chapter_files(publication: Publication, given: str | None, fetcher: Fetcher) -> ChapterFiles:
    """Read the chapter files and transcripts that the publisher offers, and the chapters that a person gave.

    Raises an `EarmarkError` for the person's file only: the episode is worth transcribing without the publisher's.
    """
    by_hand = [] if given is None else [given_chapters(given, fetcher)]
    linked = read_chapter_links(publication.chapter_links, fetcher)
    offered = collect_transcripts(publication.transcript_links, publication.episode.language, fetcher)
    return ChapterFiles(
        sources=(*(source for source, _ in by_hand), *linked.sources),
        transcripts=offered.transcripts,
        warnings=(*(notice for _, notices in by_hand for notice in notices), *linked.warnings, *offered.warnings),
        settled=linked.settled and offered.settled,
    )


def read_chapter_links(links: Sequence[Link], fetcher: Fetcher) -> ChapterFiles:
    """Read the chapter files that a publisher offers; one that cannot be had or read is a source of which nobody can tell."""
    sources: list[ChapterSource] = []
    warnings: list[Notice] = []
    settled = True
    for link in links:
        try:
            source, notices = _linked_chapters(link, fetcher)
        except EarmarkError as error:
            source, notices = _unread(link, error)
            settled = settled and not isinstance(error, TransientError)
        sources.append(source)
        warnings.extend(notices)
    return ChapterFiles(sources=tuple(sources), warnings=tuple(warnings), settled=settled)


def _copied(local: Path, blobs: Blobs, report: Report) -> Fetched:
    file = open_local(local)
    with blobs.workspace() as folder, explained(folder):
        shutil.copyfile(local, folder / "audio")
        digest = blobs.adopt(folder / "audio", None)
    report(file.bytes, file.bytes)
    return _fetched(digest, file.bytes, file.media_type)


def _fetched(digest: str, count: int, media: MediaType) -> Fetched:
    return Fetched(audio=digest, bytes=count, media_type=media.name, demuxer=media.demuxer, fetched_at=datetime.now(UTC))


def given_chapters(place: str, fetcher: Fetcher) -> tuple[ChapterSource, tuple[Notice, ...]]:
    """Read chapters that a person gave: JSON Chapters, Simple Chapters, or lines of show notes.

    They were asked for, so unlike a publisher's they are an error if they cannot be read.
    """
    data = read_place(place, fetcher, accept="*/*", max_bytes=MAX_CHAPTER_BYTES)
    hint = "Give JSON Chapters, Podlove Simple Chapters, or lines like `12:34 Title`."
    try:
        source, notices = read_chapters_of_any_kind(data, place)
    except BadChapters as error:
        raise BadChapters(error.message, hint=hint) from error
    if source.status != "found":
        raise BadChapters(f"There are no chapters in {place}.", hint=hint)
    return source.model_copy(update={"kind": "file"}), notices


def read_chapters_of_any_kind(data: bytes, place: str) -> tuple[ChapterSource, tuple[Notice, ...]]:
    """Read JSON Chapters, Simple Chapters, or show notes, told apart by their content; raises `BadChapters`."""
    from jobs.chapters.show_notes import read_notes_text

    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if re.match(rb"\{|\[\s*[{\]]", head):  # a bracket alone may be around the first time of a list
        return read_podcast_json(data, origin=place)
    if head.startswith(b"<") and b"simple-chapters" in head:
        return read_psc(data, place)
    return read_notes_text(decode(data)[0], place)


def _linked_chapters(link: Link, fetcher: Fetcher) -> tuple[ChapterSource, tuple[Notice, ...]]:
    kind: Callable[[bytes], tuple[ChapterSource, tuple[Notice, ...]]]
    if link.rel == "psc":
        accept, kind = _ACCEPT_XML, lambda data: read_psc(data, link.url)
    else:
        accept, kind = _ACCEPT_JSON, lambda data: read_podcast_json(data, origin=link.url)
    return kind(read_place(link.url, fetcher, accept=accept, max_bytes=MAX_CHAPTER_BYTES))


def _unread(link: Link, error: EarmarkError) -> tuple[ChapterSource, tuple[Notice, ...]]:
    """Say that nobody can tell whether a file has chapters."""
    kind: SourceKind = "psc" if link.rel == "psc" else "podcast_json"
    source = ChapterSource(kind=kind, origin=link.url, status="unknown", reason=str(error))
    return source, (Notice(code="chapters_unreadable", message=f"The chapters file could not be read: {error}"),)
