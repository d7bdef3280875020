"""The door of the API: who is let in, before anything is parsed or looked up, and how much they may bring."""

from __future__ import annotations

import asyncio
import functools

from anyio import to_thread
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.access import SAFE_METHODS, SHARED_PATH, bearer, feed_key
from service.api.context import Context
from service.api.feed_keys import opened_by
from service.api.problems import Problem, ProblemError, busy, of_error, problem
from service.pages.cookies import token_in_cookie
from service.pages.told import told
from storage.errors import EarmarkError

MAX_BODY = 1 << 20
"""Largest body of a request, in bytes."""

MOST_DISCARDED = 16 << 20
"""Bytes of a body that are read though it is too large: a client that still writes would not see the answer."""

BODY_SECONDS = 30.0
"""Longest time that a body may take to arrive."""


class Door:
    """ASGI middleware that lets in whoever may ask."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            await self._look(scope)
            let_in = receive if scope["method"] in SAFE_METHODS else _replayed(await _body(scope, receive), receive)
        except ProblemError as refused:
            await told(scope, refused.problem, refused.headers)(scope, receive, send)
            return
        except EarmarkError as error:
            await told(scope, of_error(error))(scope, receive, send)
            return
        except PoolTimeout:
            await told(scope, busy("The ledger is busy."))(scope, receive, send)
            return
        await self._app(scope, let_in, send)

    async def _look(self, scope: Scope) -> None:
        access, headers = self._context.access, Headers(scope=scope)
        if not access.knows(headers.get("host")):
            text = "This server is not known by the name in the Host header."
            raise ProblemError(problem(421, "unknown-host", text, hint="Use localhost, or set EARMARK_API_HOSTS."))
        scope["earmark.client"], scope["earmark.by_cookie"] = "", False
        if access.tokens_needed and not access.is_open(scope["path"]):
            scope["earmark.client"], scope["earmark.by_cookie"] = await self._client(scope, headers)
        own = access.is_own_page(
            origin=headers.get("origin"),
            site=headers.get("sec-fetch-site"),
            host=headers.get("host"),
            scheme=scope.get("scheme", "http"),
        )
        # what a browser sends along by itself proves nobody's wish; every browser that has such a cookie says where it comes from
        silent = scope["earmark.by_cookie"] and headers.get("origin") is None and headers.get("sec-fetch-site") is None
        if scope["method"] not in SAFE_METHODS and (silent or not own):
            raise ProblemError(problem(403, "foreign-page", "A page of another site cannot change anything here."))

    async def _client(self, scope: Scope, headers: Headers) -> tuple[str, bool]:
        """Return the id of the token that was shown, or of the feed key in an address, and whether a browser keeps it."""
        shown = headers.getlist("authorization")
        shared = SHARED_PATH.fullmatch(scope["path"]) if scope["method"] in {"GET", "HEAD"} else None
        if shared is not None and not shown and (key := feed_key(scope["query_string"].decode("latin-1"))) is not None:
            opens = functools.partial(opened_by, self._context, key, shared)
            return await to_thread.run_sync(opens, limiter=self._context.threads.door), False
        kept = token_in_cookie(headers) if not shown else None
        token = bearer(shown[0]) if len(shown) == 1 else kept
        if token is None:
            raise _unauthorized("A token is needed.", 'Bearer realm="earmark"')
        check = self._context.tokens.check
        known = await to_thread.run_sync(lambda: check(token), limiter=self._context.threads.door)
        if known is None:
            raise _unauthorized("The token is wrong or was revoked.", 'Bearer realm="earmark", error="invalid_token"')
        return known.id, kept is not None


def _unauthorized(detail: str, challenge: str) -> ProblemError:
    hint = "Send `Authorization: Bearer TOKEN`; `earmark token create NAME` on the server makes one."
    return ProblemError(problem(401, "unauthorized", detail, hint=hint), {"WWW-Authenticate": challenge})


async def _body(scope: Scope, receive: Receive) -> bytes:
    """Read the body of a request, however it comes, as far as it may go."""
    told = Headers(scope=scope).get("content-length", "0")
    if not (told.isascii() and told.isdecimal()) or int(told[:20]) > MOST_DISCARDED:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive)
    except TimeoutError:
        slow: Problem = problem(408, "too-slow", f"The body took longer than {BODY_SECONDS:.0f} s to arrive.")
        raise ProblemError(slow, {"Connection": "close"}) from None


async def _read(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ProblemError(problem(400, "cut-off", "The body was cut off."))
        size += len(message.get("body", b""))
        if size <= MAX_BODY:
            pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
        if size > MOST_DISCARDED or (size > MAX_BODY and not more):
            raise _too_large()
        if not more:
            return b"".join(pieces)


def _too_large() -> ProblemError:
    told = problem(413, "too-large", f"The body is larger than {MAX_BODY} bytes.", hint="Ask for less at once.")
    return ProblemError(told, {"Connection": "close"})


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Hand out a body that was read already, and then what the connection says."""
    first = True

    async def replay() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay
