"""Signing in: a browser shows a token once, and keeps it in a cookie that no script and no other site can use.

The cookie is `SameSite=Strict`: a browser that follows a link from another site does not send it. So whoever is signed in already
and comes from elsewhere is asked to go on by a link of our own, which does.
"""

from __future__ import annotations

import re
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import Headers
from starlette.types import Scope

from service.api.context import Here
from service.pages.answers import page, see
from service.pages.cookies import COOKIE, SECURE_COOKIE, token_in_cookie
from service.pages.forms import Posted

router = APIRouter(include_in_schema=False)

LONGEST_SECONDS = 90 * 24 * 3600
"""How long a browser keeps the token."""

_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,2000}")
"""A place of this server: an address that begins with two slashes, or with a slash and a backslash, leads elsewhere."""

Next = Annotated[str, Query(alias="next", max_length=2100)]


@router.get("/sign-in")
def ask(request: Request, here: Here, wanted: Next = "/") -> Response:
    """Ask for a token; whoever needs none is let through."""
    if not here.access.tokens_needed or _known(request, here):
        return see(own_path(wanted))
    return page(request, "sign_in.html", wanted=own_path(wanted), wrong=False, followed=_followed_a_link(request.scope))


@router.post("/sign-in")
async def sign_in(request: Request, here: Here, form: Posted) -> Response:
    """Take a token, and keep it in the browser if it is one."""
    wanted, token = own_path(form.text("next")), form.text("token")
    check = here.tokens.check
    if await to_thread.run_sync(lambda: check(token), limiter=here.threads.door) is None:
        challenge = {"WWW-Authenticate": 'Bearer realm="earmark", error="invalid_token"'}
        return page(request, "sign_in.html", status=401, headers=challenge, wanted=wanted, wrong=True, followed=False)
    answer = see(wanted)
    secure = _over_tls(request)
    answer.set_cookie(
        SECURE_COOKIE if secure else COOKIE, token, max_age=LONGEST_SECONDS, secure=secure, httponly=True, samesite="strict"
    )
    return answer


@router.post("/sign-out")
async def sign_out() -> Response:
    """Forget the token in the browser; it stays valid elsewhere."""
    answer = see("/sign-in")
    for name in (COOKIE, SECURE_COOKIE):
        answer.delete_cookie(name, secure=name == SECURE_COOKIE, httponly=True, samesite="strict")
    return answer


def own_path(wanted: str) -> str:
    """Return where to go on, if that is a place of this server; the first page otherwise."""
    return wanted if _OWN_PATH.fullmatch(wanted) else "/"


def _known(request: Request, here: Here) -> bool:
    token = token_in_cookie(request.headers)
    return token is not None and here.tokens.check(token) is not None


def _followed_a_link(scope: Scope) -> bool:
    return Headers(scope=scope).get("sec-fetch-site") == "cross-site"


def _over_tls(request: Request) -> bool:
    """Tell whether the browser has the page over TLS, also where a proxy takes that off: the origin is what the browser sees."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")
