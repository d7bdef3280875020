"""`/v1/episodes`: every episode that was asked for, and its transcript."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response

from service.api.context import Context, Here
from service.api.lists import After, EpisodePath, Limit, Piece, next_link
from service.api.models import Episode, EpisodePage, episode_view
from service.api.negotiation import preferred
from service.api.problems import ProblemError, documented, problem
from storage.documents import Transcript
from storage.errors import NotFound
from storage.export import FORMATS, Format

router = APIRouter(prefix="/episodes", tags=["episodes"])

FormatName = Literal["json", "vtt", "srt", "podcast-json", "chapters-json", "psc", "markdown", "txt"]

_BY_TYPE: dict[str, Format] = {}
for _format in FORMATS.values():
    _BY_TYPE.setdefault(_format.media_type, _format)

_PODCAST_JSON = {"type": "object", "required": ["version", "segments"], "description": "Podcasting 2.0 transcript."}
_SCHEMAS: dict[str, Any] = {
    "application/json": {"anyOf": [{"$ref": "#/components/schemas/Transcript"}, _PODCAST_JSON]},
    "application/json+chapters": {"type": "object", "required": ["version", "chapters"]},
}
_CONTENT = {name: {"schema": _SCHEMAS.get(name, {"type": "string"})} for name in _BY_TYPE}
_ETAG = {"ETag": {"description": "Names this transcript in this format.", "schema": {"type": "string"}}}

Show = Annotated[str | None, Query(description="The whole title of a show.", min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


@router.get("", summary="List episodes", responses=documented())
def list_episodes(
    request: Request,
    here: Here,
    *,
    show: Show = None,
    q: Piece = None,
    transcribed: Annotated[bool | None, Query(description="Only those with, or without, a transcript.")] = None,
    after: After = None,
    limit: Limit = 50,
) -> EpisodePage:
    """List the episodes that were asked for, the last one first."""
    page = here.episodes.list(show=show, query=q, transcribed=transcribed, after=after, limit=limit)
    return EpisodePage(items=[episode_view(episode) for episode in page.items], next=next_link(request, page))


@router.get("/{episode_id}", summary="Look at an episode", responses=documented(404))
def get_episode(episode_id: EpisodePath, here: Here) -> Episode:
    """Return what is known about an episode."""
    return episode_view(here.episodes.get(episode_id))


@router.get(
    "/{episode_id}/transcript",
    summary="Read a transcript",
    response_class=Response,
    responses={
        200: {"description": "The newest transcript of the episode.", "content": _CONTENT, "headers": _ETAG},
        304: {"description": "It is the one that `If-None-Match` names.", "headers": _ETAG},
        **documented(404, 406),
    },
)
def get_transcript(
    episode_id: EpisodePath,
    here: Here,
    format: Annotated[FormatName | None, Query(description="Goes before `Accept`.")] = None,  # noqa: A002 - the parameter's name
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    if_none_match: Annotated[str | None, Header(description="An `ETag` that is known already.")] = None,
) -> Response:
    """Return the transcript as the document described by `storage/transcript.schema.json`, or in another format.

    Without `format`, the `Accept` header chooses.
    """
    wanted = FORMATS[format] if format is not None else _accepted(accept)
    digest = here.episodes.get(episode_id).transcript
    if digest is None:
        raise NotFound(f"The episode {episode_id} has no transcript yet.", hint="Its jobs tell how far it is.")
    tag = f'"{digest}"' if wanted.name == "json" else f'"{digest}.{wanted.name}"'
    headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": "private, no-cache"}
    if if_none_match is not None and names_tag(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    name = f"{episode_id}{wanted.suffix}"
    headers["Content-Disposition"] = f'inline; filename="{name}"'
    return Response(_rendered(here, digest, wanted), media_type=wanted.media_type, headers=headers)


def _accepted(accept: str | None) -> Format:
    found = preferred(accept, list(_BY_TYPE))
    if found is None:
        hint = f"Accept one of {', '.join(_BY_TYPE)}, or give `format`: {', '.join(FORMATS)}."
        raise ProblemError(problem(406, "no-such-format", "A transcript has none of the formats that are accepted.", hint=hint))
    return _BY_TYPE[found]


def _rendered(here: Context, digest: str, wanted: Format) -> str:
    return wanted.render(Transcript.model_validate_json(here.blobs.read(digest)))


def names_tag(if_none_match: str, tag: str) -> bool:
    """Tell whether a list of entity tags holds this one (RFC 9110, 13.1.2); tags that are only weak are alike here."""
    tags = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return "*" in tags or tag in tags
