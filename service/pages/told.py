"""What goes wrong, as a page for people and as a problem for programs."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Response
from starlette.types import Scope

from service.api.access import SAFE_METHODS
from service.api.problems import Problem, answer
from service.pages.answers import dressed, live_frame, see, wants_page
from service.pages.rendering import render


def told(scope: Scope, found: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer that tells a problem, to whoever asked; people without a token are led to where they sign in."""
    if not wants_page(scope):
        return answer(found, headers)
    if found.status == 401 and scope["method"] in SAFE_METHODS:
        query = scope["query_string"].decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "")
        return see(f"/sign-in?{urlencode({'next': wanted})}" if wanted != "/" else "/sign-in")
    every = dict(headers or {})
    if found.retry_after is not None:
        every.setdefault("Retry-After", str(max(1, round(found.retry_after))))
    return dressed(render("problem.html", live_frame(scope), problem=found), status=found.status, headers=every)
