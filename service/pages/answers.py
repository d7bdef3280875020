"""Pages as answers: who wants one, what frames it, and what a browser may do with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import Scope

from service.api.negotiation import preferred
from service.pages.assets import assets
from service.pages.links import LiveLinks
from service.pages.rendering import Entry, Frame, render

NAVIGATION = (
    Entry("Shows", "/", covers=("/shows/", "/episodes/")), Entry("Search", "/search"), Entry("Submit", "/submit"),
    Entry("Jobs", "/jobs"), Entry("Feeds", "/feeds"), Entry("System", "/system"),
)  # fmt: skip
"""What every page leads to."""

_RULES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)
PAGE_POLICY = _RULES.format(ancestors="'none'")
"""What a page may do (CSP 3): nothing from elsewhere, and nothing that is written into the page itself."""

EMBED_POLICY = _RULES.format(ancestors="*")
"""The same for a page that is made to stand inside others."""

_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "Referrer-Policy": "same-origin",  # with `no-referrer`, browsers would send no usable `Origin` with our own forms
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Accept, Cookie",
}

_OF_PROGRAMS = ("/v1", "/openapi.json", "/metrics", "/healthz", "/readyz", "/static/")


def wants_page(scope: Scope) -> bool:
    """Tell whether a request is a browser's, for something that people look at."""
    path: str = scope["path"]
    if any(path == place or path.startswith(place.rstrip("/") + "/") for place in _OF_PROGRAMS):
        return False
    return preferred(Headers(scope=scope).get("accept"), ("application/json", "text/html")) == "text/html"


def live_frame(scope: Scope) -> Frame:
    """Return the frame of a page of the server."""
    path: str = scope["path"]
    here = next((entry.address for entry in NAVIGATION if path == entry.address or path.startswith(entry.places)), "")
    return Frame(
        links=LiveLinks(assets().version),
        navigation=NAVIGATION,
        here=here,
        signed_in=bool(scope.get("earmark.by_cookie")),
    )


def page(
    request: Request, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **fields: Any
) -> Response:
    """Return a rendered page; `headers` go before those of every page."""
    return dressed(render(template, live_frame(request.scope), **fields), status=status, headers=headers)


def dressed(html: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return HTML with the headers of every page."""
    # strings from outside may hold halves of surrogate pairs, which have no bytes
    content = html.encode("utf-8", "replace")
    return Response(content, status, {**_HEADERS, **(headers or {})}, "text/html; charset=utf-8")


def see(address: str) -> Response:
    """Lead to another page after a form was taken (RFC 9110, 15.4.4)."""
    return RedirectResponse(address, 303)
