"""Looking whether a feed has changed since last time."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.feed import Feed, read_feed
from jobs.fetch import Fetcher
from jobs.sources import MAX_DOCUMENT_BYTES

_ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5"


@dataclass(frozen=True)
class Checked:
    """What the server said."""

    feed: Feed | None
    """None if nothing changed."""
    etag: str | None
    last_modified: str | None
    moved_to: str | None
    """Where the feed has moved for good; none if it has not."""


def check_feed(url: str, fetcher: Fetcher, *, etag: str | None = None, last_modified: str | None = None) -> Checked:
    """Read a feed, or with what its server said last time, only if it has changed since.

    The ids of its episodes derive from `url`, the address that was asked for, wherever that leads. Raises as `Fetcher.get` and
    `read_feed`.
    """
    answer = fetcher.get(url, accept=_ACCEPT, max_bytes=MAX_DOCUMENT_BYTES, etag=etag, last_modified=last_modified)
    if answer.status == 304:
        return Checked(None, answer.etag or etag, answer.last_modified or last_modified, answer.moved_to)
    return Checked(read_feed(answer.body, url=url), answer.etag, answer.last_modified, answer.moved_to)
