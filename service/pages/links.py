"""Where the pages are: the same templates are rendered by the server and into a folder, and ask these for every address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urlencode

from storage.show_list import NO_SHOW

FORMATS_OFFERED = ("vtt", "srt", "txt", "markdown", "json", "podcast-json", "chapters-json", "psc")
"""In the order in which a page offers them."""


class Links(Protocol):
    """The address of everything that a page leads to."""

    @property
    def home(self) -> str:
        """The list of shows."""

    @property
    def search(self) -> str:
        """The search page; its form asks for `q`."""

    def static(self, name: str) -> str:
        """A file of `service/pages/static`."""

    def show(self, key: str | None, after: str | None = None) -> str:
        """A show, by `ShowRecord.key`; `after` is the `next` of the page before."""

    def episode(self, episode_id: str, seconds: float | None = None) -> str:
        """An episode, or a moment of it."""

    def audio(self, episode_id: str) -> str | None:
        """The sound of an episode; none where it is not to be had."""

    def transcript(self, episode_id: str, format_name: str) -> str:
        """A transcript in a format of `storage.export`."""

    def feed(self, key: str | None) -> str | None:
        """A show's feed for other players; none where there is none."""


@dataclass(frozen=True)
class LiveLinks:
    """Addresses of the server, from its root."""

    assets: str
    """Names the state of the static files, so that browsers may keep them for good."""
    home: str = "/"
    search: str = "/search"

    def static(self, name: str) -> str:
        """Return where a static file is."""
        return f"/static/{self.assets}/{quote(name)}"

    def show(self, key: str | None, after: str | None = None) -> str:
        """Return where a show is."""
        query = f"?{urlencode({'after': after})}" if after is not None else ""
        return f"/shows/{quote(key or NO_SHOW, safe='')}{query}"

    def feed(self, key: str | None) -> str | None:
        """Return where a show's feed is."""
        return f"/v1/shows/{quote(key or NO_SHOW, safe='')}/feed.xml"

    def episode(self, episode_id: str, seconds: float | None = None) -> str:
        """Return where an episode, or a moment of it, is."""
        return f"/episodes/{quote(episode_id, safe='')}{moment(seconds)}"

    def audio(self, episode_id: str) -> str | None:
        """Return where the sound of an episode is."""
        return f"/v1/episodes/{quote(episode_id, safe='')}/audio"

    def transcript(self, episode_id: str, format_name: str) -> str:
        """Return where a transcript is."""
        return f"/v1/episodes/{quote(episode_id, safe='')}/transcript?format={format_name}"


def moment(seconds: float | None) -> str:
    """Return the fragment that names a second of an episode, as in Media Fragments (W3C, 4.2.1); empty for none."""
    return "" if seconds is None else f"#t={max(0.0, seconds):.2f}".rstrip("0").rstrip(".")
