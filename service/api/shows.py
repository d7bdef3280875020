"""`/v1/shows`: the voices that shows are known by, and what they are called."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field

from service.api.asked import Body
from service.api.context import Context, Here
from service.api.lists import After, Limit, ShowPath, next_link
from service.api.models import EpisodeId, View
from service.api.problems import documented
from service.show_voices import ShowVoices
from service.speakers_view import show_view, voice_view
from storage.documents import NameSource
from storage.errors import NotFound
from storage.shows import show_key
from storage.voice_list import find_voice, list_voices
from storage.voices import KnownShow, Voice

router = APIRouter(prefix="/shows", tags=["shows"])

_LATEST = 20
"""Episodes of each voice that a list tells."""

ShowId = Annotated[str, Field(pattern=r"^[^\x00-\x20/]{1,200}$", examples=["the-show"])]
VoicePath = Annotated[str, Path(description="Id of a voice.", pattern=r"^[0-9a-f]{1,32}$", examples=["4f3a9c0b7d1e"])]
Called = Annotated[
    str | None,
    Query(
        alias="q",
        description="A piece of the name, in any case and without accents, or the beginning of the id.",
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00]*$",
    ),
]
VoiceId = Annotated[str, Field(pattern=r"^[0-9a-f]{1,32}$", examples=["4f3a9c0b7d1e"])]
_EpisodeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$", examples=["ep_q7l2k5x3n4m6v2aa"])]


class Show(View):
    """A show of which voices are remembered."""

    id: str = Field(examples=["the-show"])
    title: str
    voices: int
    episodes: int
    """In which they were heard."""


class Shows(View):
    """All of them, by title."""

    items: list[Show]


class HeardIn(View):
    """An episode in which a voice was heard."""

    id: EpisodeId
    title: str
    score: float | None
    """How sure it is that it is this voice; none if it was not known by then, or a person said so."""
    seconds: float
    heard_name: str | None
    """The name for which the episode itself speaks."""


class Speaker(View):
    """A voice of a show."""

    id: str = Field(examples=["4f3a9c0b7d1e"])
    name: str | None
    name_source: NameSource | None
    """`people`: given by a person; `voice`: the episodes agree."""
    name_confidence: float | None
    episode_count: int
    seconds: float
    clips: int
    """Recordings that are kept, for people to listen to."""
    models: list[str]
    episodes: list[HeardIn]
    """The last one last; in lists the latest ones alone."""


class SpeakerPage(View):
    """A page of the voices of a show, those heard in most episodes first."""

    items: list[Speaker]
    next: str | None = Field(examples=["/v1/shows/the-show/speakers?limit=50&after=WzEuMCwg"])
    """Where the next page is; none at the end."""


class Changed(View):
    """A voice after a change, and what became of the show's transcripts."""

    speaker: Speaker
    transcripts: int
    """How many were changed."""


class Forgotten(View):
    """What was forgotten."""

    samples: int
    transcripts: int
    """How many lost their links to it."""


class Sources(View):
    """Other shows whose voices are compared, too."""

    shows: list[str]
    """Their ids."""


class SourcesBody(Body):
    """Other shows whose voices are to be compared, too."""

    shows: list[ShowId] = Field(max_length=100)
    """Their ids; these and no others."""


class NameBody(Body):
    """What a voice is called."""

    name: str = Field(min_length=1, max_length=200, examples=["Nathan Lambert"])


class MergeBody(Body):
    """Voices that are the same person's."""

    others: list[VoiceId] = Field(min_length=1, max_length=100)


class SplitBody(Body):
    """Episodes in which it was somebody else."""

    episodes: list[_EpisodeId] = Field(min_length=1, max_length=1000)


@router.get("", summary="List the shows of which voices are remembered", responses=documented())
def list_shows(here: Here) -> Shows:
    """List the shows."""
    return Shows(items=[Show(**show_view(show)) for show in here.desk.stores.memory.shows()])


@router.get("/{show}/speakers", summary="List the voices of a show", responses=documented(404))
def list_speakers(
    request: Request, show: ShowPath, here: Here, *, q: Called = None, after: After = None, limit: Limit = 50
) -> SpeakerPage:
    """List the voices, with their names and the latest of their episodes."""
    found = _show(here, show)
    page = list_voices(here.engine, found.key, query=q, after=after, limit=limit, latest=_LATEST)
    return SpeakerPage(items=[Speaker(**voice_view(voice)) for voice in page.items], next=next_link(request, page))


@router.get("/{show}/speakers/{voice}", summary="Look at a voice", responses=documented(404))
def get_speaker(show: ShowPath, voice: VoicePath, here: Here) -> Speaker:
    """Return a voice with all episodes that it was heard in."""
    return _view(here, _voice(here, show, voice))


@router.get("/{show}/also-from", summary="List the shows that are asked besides a show", responses=documented())
def list_sources(show: ShowPath, here: Here) -> Sources:
    """List the other shows whose voices the speakers of this one are compared with, too: none unless somebody asked for it."""
    return _sources(here, show)


@router.put("/{show}/also-from", summary="Ask other shows besides a show", responses=documented(404, changing=True))
def set_sources(show: ShowPath, body: SourcesBody, here: Here) -> Sources:
    """Compare the speakers of a show with the voices of exactly these others, too, from the next episode on; of none if empty.

    Nothing need be remembered of the show itself yet.
    """
    if show_key(show) != show:
        raise NotFound(f"{show} is no id of a show.", hint="It is the title's words in lower case, joined by dashes.")
    _known(here).ask_also(show, body.shows)
    return _sources(here, show)


@router.patch("/{show}/speakers/{voice}", summary="Name a voice", responses=documented(404, changing=True))
def rename(show: ShowPath, voice: VoicePath, body: NameBody, here: Here) -> Changed:
    """Name a voice, in every transcript of the show. The name goes before whatever else speaks for another."""
    named, retold = _known(here).rename(_voice(here, show, voice), body.name)
    return Changed(speaker=_view(here, named), transcripts=retold.changed)


@router.post("/{show}/speakers/{voice}/merge", summary="Make several voices one", responses=documented(404, changing=True))
def merge(show: ShowPath, voice: VoicePath, body: MergeBody, here: Here) -> Changed:
    """Take other voices for this one, in every transcript of the show."""
    others = [_voice(here, show, other) for other in body.others]
    merged, retold = _known(here).merge(_voice(here, show, voice), others)
    return Changed(speaker=_view(here, merged), transcripts=retold.changed)


@router.post("/{show}/speakers/{voice}/split", summary="Part a voice in two", responses=documented(404, changing=True))
def split(show: ShowPath, voice: VoicePath, body: SplitBody, here: Here) -> Changed:
    """Make a new voice of what some episodes contributed to one; the new one is returned."""
    made, retold = _known(here).split(_voice(here, show, voice), body.episodes)
    return Changed(speaker=_view(here, made), transcripts=retold.changed)


@router.delete("/{show}/speakers/{voice}", summary="Forget a voice", responses=documented(404, changing=True))
def forget(show: ShowPath, voice: VoicePath, here: Here) -> Forgotten:
    """Delete a voice: embeddings, recordings, and what links transcripts to them. Names in transcripts stay."""
    count, retold = _known(here).forget(_show(here, show), [_voice(here, show, voice)])
    return Forgotten(samples=count, transcripts=retold.changed)


@router.delete("/{show}/speakers", summary="Forget the voices of a show", responses=documented(404, changing=True))
def forget_all(
    show: ShowPath,
    here: Here,
    episode: Annotated[
        str | None, Query(description="Only what this episode contributed.", pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    ] = None,
) -> Forgotten:
    """Delete all voices of a show, or what one episode contributed to them."""
    count, retold = _known(here).forget(_show(here, show), episodes=[episode] if episode is not None else [])
    return Forgotten(samples=count, transcripts=retold.changed)


def _sources(here: Context, show: str) -> Sources:
    return Sources(shows=[other.key for other in _known(here).also_from(show)])


def _known(here: Context) -> ShowVoices:
    return ShowVoices(here.desk.stores)


def _show(here: Context, key: str) -> KnownShow:
    found = next((show for show in here.desk.stores.memory.shows() if show.key == key), None)
    if found is None:
        raise NotFound(f"No voices of a show {key} are remembered.", hint="List the shows to see their ids.")
    return found


def _voice(here: Context, show: str, voice_id: str) -> Voice:
    voice = here.desk.stores.memory.get(voice_id)
    if voice.show != show:
        raise NotFound(f"This show has no voice {voice_id}.", hint="List its voices to see their ids.")
    return voice


def _view(here: Context, voice: Voice) -> Speaker:
    return Speaker(**voice_view(find_voice(here.engine, voice.id)))
