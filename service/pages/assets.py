"""The static files of the pages: one style sheet, scripts, and an icon, read once."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath
from types import MappingProxyType

_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """One static file."""

    content: bytes
    media_type: str


@dataclass(frozen=True)
class Assets:
    """All of them."""

    version: str
    """Digest over all of them: part of their addresses, so that a new version has new addresses."""
    by_name: Mapping[str, Asset]


@functools.cache
def assets() -> Assets:
    """Return the static files."""
    found: dict[str, Asset] = {}
    for file in sorted((files(__package__) / "static").iterdir(), key=lambda file: file.name):
        media_type = _TYPES.get(PurePosixPath(file.name).suffix)
        if media_type is not None:
            found[file.name] = Asset(file.read_bytes(), media_type)
    digest = hashlib.sha256()
    for name, asset in found.items():
        digest.update(f"{name} {len(asset.content)}\n".encode() + asset.content)
    return Assets(digest.hexdigest()[:12], MappingProxyType(found))
