"""A real HTTP server on the loopback whose every answer a test can script.

webserver.routes["/episode.mp3"] = audio                       # bytes: 200, an ETag, ranges, conditional requests
webserver.routes["/gone"] = Reply(status=410)                  # any other answer
webserver.routes["/flaky"] = [Reply(audio, drop_after=700), audio]   # one after another; the last one repeats
webserver.routes["/mirror"] = lambda request: Reply(request.headers["user-agent"].encode())
webserver.url("/episode.mp3")                                  # http://127.0.0.1:PORT/episode.mp3
webserver.requests[0].headers["range"]                         # what it was asked

Leaving the `with` block ends every connection and joins every thread.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Request:
    """One request as the server read it; header names are in lower case."""

    method: str
    path: str
    """With the query, as sent."""
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """One answer; the fields below the first three misbehave on purpose."""

    body: bytes | Iterable[bytes] = b""
    """An iterable is sent as it comes, ended by closing the connection unless `headers` give a length."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    """Added to, or in place of, those that the server would send; an empty value leaves one out."""
    ranges: bool = True
    """Answer Range, If-Range and If-None-Match for a 200 with bytes."""
    drop_after: int | None = None
    """Close the connection after so many bytes of this body."""
    drip: tuple[int, float] | None = None
    """Send so many bytes, wait so many seconds, and so on."""
    raw: Iterable[bytes] | None = None
    """Sent on the wire instead of everything else, status line and headers included."""


Route = bytes | Reply | Callable[[Request], "bytes | Reply"]


def redirect(location: str, status: int = 302) -> Reply:
    """Answer with a redirect to `location`."""
    return Reply(status=status, headers={"Location": location})


class WebServer:
    """The server, its routes, and everything that it was asked."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, Route | list[Route]] = {}
        """By path, without the query; a list gives its answers one after another."""
        self.requests: list[Request] = []
        self.connections = 0
        """How many connections were accepted, answered or not."""
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._scheme = "https" if tls else "http"
        self._server = _Listener(self, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def port(self) -> int:
        """The port that the system chose."""
        return int(self._server.server_address[1])

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        """Return the address of `path` on this server."""
        return f"{self._scheme}://{host}:{self.port}{path}"

    def asked(self, path: str) -> list[Request]:
        """Return the requests for one path, in order."""
        return [request for request in self.requests if request.path.partition("?")[0] == path]

    def answer(self, request: Request) -> Reply:
        """Log the request and choose its answer."""
        with self._lock:
            self.requests.append(request)
            route = self.routes.get(request.path.partition("?")[0], Reply(b"no such page", status=404))
            if isinstance(route, list):
                route = route.pop(0) if len(route) > 1 else route[0]
        reply = route(request) if callable(route) else route
        return reply if isinstance(reply, Reply) else Reply(reply)

    def opened(self, connection: socket.socket) -> None:
        """Remember a connection, to end it when the server stops."""
        with self._lock:
            self._open.add(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._open.discard(connection)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stopping.set()
        self._server.shutdown()
        with self._lock:
            left = list(self._open)
        for connection in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join()


class Canary:
    """A port that must see no connection; `touched` says whether it did."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self._listener = socket.create_server((host, 0))
        self.port = int(self._listener.getsockname()[1])

    @property
    def touched(self) -> bool:
        """Whether anyone connected: a finished connection waits in the backlog, so there is no race."""
        return bool(select.select([self._listener], [], [], 0)[0])

    def url(self, path: str = "/", *, host: str | None = None) -> str:
        """Return an address that leads here, under another name of this host if given."""
        return f"http://{host or self.host}:{self.port}{path}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._listener.close()


class _Listener(ThreadingHTTPServer):
    daemon_threads = False  # joined by server_close(), so that no socket outlives the test
    request_queue_size = 64

    def __init__(self, owner: WebServer, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner
        self.tls = tls

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        connection, address = super().get_request()
        self.owner.connections += 1
        self.owner.opened(connection)
        return connection, address

    def finish_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        assert isinstance(request, socket.socket)
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        with self.tls.wrap_socket(request, server_side=True) as secured:
            self.owner.opened(secured)
            super().finish_request(secured, client_address)
            self.owner.closed(secured)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        assert isinstance(request, socket.socket)
        self.owner.closed(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet: a client that hangs up is part of many tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay quiet."""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        reply = self.server.owner.answer(request)
        if reply.raw is not None:
            self._send_raw(reply.raw)
        elif isinstance(reply.body, bytes):
            self._send_bytes(request, reply, reply.body)
        else:
            self._send_stream(reply, reply.body)

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - the base class's names

    def _send_raw(self, pieces: Iterable[bytes]) -> None:
        self.close_connection = True
        self._write(pieces)

    def _send_stream(self, reply: Reply, pieces: Iterable[bytes]) -> None:
        self.close_connection = True
        self._send_head(reply.status, {"Connection": "close", **reply.headers})
        self._write(pieces)

    def _send_bytes(self, request: Request, reply: Reply, body: bytes) -> None:
        status, headers = reply.status, dict(reply.headers)
        if reply.ranges and status == 200:
            headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"', "Accept-Ranges": "bytes", **headers}
            status, headers, body = _conditional(request, headers, body)
        if status != 304:
            headers = {"Content-Length": str(len(body)), **headers}
        if request.method == "HEAD":
            body = b""
        cut = reply.drop_after is not None and reply.drop_after < len(body)
        self._send_head(status, headers)
        body = body[: reply.drop_after] if cut else body
        self._write(self._drip(body, *reply.drip) if reply.drip else [body])
        if cut:
            self.close_connection = True

    def _send_head(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if value:
                self.send_header(name, value)
        self.end_headers()

    def _drip(self, body: bytes, step: int, seconds: float) -> Iterator[bytes]:
        for at in range(0, len(body), step):
            yield body[at : at + step]
            if self.server.owner.stopping.wait(seconds):
                return

    def _write(self, pieces: Iterable[bytes]) -> None:
        try:
            for piece in pieces:
                self.wfile.write(piece)
                if self.server.owner.stopping.is_set():
                    break
        except OSError:
            self.close_connection = True


def _conditional(request: Request, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    """Answer If-None-Match with 304 and Range (with If-Range) with 206 or 416."""
    tag = headers.get("ETag", "")
    if tag and request.headers.get("if-none-match") == tag:
        return 304, headers, b""
    wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
    if wanted is None or request.headers.get("if-range", tag) not in {tag, headers.get("Last-Modified")}:
        return 200, headers, body
    first = int(wanted[1])
    last = min(int(wanted[2]) if wanted[2] else len(body) - 1, len(body) - 1)
    if first > last:
        return 416, {**headers, "Content-Range": f"bytes */{len(body)}"}, b""
    return 206, {**headers, "Content-Range": f"bytes {first}-{last}/{len(body)}"}, body[first : last + 1]
