"""The API as one ASGI application."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from jobs.fetch import Fetcher
from jobs.plan import VERSION
from service.api import audio, episodes, events, feeds, health, jobs, metrics, republish, search, shows
from service.api.access import Access
from service.api.context import Context
from service.api.door import Door
from service.api.paths import Paths
from service.api.problems import Problem, ProblemError, busy, of_error, of_faults, problem
from service.api.traffic import Traffic, Watched
from service.pages import routes as pages
from service.pages.answers import wants_page
from service.pages.told import told
from service.pages.views import EpisodeViews
from service.republish.outlines import Outlines
from storage.documents import Transcript
from storage.errors import EarmarkError
from storage.submissions import Submissions
from storage.tokens import Tokens
from worker.desk import Desk
from worker.settings import Settings

_DESCRIPTION = """
Podcast episodes to chapter-indexed, speaker-labelled transcripts.

`POST /v1/jobs` takes the address of an episode, a feed, a page or an OPML list; `GET /v1/jobs/{id}/events` tells how it goes;
`GET /v1/episodes/{id}/transcript` gives what came of it, and `GET /v1/search` finds moments in all of it. Lists are paged:
follow `next`. Every error is a problem (RFC 9457).
"""

_TAGS = [
    {"name": "jobs", "description": "What was asked for, and how it goes."},
    {"name": "episodes", "description": "Every episode that was asked for, and its transcript."},
    {"name": "search", "description": "Moments in all transcripts."},
    {"name": "feeds", "description": "Feeds that are watched for new episodes."},
    {"name": "shows", "description": "The voices that shows are known by, and their names; shows as feeds for other players."},
    {"name": "service", "description": "How the service stands."},
]


def make_context(desk: Desk, settings: Settings, fetcher: Fetcher, access: Access) -> Context:
    """Return what the routes of one server work with."""
    engine = desk.stores.engine
    return Context(
        desk=desk,
        settings=settings,
        fetcher=fetcher,
        access=access,
        tokens=Tokens(engine),
        submissions=Submissions(engine),
        feeds=desk.stores.feeds,
        traffic=Traffic(),
        views=EpisodeViews(desk.stores.blobs),
        outlines=Outlines(desk.stores.blobs),
    )


def make_app(context: Context) -> FastAPI:
    """Return the application; it opens and closes nothing that it was given."""
    app = FastAPI(title="earmark", version=VERSION, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.context = context
    for part in (jobs, events, episodes, audio, search, feeds, shows, republish):
        app.include_router(part.router, prefix="/v1")
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(pages.router)
    app.openapi = functools.cache(functools.partial(_described, app))  # type: ignore[method-assign] # as FastAPI's manual has it
    paths = Paths({**app.openapi()["paths"], **pages.paths()})
    app.add_exception_handler(HTTPException, _refused(paths))
    app.add_exception_handler(RequestValidationError, _told(lambda error: of_faults(error.errors())))
    app.add_exception_handler(ProblemError, _told(lambda error: error.problem))
    app.add_exception_handler(EarmarkError, _told(of_error))
    app.add_exception_handler(PoolTimeout, _told(lambda _: busy("The ledger is busy.")))
    app.add_middleware(Door, context=context)
    app.add_middleware(Watched, traffic=context.traffic, paths=paths)
    return app


def _told(meaning: Callable[[Any], Problem]) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return a handler that answers an error with its problem."""

    async def handle(request: Request, error: Exception) -> Response:
        return told(request.scope, meaning(error), getattr(error, "headers", None))

    return handle


def _refused(paths: Paths) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return a handler that answers what the router refuses."""

    async def handle(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        found, headers = problem(error.status_code, "refused", str(error.detail)), error.headers
        match error.status_code:
            case 404:
                found = problem(404, "no-such-path", "There is nothing at this path.", hint=_where_to_look(request))
            case 405:
                methods = ", ".join(paths.methods(request.url.path))
                found = problem(405, "no-such-method", f"This path knows no {request.method}.", hint=f"It knows {methods}.")
                headers = {"Allow": methods}
            case 400:
                found = problem(400, "unreadable", "The body cannot be read.", hint="Send JSON in UTF-8.")
        return told(request.scope, found, headers)

    return handle


def _where_to_look(request: Request) -> str:
    return "Begin at the list of shows, or search." if wants_page(request.scope) else "See /openapi.json."


def _described(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document."""
    found = get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes, tags=_TAGS)
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas |= _schemas(Problem, "") | _schemas(Transcript, "Transcript")  # the transcript has an `Episode` of its own, too
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    found["security"] = [{"token": []}]
    for path in filter(app.state.context.access.is_open, found["paths"]):
        found["paths"][path]["get"]["security"] = []
    return found


def _schemas(model: type[BaseModel], prefix: str) -> dict[str, Any]:
    """Return the schema of a model, and of those inside it, with names that begin with `prefix`."""
    template = f"#/components/schemas/{prefix}{{model}}"
    schema = model.model_json_schema(mode="serialization", by_alias=True, ref_template=template)
    inner = schema.pop("$defs", {})
    return {f"{prefix}{name}": inner[name] for name in inner} | {model.__name__: schema}
