"""Addresses inside of a feed, made absolute and safe to hand on."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote, urljoin, urlsplit

from jobs.identity import encode_url

Resolve = Callable[[str | None], str | None]
"""Makes an address absolute and safe, or returns none for one that must not be followed."""


def resolver(base: str | None, *, local: bool) -> Resolve:
    """Return a function that makes addresses of a feed absolute against `base`.

    It returns none for anything but `http` and `https`, with one exception: a feed that is itself a local file
    (`local`) may name files in its own folder or below by a relative path. Never may a feed name a file by an
    absolute path or a `file:` address, or a downloaded feed could read what its author should not.
    """

    def resolve(address: str | None) -> str | None:
        return _resolve(address, base, local) if address and address.strip() else None

    return resolve


def _resolve(address: str, base: str | None, local: bool) -> str | None:
    address = encode_url(address)
    try:
        parts = urlsplit(address)
        if parts.scheme.lower() in {"http", "https"}:
            return address if parts.hostname else None
        joined = urljoin(base or "", address)
        scheme = urlsplit(joined).scheme.lower()
    except ValueError:
        return None
    if parts.scheme:
        return None
    if scheme in {"http", "https"}:
        return joined
    inside = (
        not parts.netloc
        and not parts.path.startswith("/")
        and parts.path
        and ".." not in unquote(parts.path).replace("\\", "/").split("/")
    )
    return joined if local and inside and scheme in {"", "file"} else None
