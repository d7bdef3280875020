"""Whether a file on the web is still the one that was fetched, told without fetching it again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from jobs.addresses import shown_url
from jobs.http_status import failure
from jobs.redirects import Route
from jobs.wire import Answer

Comparison = Literal["same", "replaced", "unknown"]


@dataclass(frozen=True)
class Version:
    """What a server says that tells one version of a file from another; none where it does not say."""

    etag: str | None = None
    last_modified: str | None = None
    bytes: int | None = None


def version_at(route: Route, url: str, deadline: float) -> Version:
    """Ask for the first byte of a file and see what its server says of the whole.

    A GET, because many podcast hosts redirect or answer a HEAD in another way. Raises as `Fetcher.get`.
    """
    with route.follow(url, {"Accept": "*/*", "Range": "bytes=0-0"}, deadline) as (_, answer):
        if answer.status not in {200, 203, 206}:
            raise failure(shown_url(url), answer.status, answer.headers)
        return Version(answer.headers.get("etag"), answer.headers.get("last-modified"), _whole_length(answer))


def _whole_length(answer: Answer) -> int | None:
    if answer.status != 206:
        return None if answer.encoding else answer.length
    ranged = re.fullmatch(r"bytes \d+-\d+/(\d{1,18})", answer.headers.get("content-range", "").strip())
    return int(ranged[1]) if ranged else None


def compare(fetched: Version, now: Version) -> Comparison:
    """Tell whether what was fetched is what the server has now.

    Another length is another file. The ETag decides next; but the machines of one host may give a file different ones, so it
    counts as the same if both length and date are. Without an ETag the date decides.
    """
    if fetched.bytes is not None and now.bytes is not None and fetched.bytes != now.bytes:
        return "replaced"
    dated = fetched.last_modified is not None and now.last_modified is not None
    same_date = dated and fetched.last_modified == now.last_modified
    if fetched.etag and now.etag:
        same = _opaque(fetched.etag) == _opaque(now.etag) or (same_date and now.bytes is not None)
        return "same" if same else "replaced"
    if dated:
        return "same" if same_date else "replaced"
    return "unknown"


def _opaque(etag: str) -> str:
    """Return an ETag without its mark of weakness (RFC 9110, 8.8.3.2)."""
    return etag.strip().removeprefix("W/")
