"""What a person or a feed names: a file on this machine, or a web address; and the small files that are read from either."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from jobs.fetch import Fetcher
from storage.blobs import digest_of
from storage.errors import SourceError, TooLarge


def local_path(address: str) -> Path | None:
    """Return the file that an address names on this machine; none if it is a web address. Raises `SourceError` for neither."""
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise SourceError(f"{address} is not an address: {error}.", hint="Check how it is written.") from error
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


def read_place(place: str, fetcher: Fetcher, *, accept: str, max_bytes: int) -> bytes:
    """Return what a small file or web address holds; raises `SourceError`, `TooLarge`, and what `Fetcher.get` raises."""
    local = local_path(place)
    if local is None:
        return fetcher.get(place, accept=accept, max_bytes=max_bytes).body
    try:
        with local.open("rb") as file:
            data = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{place} cannot be read: {reason}.", hint="Check the path.") from error
    if len(data) > max_bytes:
        raise TooLarge(f"{place} has more than {max_bytes} bytes.", hint="No real file of this kind has.")
    return data
