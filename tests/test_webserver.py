"""The loopback server that other tests lean on."""

from __future__ import annotations

import socket

import httpx
import pytest

from tests.webserver import Canary, Reply, WebServer, redirect


def test_answers_ranges_and_conditional_requests(webserver: WebServer) -> None:
    """Bytes are served with an ETag; a Range gives 206, a matching If-None-Match 304."""
    webserver.routes["/a"] = b"0123456789"
    with httpx.Client(trust_env=False) as client:
        whole = client.get(webserver.url("/a"))
        tag = whole.headers["etag"]
        part = client.get(webserver.url("/a"), headers={"Range": "bytes=7-", "If-Range": tag})
        stale = client.get(webserver.url("/a"), headers={"Range": "bytes=7-", "If-Range": '"other"'})
        same = client.get(webserver.url("/a"), headers={"If-None-Match": tag})
        beyond = client.get(webserver.url("/a"), headers={"Range": "bytes=10-"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"789", "bytes 7-9/10")
    assert (stale.status_code, stale.content) == (200, b"0123456789")
    assert (same.status_code, beyond.status_code) == (304, 416)
    assert webserver.requests[1].headers["range"] == "bytes=7-"


def test_gives_scripted_answers_in_turn_and_drops_connections(webserver: WebServer) -> None:
    """A list of answers is used up one by one; the last one repeats."""
    webserver.routes["/b"] = [Reply(b"x" * 100, drop_after=40), redirect("/c")]
    with httpx.Client(trust_env=False) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(webserver.url("/b"))
        answers = [client.get(webserver.url("/b")) for _ in range(2)]
    assert [(a.status_code, a.headers["location"]) for a in answers] == [(302, "/c")] * 2
    assert len(webserver.asked("/b")) == 3


def test_canary_notices_a_connection(canary: Canary) -> None:
    """The canary is quiet until somebody connects."""
    assert not canary.touched
    with socket.create_connection(("127.0.0.1", canary.port)):
        assert canary.touched
