"""Where the pages are in a folder, seen from one of them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from service.pages.links import moment
from storage.export import FORMATS
from storage.show_list import NO_SHOW

_PLAIN = re.compile(r"(?!(?:con|prn|aux|nul|com\d|lpt\d)$)[a-z0-9][a-z0-9-]{0,79}")
"""Keys that are file names everywhere, as they are; not those that are devices on Windows."""


@dataclass(frozen=True)
class SiteLinks:
    """Addresses relative to a page that lies in a folder so many levels deep."""

    depth: int = 0
    sounds: Mapping[str, str] = field(default_factory=dict)
    """Where the audio of each episode is, from the root; those that are not there came without."""

    @property
    def home(self) -> str:
        """The list of shows."""
        return self._at("index.html")

    @property
    def search(self) -> str:
        """The search page."""
        return self._at("search.html")

    def static(self, name: str) -> str:
        """Return where a static file is."""
        return self._at(f"static/{name}")

    def show(self, key: str | None, after: str | None = None) -> str:
        """Return where a show is, or the page of it with a number."""
        return self._at(show_path(key, after))

    def feed(self, key: str | None) -> str | None:  # noqa: ARG002 - the protocol's
        """Return nothing: a feed names its files by whole addresses, and a folder has none."""
        return None

    def episode(self, episode_id: str, seconds: float | None = None) -> str:
        """Return where an episode, or a moment of it, is."""
        return f"{self._at(episode_path(episode_id))}{moment(seconds)}"

    def audio(self, episode_id: str) -> str | None:
        """Return where the sound of an episode is; none if it came without."""
        sound = self.sounds.get(episode_id)
        return None if sound is None else self._at(sound)

    def transcript(self, episode_id: str, format_name: str) -> str:
        """Return where a transcript is."""
        return self._at(transcript_path(episode_id, format_name))

    def _at(self, path: str) -> str:
        return "../" * self.depth + quote(path)


def show_path(key: str | None, number: str | None = None) -> str:
    """Return the file of a show, or of a later page of it; keys that are no plain names are named by their digest."""
    name = key or NO_SHOW
    if not _PLAIN.fullmatch(name):
        name = f"show_{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return f"shows/{name}_{number}.html" if number else f"shows/{name}.html"


def episode_path(episode_id: str) -> str:
    """Return the file of an episode."""
    return f"episodes/{episode_id}.html"


def transcript_path(episode_id: str, format_name: str) -> str:
    """Return the file of a transcript in a format."""
    return f"episodes/{episode_id}{FORMATS[format_name].suffix}"
