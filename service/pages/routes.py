"""All pages, as one router. A new page is a module with a `router` (not in the schema) that is named here."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.routing import APIRoute

from service.pages import (
    embed,
    episodes,
    jobs,
    oembed,
    search,
    shows,
    signing_in,
    speakers,
    static_files,
    submitting,
    system,
    watching,
)

router = APIRouter(include_in_schema=False)

_PARTS = (shows, search, episodes, embed, oembed, speakers, submitting, jobs, watching, system, signing_in, static_files)

for _part in _PARTS:
    router.include_router(_part.router)


def paths() -> dict[str, dict[str, None]]:
    """Return the path of every page with the methods that it knows, as the API's description lists its own."""
    found: dict[str, dict[str, None]] = {}
    for part in _PARTS:
        for route in part.router.routes:
            if isinstance(route, APIRoute):
                found.setdefault(route.path, {}).update(dict.fromkeys(sorted(route.methods or ())))
    return found
