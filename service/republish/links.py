"""Addresses of what feeds link to, all below one base, and with the key that opens them where one is needed."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode


@dataclass(frozen=True)
class FeedLinks:
    """Where things are."""

    base: str
    """Scheme and host, and a path if a proxy adds one; no slash at its end."""
    key: str | None = None
    """The feed key that every address carries."""

    def feed(self, show: str, *, after: str | None = None, limit: int | None = None) -> str:
        """Return the address of a show's feed, or of a later page of it."""
        return self._to("v1", "shows", show, "feed.xml", after=after, limit=limit)

    def opml(self) -> str:
        """Return the address of the list of all feeds."""
        return self._to("v1", "shows.opml")

    def transcript(self, episode_id: str, form: str) -> str:
        """Return the address of a transcript in a format."""
        return self._to("v1", "episodes", episode_id, "transcript", format=form)

    def audio(self, episode_id: str) -> str:
        """Return the address of the sound as it was downloaded."""
        return self._to("v1", "episodes", episode_id, "audio")

    def show(self, show: str) -> str:
        """Return the address of a show's page, which is for people: they sign in, and have no use for a key."""
        return f"{self.base}/shows/{quote(show, safe='')}"

    def _to(self, *parts: str, **query: str | int | None) -> str:
        given = {name: str(value) for name, value in {**query, "key": self.key}.items() if value is not None}
        path = "/".join(quote(part, safe="") for part in parts)
        return f"{self.base}/{path}{'?' if given else ''}{urlencode(given)}"
