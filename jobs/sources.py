"""A SOURCE as a person writes it, to the episodes it stands for.

An audio URL or file, a feed (RSS, Atom), the web page of an episode or a show, an OPML list: told apart by what is there, not by
how the address ends.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import SplitResult, unquote, urlsplit

from jobs.feed import Feed, read_feed
from jobs.fetch import Document, Fetcher
from jobs.identity import episode_id, file_id
from jobs.local_file import open_local
from jobs.media_type import SNIFF_BYTES, MediaType, sniff
from jobs.opml import read_opml
from jobs.page import PageFinds, match_episode, page_publication, read_page
from jobs.selection import Selection, select
from storage.documents import Episode, Link, Notice, Publication
from storage.errors import EarmarkError, NoEpisode, NotAFeed, NotFound, SourceError

MAX_DOCUMENT_BYTES = 32 << 20
"""Largest feed, page or list that is read."""

_ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/html;q=0.8, */*;q=0.5"
_LIKE_A_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}(?:[:/?].*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """What a source, or one feed of a list, stands for; or why it cannot be used."""

    source: str
    publications: tuple[Publication, ...] = ()
    show: str | None = None
    feed: Feed | None = None
    """The feed that the episodes were chosen from; none for single files and pages."""
    notices: tuple[Notice, ...] = ()
    error: EarmarkError | None = None


def open_source(source: str, selection: Selection, fetcher: Fetcher) -> Iterator[Found]:
    """Yield what the source stands for: one find, or one for each feed of an OPML list.

    Errors are in the finds, so that one bad feed does not hide the others.
    """
    try:
        yield from _open(source, selection, fetcher)
    except EarmarkError as error:
        yield Found(source, error=error)


def read_feed_at(source: str, fetcher: Fetcher) -> Feed:
    """Return the feed that a source is, or that its page announces; raises `NotAFeed` for anything else."""
    body, url = _feed_bytes(source, fetcher)
    if sniff(body[:SNIFF_BYTES]).kind == "html" and not url.startswith("file:"):
        finds = read_page(body, url)
        if finds.feeds:
            return _first_feed(finds, fetcher)
        raise NotAFeed(f"{source} is a web page that announces no feed.", hint="Give the feed's own address.")
    return read_feed(body, url=url)


def _open(source: str, selection: Selection, fetcher: Fetcher) -> Iterator[Found]:
    parts = _split(source)
    if parts.scheme in ("http", "https"):
        answer = fetcher.get_unless_media(source, accept=_ACCEPT, max_bytes=MAX_DOCUMENT_BYTES)
        if isinstance(answer, MediaType):
            yield Found(source, (_from_audio_url(source),))
            return
        yield from _from_document(source, answer, selection, fetcher)
        return
    if "://" in source and parts.scheme != "file":
        raise SourceError(f"{source} is not something earmark can fetch.", hint="Give an http or https address, or a file.")
    path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(source).expanduser()
    if not os.path.exists(path):  # noqa: PTH110 - unlike `Path.exists` it answers for names too long for a file system, too
        raise NotFound(f"There is no file {source}.", hint=_perhaps_an_address(source))
    yield from _from_path(source, path, selection, fetcher)


def _from_path(source: str, path: Path, selection: Selection, fetcher: Fetcher) -> Iterator[Found]:
    head = b"" if path.is_dir() else _read(path, SNIFF_BYTES)
    if sniff(head).kind != "xml" or path.is_dir():
        yield Found(source, (_from_audio_file(path),))
        return
    data = _read(path, MAX_DOCUMENT_BYTES + 1)
    yield from _from_xml(source, data, path.resolve().as_uri(), selection, fetcher)


def _from_document(source: str, answer: Document, selection: Selection, fetcher: Fetcher) -> Iterator[Found]:
    if sniff(answer.body[:SNIFF_BYTES]).kind == "html":
        yield _from_page(source, read_page(answer.body, source), selection, fetcher)
    else:
        yield from _from_xml(source, answer.body, source, selection, fetcher)


def _from_xml(source: str, data: bytes, url: str, selection: Selection, fetcher: Fetcher) -> Iterator[Found]:
    if not _is_opml(data):
        yield _chosen(source, read_feed(data, url=url), selection)
        return
    for feed in read_opml(data, name=source):
        try:
            yield _chosen(feed.url, read_feed_at(feed.url, fetcher), selection)
        except EarmarkError as error:
            yield Found(feed.url, show=feed.title, error=error)


def _from_page(source: str, finds: PageFinds, selection: Selection, fetcher: Fetcher) -> Found:
    if not finds.feeds:
        return Found(source, (page_publication(finds),), finds.show)
    feed = _first_feed(finds, fetcher)
    episode = match_episode(finds, feed)
    if episode is not None:
        return Found(source, (episode,), feed.title, feed)
    if len(finds.audio) == 1:
        notice = Notice(
            code="not_in_feed", message="The page's episode is not in the feed that it announces; its own audio is taken."
        )
        return Found(source, (page_publication(finds),), feed.title, None, (notice,))
    return _chosen(source, feed, selection)


def _first_feed(finds: PageFinds, fetcher: Fetcher) -> Feed:
    """Return the first announced feed that has episodes: a page may announce one of its articles or comments too."""
    errors: list[EarmarkError] = []
    for link in finds.feeds:
        try:
            return _feed_of(link, fetcher)
        except EarmarkError as error:
            errors.append(error)
    raise errors[0] if errors else NoEpisode(f"{finds.url} announces no feed.", hint="Give the feed's own address.")


def _feed_of(link: Link, fetcher: Fetcher) -> Feed:
    answer = fetcher.get(link.url, accept=_ACCEPT, max_bytes=MAX_DOCUMENT_BYTES)
    return read_feed(answer.body, url=link.url)


def _chosen(source: str, feed: Feed, selection: Selection) -> Found:
    publications, notices = select(feed.publications, selection)
    return Found(source, publications, feed.title, feed, (*feed.warnings, *notices))


def _from_audio_url(url: str) -> Publication:
    name = unquote(PurePosixPath(urlsplit(url).path).stem)
    episode = Episode(id=episode_id(None, None, url), title=_as_title(name) or "Untitled episode", audio_url=url)
    return Publication(episode=episode)


def _from_audio_file(path: Path) -> Publication:
    file = open_local(path)
    episode = Episode(
        id=file_id(file.sha256), title=_as_title(path.stem) or "Untitled episode", audio_url=path.resolve().as_uri()
    )
    return Publication(episode=episode)


def _split(source: str) -> SplitResult:
    try:
        return urlsplit(source)
    except ValueError as error:
        raise SourceError(f"{source} is not an address: {error}.", hint="Check how it is written.") from error


def _as_title(stem: str) -> str:
    return " ".join(stem.replace("_", " ").split())


def _feed_bytes(source: str, fetcher: Fetcher) -> tuple[bytes, str]:
    parts = _split(source)
    if parts.scheme in ("http", "https"):
        answer = fetcher.get_unless_media(source, accept=_ACCEPT, max_bytes=MAX_DOCUMENT_BYTES)
        if isinstance(answer, MediaType):
            raise NotAFeed(f"{source} is {answer.description}, not a feed.", hint="Use `earmark run` for a single episode.")
        return answer.body, source
    path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(source).expanduser()
    if not os.path.isfile(path):  # noqa: PTH113 - as above
        raise NotFound(f"There is no file {source}.", hint=_perhaps_an_address(source))
    return _read(path, MAX_DOCUMENT_BYTES + 1), path.resolve().as_uri()


def _read(path: Path, count: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}.", hint="Check its permissions.") from error


def _is_opml(data: bytes) -> bool:
    """Tell by the first element; a feed may mention OPML further down."""
    opening = re.search(rb"<([A-Za-z][\w:.-]*)", re.sub(rb"<!--.*?-->", b"", data[:SNIFF_BYTES], flags=re.DOTALL))
    return opening is not None and opening[1].lower() == b"opml"


def _perhaps_an_address(source: str) -> str:
    if _LIKE_A_HOST.fullmatch(source):
        return f"If it is an address, write https://{source}."
    return "Check the path; addresses begin with http:// or https://."
