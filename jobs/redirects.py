"""The way from the address that was asked for to the one that answers, each hop judged like a first address.

A redirect from https to http is followed, because many podcast prefixes do that: no request carries a secret of ours (no cookie,
no credentials), and nothing that comes back is trusted for the way it came. A request that is signed or carries a token must not
follow redirects at all, and so does not belong here.
"""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import httpx

from jobs.addresses import Guard, shown_url
from jobs.wire import Answer, FetchLimits, exchange
from storage.errors import ServerError, TooManyRedirects

REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FOR_GOOD = {301, 308}


@dataclass(frozen=True)
class Route:
    """How to get from an address to an answer."""

    guard: Guard
    limits: FetchLimits
    user_agent: str
    tls: ssl.SSLContext

    @contextlib.contextmanager
    def follow(self, url: str, headers: Mapping[str, str], deadline: float) -> Iterator[tuple[httpx.URL, Answer]]:
        """Yield the address and the answer at the end of the redirects; the connection ends with the block.

        Raises as `exchange`, and AddressRefused for a hop that must not be taken, TooManyRedirects.
        """
        sent = {"User-Agent": self.user_agent, "Accept-Encoding": "identity", **headers}
        what, here, seen = shown_url(url), self.guard.check_url(url), set[str]()
        for_good, moved_to = True, None
        while str(here) not in seen:
            seen.add(str(here))
            with exchange(here, sent, guard=self.guard, limits=self.limits, deadline=deadline, tls=self.tls) as answer:
                if answer.status not in REDIRECTS:
                    yield here, replace(answer, moved_to=moved_to)
                    return
                target = _target(here, answer, what)
                for_good = for_good and answer.status in _FOR_GOOD
            if len(seen) > self.limits.max_redirects:
                raise TooManyRedirects(
                    f"{what} redirects more than {self.limits.max_redirects} times.", hint="Check the address."
                )
            here = self.guard.check_url(target, shown=f"{what} redirects to {_without_path(target)}, which")
            moved_to = str(here.copy_with(query=None)) if for_good else moved_to
        raise TooManyRedirects(f"{what} redirects in a circle.", hint="Check the address; its server is set up wrongly.")


def _target(here: httpx.URL, answer: Answer, what: str) -> str:
    location = answer.headers.get("location", "").strip()
    if not location:
        raise ServerError(f"{what}: the server redirects without saying where ({answer.status}).", hint="Try again later.")
    try:
        return str(here.join(location))
    except (httpx.InvalidURL, ValueError):
        return location  # the guard refuses it, and says so


def _without_path(url: str) -> str:
    """Return what of a redirected address errors may tell: signatures stand behind the host."""
    found = re.match(r"[^/?#]*(//[^/?#]*)?", url)
    return shown_url(found[0] if found else "")
