"""What goes wrong, as `application/problem+json` (RFC 9457): one shape for every error of the API."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from storage.errors import (
    Conflict,
    EarmarkError,
    LedgerUnavailable,
    NetworkError,
    NotFound,
    OptionError,
    PermanentError,
    StorageFull,
    TooSlow,
    TransientError,
)

MEDIA_TYPE = "application/problem+json"

RETRY_AFTER = 10.0
"""Seconds after which to come again, where the error does not say."""


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    place: str = Field(examples=["body.selection.latest"])
    """Where: `body`, `query`, `path` or `header`, and the field."""
    detail: str = Field(examples=["Input should be greater than or equal to 1"])
    """What."""


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    type: str = Field(examples=["urn:earmark:problem:ledger-unavailable"])
    """Names the kind of problem; it stays the same."""
    title: str = Field(examples=["Service Unavailable"])
    """The kind in words."""
    status: int = Field(ge=400, le=599, examples=[503])
    """The status of the answer."""
    detail: str = Field(examples=["The ledger cannot be used."])
    """What happened this time."""
    hint: str | None = Field(default=None, examples=["Try again later."])
    """What to do about it."""
    errors: list[Fault] | None = None
    """Each thing that is wrong with the request."""
    taken: list[str] | None = None
    """Jobs that were taken down before the rest of a submission failed. Submitting again is harmless."""
    retry_after: float | None = None
    """Seconds after which to try again, where that helps."""


class ProblemError(Exception):
    """A problem that a route found."""

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.detail)
        self.problem = problem
        self.headers = dict(headers or {})


def problem(
    status: int, kind: str, detail: str, *, hint: str | None = None, retry_after: float | None = None, **more: Any
) -> Problem:
    """Return a problem of a kind, which is part of its type."""
    title = HTTPStatus(status).phrase
    return Problem(
        type=f"urn:earmark:problem:{kind}",
        title=title,
        status=status,
        detail=detail,
        hint=hint or None,
        retry_after=retry_after,
        **more,
    )


def answer(found: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer that tells a problem."""
    every = dict(headers or {})
    if found.retry_after is not None:
        every.setdefault("Retry-After", str(max(1, round(found.retry_after))))
    document = found.model_dump(exclude_none=True)
    # what a client sent may hold halves of surrogate pairs: they are escaped, as JSON allows
    return Response(json.dumps(document).encode("ascii"), found.status, every, MEDIA_TYPE)


def of_error(error: EarmarkError, **more: Any) -> Problem:
    """Return what an error means for a client that asked for something of ours."""
    match error:
        case NotFound():
            status = 404
        case Conflict():
            status = 409
        case OptionError():
            status = 422
        case TransientError():
            status = 503
        case _:
            status = 500
    return _told(status, error, **more)


def of_source_error(error: EarmarkError) -> Problem:
    """Return what an error means for a client that gave an address to look at."""
    match error:
        case TooSlow():
            status = 504
        case NetworkError():
            status = 502
        case TransientError():
            status = 503
        case PermanentError():
            status = 422
        case _:
            status = 500
    return _told(status, error)


def _told(status: int, error: EarmarkError, **more: Any) -> Problem:
    wait: float | None = None
    if isinstance(error, TransientError):
        wait = error.retry_after if error.retry_after is not None else RETRY_AFTER
    detail, hint = error.message, error.hint
    if isinstance(error, LedgerUnavailable):  # its text names places of the server
        detail, hint = "The ledger cannot be used right now.", "Try again later; submitting again is harmless."
    elif isinstance(error, StorageFull):
        detail, hint = "The server has no room left.", "Try again later."
    return problem(status, _kind(error), detail, hint=hint, retry_after=wait, **more)


def busy(detail: str) -> Problem:
    """Return what it means that the server has as much to do as it can."""
    return problem(503, "busy", detail, hint="Try again soon.", retry_after=RETRY_AFTER)


def of_faults(faults: Sequence[Mapping[str, Any]]) -> Problem:
    """Return what pydantic's errors mean, without what was sent."""
    found = [Fault(place=".".join(_plain(part) for part in fault["loc"]), detail=_plain(fault["msg"])) for fault in faults[:50]]
    text = "; ".join(f"{fault.place}: {fault.detail}" for fault in found[:3])
    return problem(422, "invalid-request", text, hint="Compare the request with /openapi.json.", errors=found)


def _plain(part: object) -> str:
    return str(part)[:200].encode("utf-8", "replace").decode("utf-8")


def _kind(error: EarmarkError) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()


# ------------------------------------------------------------------ how the API's description tells of them

_MEANINGS = {
    400: "The request cannot be read.",
    401: "No token, or a wrong or revoked one.",
    403: "A page of another site asked for a change, or a feed key is for another show.",
    404: "There is no such thing.",
    405: "The path knows other methods.",
    406: "No format of the transcript is one that was asked for; `hint` lists them.",
    408: "The body took too long to arrive.",
    409: "It does not go with what was asked before, or the same request is still being worked on.",
    413: "The body is too large.",
    416: "The file has none of the bytes that `Range` asks for; `Content-Range` says how many it has.",
    421: "The server is not known by the name in `Host`.",
    422: "The request, or the source that it names, cannot be used; `detail` says why.",
    500: "Something unforeseen happened; the server's log has the details.",
    502: "The source's server failed.",
    503: "The ledger cannot be used, or the server is busy. Try again after `Retry-After`.",
    504: "The source's server was too slow.",
}

_ALWAYS = (401, 421, 422, 500, 503)
_CHANGING = (400, 403, 408, 413)

Responses = dict[int | str, dict[str, Any]]


def documented(*statuses: int, changing: bool = False, token: bool = True) -> Responses:
    """Return the descriptions of a route's problems: those of every route, those of `changing` ones, and its own."""
    every = sorted({*_ALWAYS, *(_CHANGING if changing else ()), *statuses} - (set() if token else {401}))
    return {status: _described(status) for status in every}


def _described(status: int) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if status == 401:
        headers = {"WWW-Authenticate": {"description": "`Bearer`.", "schema": {"type": "string"}}}
    if status in {502, 503, 504}:
        headers = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}}}
    described: dict[str, Any] = {
        "description": _MEANINGS[status],
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    return described | ({"headers": headers} if headers else {})
