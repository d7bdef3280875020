"""Requests to the API: counted and timed for Prometheus, and answered with the headers that all answers carry."""

from __future__ import annotations

import logging
import time

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.paths import Paths
from service.api.problems import problem
from service.pages.told import told

_log = logging.getLogger("earmark.api")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Traffic:
    """The figures of one server's requests."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "earmark_http_requests", "Requests that were answered.", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "earmark_http_request_seconds",
            "Seconds until the answer began.",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def note(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)


class Watched:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, traffic: Traffic, paths: Paths) -> None:
        self._app = app
        self._paths = paths
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; an error that nobody explained becomes a problem, and its trace goes into the log."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def send_dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(message)
                self._traffic.note(scope["method"], self._paths.template(scope["path"]), status, time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, send_dressed)
        except Exception:
            _log.exception("%s %s", scope["method"], scope["path"])
            if status:
                raise
            found = problem(500, "unforeseen", "Something unforeseen happened.", hint="The server's log has the details.")
            await told(scope, found)(scope, receive, send_dressed)


def _dress(message: Message) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
