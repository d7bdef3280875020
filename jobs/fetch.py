"""From an address to its bytes: the one guarded way to the network.

Feeds, pages, chapter files, images and audio all come through `Fetcher`, and whatever comes is treated as hostile. A call
holds no connection once it ends, and tries again, within its limits, after errors that may pass.
"""

from __future__ import annotations

import contextlib
import random
import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from functools import cache, cached_property
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx

from jobs.addresses import Guard, Resolver, shown_url, system_resolver
from jobs.content_encoding import decoded, too_large
from jobs.http_status import failure
from jobs.media_type import SNIFF_BYTES, MediaType, require_audio, sniff
from jobs.partial import Origin, PartialFile
from jobs.post import Posted, post_once
from jobs.redirects import Route
from jobs.remote_file import Piece, piece_at
from jobs.versions import Version, version_at
from jobs.wire import DEFAULT_LIMITS, Answer, FetchLimits
from storage.errors import NetworkError, NotAudio, TooLarge

USER_AGENT = "Mozilla/5.0 (compatible; earmark/0.1; podcast transcripts)"
"""Looks enough like a browser for hosts that refuse libraries, and says what we are."""

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there and the bytes expected, if the server said; it may raise to stop the download."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Document:
    """A small answer, whole in memory."""

    status: int
    """200, or 304 for "not modified" (then `body` is empty)."""
    body: bytes
    url: str
    """As asked for."""
    final_url: str
    """Where it came from after redirects, to resolve relative links; it may carry a signature, so it is never stored."""
    media_type: str | None
    """As the server claims, in lower case and without parameters."""
    charset: str | None
    etag: str | None
    last_modified: str | None
    moved_to: str | None = None
    """Where the address has moved for good, without the query; none if it has not."""


@dataclass(frozen=True)
class Download:
    """A whole audio or video file on disk."""

    path: Path
    sha256: str
    bytes: int
    media_type: MediaType
    """By its first bytes."""
    etag: str | None
    last_modified: str | None
    resumed_from: int
    """Bytes that were there already when the last connection began; 0 if all came over it."""


@dataclass(frozen=True)
class Fetcher:
    """Fetches over HTTP within limits; frozen options, safe to share between threads."""

    limits: FetchLimits = DEFAULT_LIMITS
    allow_private: bool = field(default=False, kw_only=True)
    """Permit loopback and private networks, for people who host their own feeds; never link-local or metadata."""
    user_agent: str = field(default=USER_AGENT, kw_only=True)
    resolver: Resolver = field(default=system_resolver, kw_only=True)
    tls: ssl.SSLContext | None = field(default=None, kw_only=True)
    """To trust other certificates than the usual ones."""

    def get(
        self, url: str, *, accept: str = "*/*", max_bytes: int, etag: str | None = None, last_modified: str | None = None
    ) -> Document:
        """Fetch a document of at most `max_bytes`, decoded; with `etag` or `last_modified`, only if it changed since.

        Raises AddressRefused, NotFound, Forbidden, RateLimited, ServerError, NetworkError, TooSlow, TooLarge, TooManyRedirects,
        and SourceError for a certificate that does not hold or an encoding that nobody asked for.
        """
        headers = {"Accept": accept}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        deadline = time.monotonic() + self.limits.document_seconds

        def attempt() -> Document:
            with self._route.follow(url, headers, deadline) as (final, answer):
                unchanged = answer.status == 304 and bool(etag or last_modified)
                if not unchanged and answer.status not in {200, 203}:
                    raise failure(shown_url(url), answer.status, answer.headers)
                body = b"" if unchanged else _whole_body(answer, max_bytes, shown_url(url))
                return _document(url, final, answer, body)

        return self._with_tries(attempt, deadline)

    def get_unless_media(self, url: str, *, accept: str = "*/*", max_bytes: int) -> Document | MediaType:
        """Fetch a document as `get` does, or, if its first bytes are those of audio or video, say of which kind and stop."""
        deadline = time.monotonic() + self.limits.document_seconds

        def attempt() -> Document | MediaType:
            with self._route.follow(url, {"Accept": accept}, deadline) as (final, answer):
                if answer.status not in {200, 203}:
                    raise failure(shown_url(url), answer.status, answer.headers)
                # an episode is larger than any document may be: look at its beginning before its length is held against it
                chunks = decoded(answer.wire, answer.encoding, max_bytes=max_bytes, what=shown_url(url))
                head = b""
                for chunk in chunks:
                    head += chunk
                    if len(head) >= SNIFF_BYTES:
                        break
                media = sniff(head[:SNIFF_BYTES])
                if media.has_audio:
                    return media
                return _document(url, final, answer, head + b"".join(chunks))

        return self._with_tries(attempt, deadline)

    def download(self, url: str, into: Path, *, progress: Progress | None = None) -> Download:
        """Stream audio or video to `into`, going on where an earlier call for this URL stopped, if the file is still the same.

        `into` is a name of the caller's choice (`….part`) that no two calls use at once; beside it lies a note `<into>.json`
        until the file is whole. The caller moves the file on. What is on disk stays there for the next call after NetworkError
        (any kind), StorageFull, and whatever `progress` raises; bytes that are not audio or too many are removed.
        Raises as `get`, and NotAudio, StorageFull, OutputError.
        """
        deadline = time.monotonic() + self.limits.download_seconds
        self._route.guard.check_url(url)
        with PartialFile(into, url) as part:
            transfer = _Transfer(self._route, url, part, progress or _no_progress, deadline)
            try:
                return self._with_tries(transfer.attempt, deadline)
            except (NotAudio, TooLarge):
                part.discard()
                raise

    def version(self, url: str) -> Version:
        """Ask which version of a file its server has now, without fetching it; raises as `get`."""
        deadline = time.monotonic() + self.limits.document_seconds
        return self._with_tries(lambda: version_at(self._route, url, deadline), deadline)

    def piece(self, url: str, start: int, count: int) -> Piece:
        """Return at most `count` bytes of a file from `start`; raises as `get`."""
        deadline = time.monotonic() + self.limits.document_seconds
        return self._with_tries(lambda: piece_at(self._route, url, start, count, deadline), deadline)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Send a message once; see `jobs.post.post_once`."""
        return post_once(self._route, url, body, headers)

    @cached_property
    def _route(self) -> Route:
        guard = Guard(allow_private=self.allow_private, resolver=self.resolver)
        return Route(guard, self.limits, self.user_agent, self.tls or _usual_certificates())

    def _with_tries(self, attempt: Callable[[], _T], deadline: float) -> _T:
        """Try again after errors that may pass, waiting longer each time, as long as limits allow."""
        for number in range(max(1, self.limits.tries) - 1):
            try:
                return attempt()
            except NetworkError as error:
                wait = self._wait_after(error, number)
                if wait is None or time.monotonic() + wait >= deadline:
                    raise
            time.sleep(wait)
        return attempt()

    def _wait_after(self, error: NetworkError, number: int) -> float | None:
        """Return the seconds to wait before the next try, or None if another try would be of no use in this call."""
        cause = error.__cause__
        if isinstance(cause, socket.gaierror) and cause.errno != socket.EAI_AGAIN:
            return None  # the resolver is sure that there is no such name
        asked = error.retry_after or 0.0
        jitter = random.uniform(0.5, 1.5)  # noqa: S311 - spreads tries in time; nobody gains by guessing it
        backoff = min(self.limits.longest_wait, self.limits.first_wait * 2**number * jitter)
        return None if asked > self.limits.longest_wait else max(asked, backoff)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close nothing: no connection outlives the call that opened it."""


@cache
def _usual_certificates() -> ssl.SSLContext:
    """Load the certificates that are trusted everywhere, once: it takes longer than many a fetch."""
    return httpx.create_ssl_context()


class _StartAgain(Exception):
    """What is on disk does not go with what the server has now."""


@dataclass(frozen=True)
class _Transfer:
    """One download, over as many connections as it takes."""

    route: Route
    url: str
    part: PartialFile
    progress: Progress
    deadline: float

    def attempt(self) -> Download:
        """Go on with what is on disk if that is sound, else start with nothing."""
        if self.part.resumable:
            with contextlib.suppress(_StartAgain):
                return self._resume()
        return self._start()

    def _start(self) -> Download:
        with self.route.follow(self.url, {"Accept": "*/*"}, self.deadline) as (_, answer):
            self._begin(answer)
            return self._receive(answer, 0)

    def _resume(self) -> Download:
        """Ask for the rest of the same version: RFC 9110, 13.1.5 and 14."""
        part, tag = self.part, self.part.origin.etag or ""
        ask = {"If-None-Match": tag} if part.whole else {"Range": f"bytes={part.size}-", "If-Range": tag}
        with self.route.follow(self.url, {"Accept": "*/*", **ask}, self.deadline) as (_, answer):
            if answer.status == 304 and part.whole:
                return self._finish(part.size)
            if answer.status == 206:
                self._check_range(answer)
                return self._receive(answer, part.size)
            if answer.status in {304, 416}:
                raise _StartAgain
            self._begin(answer)
            return self._receive(answer, 0)

    def _begin(self, answer: Answer) -> None:
        """Start the file with nothing, from an answer that carries all of it."""
        if answer.status not in {200, 203}:
            raise failure(self._what, answer.status, answer.headers)
        total = None if answer.encoding else answer.length
        etag = None if answer.encoding else answer.headers.get("etag")  # a Range would count encoded bytes, and these are decoded
        limit = self.route.limits.max_bytes
        if (answer.length or 0) > limit:
            raise too_large(self._what, limit)
        self.part.begin(Origin(self.url, etag, answer.headers.get("last-modified"), total))
        self.part.require_room(total or 0)

    def _check_range(self, answer: Answer) -> None:
        """Make sure that a 206 goes on exactly where the file ends, in the version that the file began with."""
        origin, size = self.part.origin, self.part.size
        found = re.fullmatch(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", answer.headers.get("content-range", "").strip())
        if found is None or answer.encoding or answer.headers.get("etag", origin.etag) != origin.etag:
            raise _StartAgain
        first, last = int(found[1]), int(found[2])
        total = last + 1 if found[3] == "*" else int(found[3])
        lengths = answer.length in {None, total - size}
        if first != size or last != total - 1 or total != (origin.total or total) or not lengths:
            raise _StartAgain
        self.part.expect(total)

    def _receive(self, answer: Answer, resumed_from: int) -> Download:
        part, limit = self.part, self.route.limits.max_bytes
        checked = False
        try:
            for piece in decoded(answer.wire, answer.encoding, max_bytes=limit, what=self._what, already=part.size):
                part.write(piece)
                if not checked and part.size >= SNIFF_BYTES:
                    checked = bool(require_audio(part.head(SNIFF_BYTES), self._what))
                self.progress(part.size, part.origin.total)
            if not part.whole and part.origin.total is not None:
                raise NetworkError("The connection ended early.", hint="Try again later.")  # noqa: TRY301 - told with the count below
        except NetworkError as error:
            came = f"{self._what}: {part.size} of {part.origin.total or 'an unknown number of'} bytes came."
            raise type(error)(f"{came} {error.message}", hint=error.hint, retry_after=error.retry_after) from error
        return self._finish(resumed_from)

    def _finish(self, resumed_from: int) -> Download:
        part, origin = self.part, self.part.origin
        media_type = require_audio(part.head(SNIFF_BYTES), self._what)
        return Download(
            path=part.path,
            sha256=part.finish(),
            bytes=part.size,
            media_type=media_type,
            etag=origin.etag,
            last_modified=origin.last_modified,
            resumed_from=resumed_from,
        )

    @property
    def _what(self) -> str:
        return shown_url(self.url)


def _no_progress(done: int, total: int | None) -> None:
    """Tell nobody."""


def _whole_body(answer: Answer, max_bytes: int, what: str) -> bytes:
    if (answer.length or 0) > max_bytes:
        raise too_large(what, max_bytes)
    return b"".join(decoded(answer.wire, answer.encoding, max_bytes=max_bytes, what=what))


def _document(url: str, final: httpx.URL, answer: Answer, body: bytes) -> Document:
    claimed = Message()
    claimed["Content-Type"] = answer.headers.get("content-type", "").replace("\r", " ").replace("\n", " ")
    return Document(
        status=304 if answer.status == 304 else 200,
        body=body,
        url=url,
        final_url=str(final),
        media_type=claimed.get_content_type() if "content-type" in answer.headers else None,
        charset=claimed.get_content_charset(),
        etag=answer.headers.get("etag"),
        last_modified=answer.headers.get("last-modified"),
        moved_to=answer.moved_to,
    )
