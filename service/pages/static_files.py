"""`/static`: the files that pages are made of."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response

from service.pages.assets import assets
from storage.errors import NotFound

router = APIRouter(include_in_schema=False)


@router.get("/static/{version}/{name}")
async def static_file(version: str, name: str, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """Return a static file; one that is asked for by the version that is here may be kept for good."""
    known = assets()
    asset = known.by_name.get(name)
    if asset is None:
        raise NotFound("There is no such file.")
    tag = f'"{known.version}"'
    kept = "public, max-age=31536000, immutable" if version == known.version else "no-cache"
    headers = {"Cache-Control": kept, "ETag": tag}
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)
