"""Who may ask: the names of the server, tokens, and pages of other sites.

Programs show their token as RFC 6750 has it; a browser that signed in keeps it in a cookie.

Bound to the loopback, the server asks for no token, since whoever can reach it is on this machine. But so is every page that
a browser on it shows. Such a page can send requests to the loopback, and by a name of its own that resolves there (DNS
rebinding) it could even read the answers. So the server knows the names it may be called by, and changes nothing for a
request that a page of another origin made (the Fetch standard's `Origin`, and `Sec-Fetch-Site`).
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110, 9.2.1)."""

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/sign-in", "/sign-out"})
"""What those who run the service ask, and where people show their token: without one."""

STATIC_PATH = "/static/"
"""What pages are made of, the one for signing in too, is the same for all and no secret."""

METRICS_PATH = "/metrics"
"""Open too, but on the loopback only, and not behind a proxy."""

SHARED_PATH = re.compile(
    r"/v1/shows/(?P<show>[^/]+)/feed\.xml|/v1/shows\.opml|/oembed"
    r"|/(?:v1/episodes/(?P<episode>[A-Za-z0-9_.-]{1,64})/(?:transcript|audio)|embed/(?P<embedded>[A-Za-z0-9_.-]{1,64}))"
)
"""What a feed key in an address opens: feeds, what they link to, and what stands in other sites' pages."""

_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^:@/\s]+)(?::(?P<port>\d{1,5}))?", re.IGNORECASE)
_PLAIN_HOST = re.compile(r"(?:\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::\d{1,5})?")
_BEARER = re.compile(r"Bearer +(?P<token>[!-~]{1,512}) *", re.IGNORECASE)


@dataclass(frozen=True)
class Access:
    """The rules of one server."""

    host: str = "127.0.0.1"
    """What it is bound to."""
    names: tuple[str, ...] = ()
    """Other names that it may be called by, for instance behind a proxy."""
    require_token: bool = False
    """Ask for a token on the loopback, too."""
    _known: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", frozenset(name.lower().rstrip(".") for name in self.names))

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    @property
    def tokens_needed(self) -> bool:
        """Whether a token must be shown: always, unless nobody but this machine can ask."""
        return self.require_token or bool(self.names) or not self.on_loopback

    def is_open(self, path: str) -> bool:
        """Tell whether a path needs no token, whatever the rules."""
        if path in OPEN_PATHS or path.startswith(STATIC_PATH):
            return True
        return path == METRICS_PATH and self.on_loopback and not self.names

    def knows(self, host: str | None) -> bool:
        """Tell whether a `Host` header names this server; off the loopback, any name may."""
        if not self.on_loopback:
            return True
        found = _HOST.fullmatch(host or "")
        if found is None:
            return False
        name = found["name"].lower().rstrip(".")
        return name in self._known or is_loopback(name)

    def is_offered_by_proxy(self, host: str) -> bool:
        """Tell whether a host is one of the names that only a proxy has."""
        found = _HOST.fullmatch(host)
        return found is not None and found["name"].lower().rstrip(".") in self._known

    def is_own_page(self, *, origin: str | None, site: str | None, host: str | None, scheme: str) -> bool:
        """Tell whether a request was made by a page of this server, or by no page at all."""
        if site is not None and site.strip().lower() not in {"same-origin", "none"}:
            return False
        if origin is None:
            return True
        return origin.lower() in {f"{scheme}://{(host or '').lower()}", *(f"https://{name}" for name in self._known)}


def host_of(header: str | None) -> str | None:
    """Return what a `Host` header says, in lower case; none if that is no name of a host."""
    found = _PLAIN_HOST.fullmatch((header or "").lower())
    return found[0] if found is not None else None


def is_loopback(host: str) -> bool:
    """Tell whether a name or address leads to this machine and nowhere else."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def feed_key(query: str) -> str | None:
    """Return the feed key in the query of an address; none if there is none, or more than one."""
    try:
        found = parse_qs(query, max_num_fields=20).get("key", []) if "key=" in query else []
    except ValueError:
        return None
    return found[0] if len(found) == 1 else None


def bearer(header: str | None) -> str | None:
    """Return the token of an `Authorization` header (RFC 6750); none if it holds none."""
    found = _BEARER.fullmatch(header or "")
    return found["token"] if found else None
