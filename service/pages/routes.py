"""All pages, as one router. A new page is a module with a `router` (not in the schema) that is named here."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.routing import APIRoute

from service.pages import episodes, search, shows, signing_in, static_files

router = APIRouter(include_in_schema=False)

_PARTS = (shows, episodes, search, signing_in, static_files)

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
