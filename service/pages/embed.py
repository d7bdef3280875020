"""A chapter of an episode as a page that stands inside other sites' pages: its sound, and what is said in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from service.api.base import base_address
from service.api.context import Here
from service.api.lists import EpisodePath
from service.api.republish import Key
from service.pages.answers import EMBED_POLICY, page
from service.pages.episode_view import ChapterView, EpisodeView
from service.pages.spoken_text import Said
from storage.errors import NotFound

router = APIRouter(include_in_schema=False)

Chapter = Annotated[int | None, Query(ge=1, le=100_000, description="Which chapter, from 1; without one, all of the episode.")]

_HEADERS = {
    "Content-Security-Policy": EMBED_POLICY,
    "Cross-Origin-Resource-Policy": "cross-origin",  # pages that are isolated from others may hold it, too
    "Cross-Origin-Opener-Policy": "unsafe-none",
}


@dataclass(frozen=True)
class Excerpt:
    """What is embedded of an episode."""

    episode: EpisodeView
    chapter: ChapterView | None
    """None for the whole of it."""
    paragraphs: tuple[Said, ...]
    sound: str
    """Address of this stretch of the sound, with the fragment that bounds it (Media Fragments, 4.2.1)."""
    home: str
    """Address of this stretch in the page of the episode."""

    @property
    def title(self) -> str:
        """What stands above it."""
        return self.chapter.title if self.chapter is not None else self.episode.title


@router.get("/embed/{episode_id}")
def embed(request: Request, here: Here, episode_id: EpisodePath, chapter: Chapter = None, key: Key = None) -> Response:
    """Show a chapter for other pages to hold; scripts and forms have no place here."""
    digest = here.episodes.get(episode_id).transcript
    if digest is None:
        raise NotFound(f"The episode {episode_id} has no transcript yet.", hint="Its jobs tell how far it is.")
    made = excerpt(here.views.of(digest), chapter, base=base_address(request, here), key=key)
    voices = {voice.label: voice for voice in made.episode.voices}
    return page(request, "embed.html", headers=_HEADERS, view=made, voices=voices)


def excerpt(episode: EpisodeView, number: int | None, *, base: str, key: str | None = None) -> Excerpt:
    """Return a chapter of an episode, counted from 1, or all of it; `NotFound` where it has no such chapter."""
    chapter = chapter_numbered(episode.chapters, number) if number is not None else None
    if chapter is None:
        paragraphs = tuple(said for section in episode.sections for said in section.paragraphs)
        start, fragment = 0.0, ""
    else:
        sections = [section for section in episode.sections if section.chapter is chapter]
        paragraphs = tuple(said for section in sections for said in section.paragraphs)
        start, fragment = chapter.start, f"#t={chapter.start:.2f},{chapter.end:.2f}"
    query = f"?{urlencode({'key': key})}" if key is not None else ""
    return Excerpt(
        episode=episode,
        chapter=chapter,
        paragraphs=paragraphs,
        sound=f"/v1/episodes/{episode.id}/audio{query}{fragment}",
        home=f"{base}/episodes/{episode.id}" + (f"#t={start:.2f}" if chapter is not None else ""),
    )


def chapter_numbered(chapters: Sequence[ChapterView], number: int) -> ChapterView:
    """Return a chapter, counted from 1."""
    if number > len(chapters):
        raise NotFound(f"The episode has {len(chapters)} chapters, and no chapter {number}.", hint="Count from 1.")
    return chapters[number - 1]
