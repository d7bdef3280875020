"""`earmark serve`: the HTTP API and the pages."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
import uvicorn

from service.api.access import Access
from service.api.app import make_app, make_context
from service.api.context import Context
from service.console import errors
from storage.errors import OptionError
from worker.app import open_desk
from worker.settings import Settings

GRACE_SECONDS = 15
"""How long requests may take to end once the server is told to stop."""

_BACKLOG = 512
"""Connections that may wait to be accepted."""


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; off the loopback, every request needs a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    require_token: Annotated[bool, typer.Option("--require-token", help="Ask for a token on the loopback, too.")] = False,
) -> None:
    """Offer the HTTP API and the pages: submit episodes, follow them, read, hear and search transcripts.

    The API is described at /openapi.json, the pages begin at /. Tokens are made with `earmark token create NAME`. Workers do
    what is submitted.
    """
    settings = Settings()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    with listening(host, port) as listener, open_desk(settings) as desk:
        access = Access(host=host, names=settings.api_hosts, require_token=require_token)
        context = make_context(desk, settings, desk.tools.fetcher, access)
        _say_hello(context, listener)
        with contextlib.suppress(KeyboardInterrupt):  # SIGINT and SIGTERM end a server, and are no accident
            Server(context).run(sockets=[listener])


class Server(uvicorn.Server):
    """A server that ends its streams before it waits for requests to end."""

    def __init__(self, context: Context) -> None:
        self._context = context
        config = uvicorn.Config(
            make_app(context),
            access_log=False,
            log_config=None,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            ws="none",
        )
        super().__init__(config)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: tell the streams, take no more requests, and let the others end."""
        self._context.stopping.set()
        await super().shutdown(sockets)


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Listen before anything else is done, so that a port that is taken is said at once."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        opened = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        # asyncio sends small answers at once only by sockets that say they are TCP; others wait 40 ms for the client's word
        listener = socket.socket(opened.family, opened.type, socket.IPPROTO_TCP, fileno=opened.detach())
    except OSError as error:
        raise OptionError(
            f"The server cannot listen on {host}:{port}: {error.strerror or error}.", hint="Choose another."
        ) from error
    with listener:
        yield listener


def _say_hello(context: Context, listener: socket.socket) -> None:
    access, port = context.access, listener.getsockname()[1]
    host = f"[{access.host}]" if ":" in access.host else access.host
    needed = "every request needs a token" if access.tokens_needed else "no token is needed from this machine"
    greeting = f"The API listens on http://{host}:{port}/v1, pages are at http://{host}:{port}/; {needed}."
    errors.print(greeting, markup=False, highlight=False, soft_wrap=True)
    if access.tokens_needed and not context.tokens.list(limit=1).items:
        errors.print("There is no token yet: make one with `earmark token create NAME`.", markup=False, style="yellow")
