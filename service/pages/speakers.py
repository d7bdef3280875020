"""The voices of a show: to hear, to name, to join, to part, and to forget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse

from service.api.context import Context, Here
from service.api.lists import After, ShowPath
from service.api.shows import Called, VoicePath
from service.pages.answers import page, see
from service.pages.forms import Form, Posted
from service.pages.links import LiveLinks
from service.pages.paging import following
from service.show_voices import ShowVoices
from storage.errors import NotFound, OptionError
from storage.shows import show_key
from storage.voice_list import ListedVoice, find_voice, list_voices
from storage.voices import KnownShow, Voice

router = APIRouter(include_in_schema=False, prefix="/shows/{show}/speakers")

MOST_CLIPS = 3
"""Recordings of a voice that a page offers."""

_ON_A_PAGE = 50

_LATEST = 5
"""Episodes of a voice that the list of voices tells."""

_EPISODES_ON_A_PAGE = 200
"""Of one voice, on a page of its own; fewer than the fields that a form may have."""

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
    count: int
    """Episodes that it was heard in."""
    episodes: tuple[HeardIn, ...]
    """The latest of these, or those of this page, the latest first."""


_BECAUSE = {"people": "given by a person", "voice": "its episodes agree"}


@router.get("")
def speakers(request: Request, here: Here, show: ShowPath, *, q: Called = None, after: After = None) -> Response:
    """List the voices of a show, those in most episodes first; none where none are remembered."""
    found = list_voices(here.engine, show, query=q, after=after, limit=_ON_A_PAGE, latest=_LATEST)
    return page(
        request,
        "speakers.html",
        show=show,
        title=here.desk.stores.memory.title_of(show) or show,
        voices=[_row(voice, _episodes(voice)) for voice in found.items],
        query=q or "",
        after=after or "",
        next=following(request, found.next),
        remembers=here.settings.voice_memory,
    )


@router.get("/{voice}")
def speaker(request: Request, here: Here, show: ShowPath, voice: VoicePath, begin: From = 0) -> Response:
    """Show one voice with all of its episodes, the latest first."""
    known = _voice(here, show, voice)
    found = find_voice(here.engine, voice)
    episodes, end = _episodes(found), begin + _EPISODES_ON_A_PAGE
    return page(
        request,
        "speaker.html",
        show=show,
        title=known.show_title,
        voice=_row(found, episodes[begin:end]),
        is_first=begin == 0,
        next=end if end < len(episodes) else None,
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
    return _back(show, voice, form)


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
    return _back(show, voice, form)


@router.post("/{voice}/split")
def split(here: Here, show: ShowPath, voice: VoicePath, form: Posted) -> Response:
    """Make a voice of its own of what some episodes contributed to one."""
    if not form.all("episode"):
        raise OptionError("No episode was chosen.", hint="Go back, and tick the episodes in which it was somebody else.")
    made, _ = ShowVoices(here.desk.stores).split(_voice(here, show, voice), form.all("episode"))
    return see(f"{_place(show)}/{made.id}")


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


def _episodes(voice: ListedVoice) -> tuple[HeardIn, ...]:
    """Return the episodes that are told of a voice, each once, the latest first."""
    heard: dict[str, HeardIn] = {}
    for part in reversed(voice.heard_in):
        before = heard.get(part.id)
        heard[part.id] = HeardIn(part.id, part.title, part.seconds + (before.seconds if before else 0.0))
    return tuple(heard.values())


def _row(voice: ListedVoice, episodes: tuple[HeardIn, ...]) -> VoiceRow:
    return VoiceRow(
        id=voice.id,
        name=voice.name.name if voice.name is not None else "",
        because=_BECAUSE.get(voice.name.source, "") if voice.name is not None else "",
        seconds=voice.seconds,
        clips=range(min(voice.clips, MOST_CLIPS)),
        count=voice.episodes,
        episodes=episodes,
    )


def _place(show: str) -> str:
    return f"{LiveLinks('').show(show_key(show) or show)}/speakers"


def _back(show: str, voice: str, form: Form) -> Response:
    """Lead to where the form was: the page of the voice itself, or the page of the list that has it."""
    if form.ticked("alone"):
        return see(f"{_place(show)}/{voice}")
    where = urlencode({name: form.text(name) for name in ("q", "after") if form.text(name)})
    return see(f"{_place(show)}{where and '?'}{where}#voice-{voice}")
