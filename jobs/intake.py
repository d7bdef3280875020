"""The steps `fetch` and `chapters`: the audio of one episode, and the chapter files beside it, onto this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from jobs.chapters.podcast_json import read_podcast_json
from jobs.chapters.psc import read_psc
from jobs.fetch import Fetcher
from jobs.local_file import open_local
from jobs.media_type import MediaType
from jobs.published import PublisherTranscript
from jobs.steps import Report
from storage.blobs import Blobs, digest_of
from storage.documents import ChapterSource, Document, Link, Notice, Publication, SourceKind
from storage.errors import BadChapters, EarmarkError, NoEpisode, SourceError, TransientError
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
    """What the step `chapters` brought: `podcast:chapters`, external Simple Chapters, a file given by hand."""

    sources: tuple[ChapterSource, ...] = ()
    transcripts: tuple[PublisherTranscript, ...] = ()
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


def read_chapter_files(links: Sequence[Link], given: str | None, fetcher: Fetcher) -> ChapterFiles:
    """Read the chapter files that the publisher offers, and the one that a person gave.

    Raises an `EarmarkError` for the person's file only: the episode is worth transcribing without the publisher's.
    """
    sources: list[ChapterSource] = []
    warnings: list[Notice] = []
    settled = True
    if given is not None:
        source, notices = given_chapters(given, fetcher)
        sources.append(source)
        warnings.extend(notices)
    for link in links:
        try:
            source, notices = _linked_chapters(link, fetcher)
        except EarmarkError as error:
            source, notices = _unread(link, error)
            settled = settled and not isinstance(error, TransientError)
        sources.append(source)
        warnings.extend(notices)
    return ChapterFiles(sources=tuple(sources), warnings=tuple(warnings), settled=settled)


def local_path(address: str) -> Path | None:
    """Return the file that an address names on this machine; none if it is a web address."""
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    if parts.scheme in ("http", "https"):
        return None
    return Path(address).expanduser()


def content_of(place: str) -> str | None:
    """Return a digest of what a local file holds by now; none for a web address, and for a file that cannot be read."""
    local = local_path(place)
    try:
        return None if local is None else digest_of(local)
    except OSError:
        return None


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
    data = _read(place, fetcher, "*/*")
    hint = "Give JSON Chapters, Podlove Simple Chapters, or lines like `12:34 Title`."
    try:
        source, notices = _read_any(data, place)
    except BadChapters as error:
        raise BadChapters(error.message, hint=hint) from error
    if source.status != "found":
        raise BadChapters(f"There are no chapters in {place}.", hint=hint)
    return source.model_copy(update={"kind": "file"}), notices


def _read_any(data: bytes, place: str) -> tuple[ChapterSource, tuple[Notice, ...]]:
    from jobs.chapters.show_notes import read_notes_text

    head = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if head in (b"{", b"["):
        return read_podcast_json(data, origin=place)
    if head == b"<" and b"simple-chapters" in data[:4096]:
        return read_psc(data, place)
    return read_notes_text(data.decode("utf-8", "replace"), place)


def _linked_chapters(link: Link, fetcher: Fetcher) -> tuple[ChapterSource, tuple[Notice, ...]]:
    kind: Callable[[bytes], tuple[ChapterSource, tuple[Notice, ...]]]
    if link.rel == "psc":
        accept, kind = _ACCEPT_XML, lambda data: read_psc(data, link.url)
    else:
        accept, kind = _ACCEPT_JSON, lambda data: read_podcast_json(data, origin=link.url)
    return kind(_read(link.url, fetcher, accept))


def _unread(link: Link, error: EarmarkError) -> tuple[ChapterSource, tuple[Notice, ...]]:
    """Say that nobody can tell whether a file has chapters."""
    kind: SourceKind = "psc" if link.rel == "psc" else "podcast_json"
    source = ChapterSource(kind=kind, origin=link.url, status="unknown", reason=str(error))
    return source, (Notice(code="chapters_unreadable", message=f"The chapters file could not be read: {error}"),)


def _read(place: str, fetcher: Fetcher, accept: str) -> bytes:
    local = local_path(place)
    if local is None:
        return fetcher.get(place, accept=accept, max_bytes=MAX_CHAPTER_BYTES).body
    try:
        with local.open("rb") as file:
            return file.read(MAX_CHAPTER_BYTES)
    except OSError as error:
        raise SourceError(f"{place} cannot be read: {error.strerror}.", hint="Check the path.") from error
