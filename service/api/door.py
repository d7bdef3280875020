"""The door of the API: who is let in, before anything is parsed or looked up, and how much they may bring."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from anyio import to_thread
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.access import SAFE_METHODS, bearer
from service.api.context import Context
from service.api.problems import Problem, ProblemError, answer, busy, of_error, problem
from storage.errors import EarmarkError

MAX_BODY = 1 << 20
"""Largest body of a request, in bytes."""

BODY_SECONDS = 30.0
"""Longest time that a body may take to arrive."""

LINGER_BYTES, LINGER_SECONDS = 8 << 20, 5.0
"""How much of a body that is too large is still read, and for how long, so that its sender hears why it is refused."""


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
            await answer(refused.problem, refused.headers)(scope, receive, send)
            return
        except EarmarkError as error:
            await answer(of_error(error))(scope, receive, send)
            return
        except PoolTimeout:
            await answer(busy("The ledger is busy."))(scope, receive, send)
            return
        await self._app(scope, let_in, send)

    async def _look(self, scope: Scope) -> None:
        access, headers = self._context.access, Headers(scope=scope)
        if not access.knows(headers.get("host")):
            text = "This server is not known by the name in the Host header."
            raise ProblemError(problem(421, "unknown-host", text, hint="Use localhost, or set EARMARK_API_HOSTS."))
        scope["earmark.client"] = ""
        if access.tokens_needed and not access.is_open(scope["path"]):
            scope["earmark.client"] = await self._client(headers.getlist("authorization"))
        own = access.is_own_page(
            origin=headers.get("origin"),
            site=headers.get("sec-fetch-site"),
            host=headers.get("host"),
            scheme=scope.get("scheme", "http"),
        )
        if scope["method"] not in SAFE_METHODS and not own:
            raise ProblemError(problem(403, "foreign-page", "A page of another site cannot change anything here."))

    async def _client(self, authorization: Sequence[str]) -> str:
        """Return the id of the token that was shown."""
        token = bearer(authorization[0]) if len(authorization) == 1 else None
        if token is None:
            raise _unauthorized("A token is needed.", 'Bearer realm="earmark"')
        check = self._context.tokens.check
        known = await to_thread.run_sync(lambda: check(token), limiter=self._context.threads.door)
        if known is None:
            raise _unauthorized("The token is wrong or was revoked.", 'Bearer realm="earmark", error="invalid_token"')
        return known.id


def _unauthorized(detail: str, challenge: str) -> ProblemError:
    hint = "Send `Authorization: Bearer TOKEN`; `earmark token create NAME` on the server makes one."
    return ProblemError(problem(401, "unauthorized", detail, hint=hint), {"WWW-Authenticate": challenge})


async def _body(scope: Scope, receive: Receive) -> bytes:
    """Read the body of a request, however it comes, as far as it may go."""
    told = Headers(scope=scope).get("content-length", "0")
    if not (told.isascii() and told.isdecimal()) or int(told[:20]) > MAX_BODY:
        await _let_it_end(receive)
        raise _too_large()
    pieces: list[bytes] = []
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ProblemError(problem(400, "cut-off", "The body was cut off."))
                pieces.append(message.get("body", b""))
                if sum(map(len, pieces)) > MAX_BODY:
                    await _let_it_end(receive)
                    raise _too_large()
                if not message.get("more_body", False):
                    return b"".join(pieces)
    except TimeoutError:
        slow: Problem = problem(408, "too-slow", f"The body took longer than {BODY_SECONDS:.0f} s to arrive.")
        raise ProblemError(slow, {"Connection": "close"}) from None


async def _let_it_end(receive: Receive) -> None:
    """Read on for a while and throw it away: who is still writing when the connection closes never reads the answer."""
    thrown = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while thrown < LINGER_BYTES:
                message = await receive()
                thrown += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return


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
