"""The voices of a show: to hear, to name, to join, to part, and to forget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse

from service.api.context import Context, Here
from service.api.lists import ShowPath
from service.api.shows import VoicePath
from service.pages.answers import page, see
from service.pages.forms import Posted
from service.pages.links import LiveLinks
from service.show_voices import ShowVoices, called
from service.speakers_view import voice_views
from storage.errors import NotFound, OptionError
from storage.shows import show_key
from storage.voices import KnownShow, Voice

router = APIRouter(include_in_schema=False, prefix="/shows/{show}/speakers")

MOST_CLIPS = 3
"""Recordings of a voice that a page offers."""

_ON_A_PAGE = 50

From = Annotated[int, Query(alias="from", ge=0, le=1_000_000)]
ClipPath = Annotated[int, Path(ge=0, le=10_000)]


@dataclass(frozen=True)
class HeardIn:
    """An episode in which a voice was heard."""

    id: str
    title: str
    seconds: float


@dataclass(frozen=True)
class VoiceRow:
    """A voice as the page shows it."""

    id: str
    name: str
    """Empty where nobody knows."""
    because: str
    seconds: float
    clips: range
    episodes: tuple[HeardIn, ...]


_BECAUSE = {"people": "given by a person", "voice": "its episodes agree"}


@router.get("")
def speakers(request: Request, here: Here, show: ShowPath, begin: From = 0) -> Response:
    """List the voices of a show, those in most episodes first; none where none are remembered."""
    known = next((found for found in here.desk.stores.memory.shows() if found.key == show), None)
    voices = here.desk.stores.memory.of_show(show) if known is not None else ()
    return page(
        request,
        "speakers.html",
        show=show,
        title=known.title if known is not None else show,
        voices=[_row(view) for view in voice_views(voices[begin : begin + _ON_A_PAGE], here.episodes)],
        everybody=[(voice.id, called(voice), len(voice.episodes)) for voice in voices],
        begin=begin,
        next=begin + _ON_A_PAGE if begin + _ON_A_PAGE < len(voices) else None,
        remembers=here.settings.voice_memory,
    )


@router.get("/{voice}/clips/{number}")
def clip(here: Here, show: ShowPath, voice: VoicePath, number: ClipPath) -> Response:
    """Return a recording of a voice."""
    clips = [digest for sample in _voice(here, show, voice).samples for digest in sample.clips]
    if number >= len(clips):
        raise NotFound("There is no such recording.", hint="It may have been forgotten.")
    return FileResponse(here.blobs.path(clips[number]), media_type="audio/wav", headers={"Cache-Control": "private, no-cache"})


@router.post("/{voice}/rename")
def rename(here: Here, show: ShowPath, voice: VoicePath, form: Posted) -> Response:
    """Name a voice, in every transcript of the show."""
    name = form.text("name")
    if not 1 <= len(name) <= 200:
        raise OptionError("A name has 1 to 200 letters.", hint="Go back, and give one.")
    ShowVoices(here.desk.stores).rename(_voice(here, show, voice), name)
    return _back(show, voice)


@router.post("/{voice}/merge")
def merge(here: Here, show: ShowPath, voice: VoicePath, form: Posted) -> Response:
    """Take another voice, given by its id or its name, for this one."""
    into, known = _voice(here, show, voice), ShowVoices(here.desk.stores)
    if not form.text("other"):
        raise OptionError("No other voice was chosen.", hint="Go back, and give the name or the id of the same person's voice.")
    other = known.voice(KnownShow(into.show, into.show_title, 0, 0), form.text("other"))
    if other.id == into.id:
        raise OptionError("This is the same voice already.", hint="Go back, and give another one.")
    known.merge(into, [other])
    return _back(show, voice)


@router.post("/{voice}/split")
def split(here: Here, show: ShowPath, voice: VoicePath, form: Posted) -> Response:
    """Make a voice of its own of what some episodes contributed to one."""
    if not form.all("episode"):
        raise OptionError("No episode was chosen.", hint="Go back, and tick the episodes in which it was somebody else.")
    made, _ = ShowVoices(here.desk.stores).split(_voice(here, show, voice), form.all("episode"))
    return _back(show, made.id)


@router.post("/{voice}/forget")
def forget(here: Here, show: ShowPath, voice: VoicePath) -> Response:
    """Delete a voice: embeddings, recordings, and what links transcripts to them."""
    found = _voice(here, show, voice)
    ShowVoices(here.desk.stores).forget(KnownShow(found.show, found.show_title, 0, 0), [found])
    return see(_place(show))


def _voice(here: Context, show: str, voice_id: str) -> Voice:
    voice = here.desk.stores.memory.get(voice_id)
    if voice.show != show:
        raise NotFound(f"This show has no voice {voice_id}.", hint="It may have been joined with another, or forgotten.")
    return voice


def _row(told: dict[str, Any]) -> VoiceRow:
    """Return what the page shows of a voice as `voice_views` tells it."""
    heard: dict[str, HeardIn] = {}
    for part in told["episodes"]:
        before = heard.get(part["id"])
        heard[part["id"]] = HeardIn(part["id"], part["title"], part["seconds"] + (before.seconds if before else 0.0))
    source = told["name_source"]
    return VoiceRow(
        id=told["id"],
        name=told["name"] or "",
        because=_BECAUSE.get(source, "") if source else "",
        seconds=told["seconds"],
        clips=range(min(told["clips"], MOST_CLIPS)),
        episodes=tuple(heard.values()),
    )


def _place(show: str) -> str:
    return f"{LiveLinks('').show(show_key(show) or show)}/speakers"


def _back(show: str, voice: str) -> Response:
    return see(f"{_place(show)}#voice-{voice}")
