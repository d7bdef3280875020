"""The page of an episode."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service.api.base import base_address
from service.api.context import Context, Here
from service.api.lists import EpisodePath
from service.pages.answers import page
from service.pages.episode_view import EpisodeView
from service.pages.finding import LONGEST, find
from service.pages.oembed import discovery
from service.pages.published_notes import published_notes
from storage.errors import StorageUnavailable
from storage.shows import show_key

router = APIRouter(include_in_schema=False)

Phrase = Annotated[str, Query(alias="q", max_length=LONGEST)]


@router.get("/episodes/{episode_id}")
def episode(request: Request, here: Here, episode_id: EpisodePath, phrase: Phrase = "") -> Response:
    """Show an episode: its sound, its chapters, and what is said in it, with a phrase marked if one is given."""
    record = here.episodes.get(episode_id)
    if record.transcript is None:
        return page(request, "waiting.html", episode=record, show_key=show_key(record.show))
    view = replace(here.views.of(record.transcript), id=record.id)  # one transcript may have been made for several
    base = base_address(request, here)
    return page(
        request,
        "episode.html",
        oembed=discovery(f"{base}/episodes/{view.id}", base),
        view=view,
        voices={voice.label: voice for voice in view.voices},
        show_key=show_key(record.show),
        notes=published_notes(here.engine, record),
        found=find(phrase, view.sections),
        silent=not _has_sound(here, view),
    )


def _has_sound(here: Context, view: EpisodeView) -> bool:
    """Tell whether the audio is still kept; a store that does not answer just now may have it."""
    try:
        return here.blobs.has(view.sha256)
    except StorageUnavailable:
        return True
