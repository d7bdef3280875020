"""`/v1/episodes/{id}/audio`: the file that was transcribed, in pieces as players ask for it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from fastapi.responses import FileResponse

from service.api.context import Here
from service.api.episodes import names_tag
from service.api.lists import EpisodePath
from service.api.problems import ProblemError, documented, problem
from service.api.ranges import Unsatisfiable, wanted_range
from storage.errors import NotFound

router = APIRouter(prefix="/episodes", tags=["episodes"])

_SOUND: dict[str, Any] = {"audio/*": {"schema": {"type": "string", "format": "binary"}}}
_ETAG = {"ETag": {"description": "Names this file.", "schema": {"type": "string"}}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The whole file.", "content": _SOUND, "headers": _ETAG},
    206: {"description": "The part that `Range` asks for.", "content": _SOUND, "headers": _ETAG},
    304: {"description": "It is the one that `If-None-Match` names.", "headers": _ETAG},
    **documented(404, 416),
}

_MEDIA = ("audio/", "video/")


class PartOfFile(FileResponse):
    """A file, or the part of it that was asked for by a range that `wanted_range` has read."""

    def __init__(self, path: str, part: tuple[int, int] | None, **more: Any) -> None:
        super().__init__(path, **more)
        self._part = part

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it, with the range as it was read in place of the header."""
        others = [(name, value) for name, value in scope["headers"] if name not in {b"range", b"if-range"}]
        if self._part is not None:
            others.append((b"range", b"bytes=%d-%d" % self._part))
        await super().__call__({**scope, "headers": others}, receive, send)


@router.head("/{episode_id}/audio", include_in_schema=False)
@router.get("/{episode_id}/audio", summary="Hear an episode", response_class=Response, responses=_RESPONSES)
def get_audio(
    episode_id: EpisodePath,
    here: Here,
    wanted: Annotated[str | None, Header(alias="Range", description="One range of bytes; anything else gets it all.")] = None,
    if_range: Annotated[str | None, Header(description="An `ETag`: give the range only if it is still this file.")] = None,
    if_none_match: Annotated[str | None, Header(description="An `ETag` that is known already.")] = None,
) -> Response:
    """Return the audio that the newest transcript was made of, as it was downloaded: its times are the transcript's.

    It is gone once `earmark purge` has removed the jobs that fetched it.
    """
    digest = here.episodes.get(episode_id).transcript
    if digest is None:
        raise NotFound(f"The episode {episode_id} has no transcript yet.", hint="Its jobs tell how far it is.")
    sound = here.views.of(digest)
    tag = f'"{sound.sha256}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match is not None and names_tag(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    try:
        path = here.blobs.path(sound.sha256)
    except NotFound:
        hint = "Transcribe the episode again to have it fetched."
        raise NotFound(f"The audio of the episode {episode_id} is not kept any more.", hint=hint) from None
    size = path.stat().st_size
    part = _part(wanted, size) if if_range is None or if_range.strip() == tag else None
    media_type = sound.media_type if sound.media_type.startswith(_MEDIA) else "application/octet-stream"
    return PartOfFile(str(path), part, media_type=media_type, headers=headers)


def _part(header: str | None, size: int) -> tuple[int, int] | None:
    if header is None:
        return None
    try:
        return wanted_range(header, size)
    except Unsatisfiable:
        found = problem(416, "no-such-range", f"The file has {size} bytes, and none of those.", hint="Ask for less.")
        raise ProblemError(found, {"Content-Range": f"bytes */{size}"}) from None
