"""A message to somebody's server: one try, to judged addresses, and no redirect is followed.

What is sent is signed and meant for the address that a person gave, so a server that points elsewhere gets nothing more.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass

from jobs.addresses import shown_url
from jobs.http_status import retry_after
from jobs.redirects import Route
from jobs.wire import exchange
from storage.errors import EarmarkError

POST_SECONDS = 15.0
"""For the whole of it, from the look at the name to the end of the answer."""

MAX_ANSWER_BYTES = 64 * 1024
"""How much of an answer's body is read, so that a server that is still writing sees its answer taken; it is thrown away."""


@dataclass(frozen=True)
class Posted:
    """What the server said."""

    status: int
    retry_after: float | None
    """Seconds that it asked us to wait before the next message."""


def post_once(route: Route, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float = POST_SECONDS) -> Posted:
    """Post `body` and return the answer, whatever its status.

    Raises AddressRefused, NetworkError, TooSlow, TooLarge for endless headers, SourceError for a certificate that does not hold.
    """
    shown = shown_url(url)
    address = route.guard.check_url(url, shown=shown)
    sent = {
        "User-Agent": route.user_agent,
        "Accept-Encoding": "identity",
        "Content-Length": str(len(body)),
        **headers,
    }
    deadline = time.monotonic() + seconds
    with exchange(address, sent, guard=route.guard, limits=route.limits, deadline=deadline, tls=route.tls, posted=body) as answer:
        read = 0
        with contextlib.suppress(EarmarkError):  # the status has been given, and it alone counts
            for piece in answer.wire:
                read += len(piece)
                if read > MAX_ANSWER_BYTES:
                    break
        return Posted(answer.status, retry_after(answer.headers.get("retry-after")))
