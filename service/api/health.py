"""`/healthz`, `/readyz` and the entrance of the API: whether anybody is there, and can take requests."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from jobs.plan import VERSION
from service.api.context import Context, Here
from service.api.models import Alive, Entrance, Standing
from service.api.problems import documented
from storage.database import is_migrated
from storage.errors import EarmarkError

router = APIRouter(tags=["service"])

BROKER_SECONDS = 1.0
"""How long the broker may take to answer."""

_NOT_READY = {"description": "The ledger cannot be used.", "model": Standing}


@router.get("/healthz", summary="Whether the process is alive", responses=documented(token=False))
async def alive() -> Alive:
    """Answer, and ask nobody."""
    return Alive()


@router.get(
    "/readyz",
    summary="Whether requests can be taken",
    response_model=Standing,
    responses={**documented(token=False), 503: _NOT_READY},
)
def ready(here: Here) -> Response:
    """Say whether the ledger can be used, which requests need, and the broker, without which they wait."""
    ledger = ledger_of(here)
    standing = Standing(ready=ledger == "ok", ledger=ledger, broker=broker_of(here))
    return JSONResponse(standing.model_dump(), 200 if standing.ready else 503)


@router.get("/v1", summary="Where everything is", responses=documented())
async def entrance() -> Entrance:
    """Name the lists, and the description of everything."""
    return Entrance(
        version=VERSION, jobs="/v1/jobs", episodes="/v1/episodes", feeds="/v1/feeds", search="/v1/search",
        description="/openapi.json",
    )  # fmt: skip


def ledger_of(here: Context) -> Literal["ok", "unavailable", "not migrated"]:
    """Say whether the ledger can be used."""
    try:
        return "ok" if is_migrated(here.engine) else "not migrated"
    except EarmarkError:
        return "unavailable"


def broker_of(here: Context) -> Literal["ok", "unavailable"]:
    """Say whether the broker answers."""
    from redis import Redis, RedisError

    url = here.settings.broker_url
    try:
        client = Redis.from_url(url, socket_connect_timeout=BROKER_SECONDS, socket_timeout=BROKER_SECONDS)
        with client:
            client.ping()
    except (RedisError, OSError, ValueError):
        return "unavailable"
    return "ok"
