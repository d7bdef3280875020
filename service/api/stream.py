"""Server-sent events: a response that is written as things happen (the HTML standard, 9.2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from fastapi import Response
from starlette.types import Receive, Scope, Send

SEND_SECONDS = 30.0
"""How long a client may take to read what it was sent before the stream is given up."""

MOST_STREAMS = 64
"""Streams that one server keeps at once."""

HEARTBEAT = ": still here\n\n"


class Slots:
    """So many streams may be open at once; used from the event loop alone."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self.free = most

    def acquire(self) -> bool:
        """Take a place; False if there is none."""
        if self.free <= 0:
            return False
        self.free -= 1
        return True

    def release(self) -> None:
        """Give a place back."""
        self.free += 1


class EventStream(Response):
    """A response that ends with its events, or when the client goes away or stops reading."""

    def __init__(self, events: AsyncGenerator[str], *, on_end: Callable[[], None]) -> None:
        super().__init__(media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send one event after another."""
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._send_all(receive, send)
        finally:
            self._on_end()

    async def _send_all(self, receive: Receive, send: Send) -> None:
        writing = asyncio.create_task(self._write(send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (writing, leaving):
                task.cancel()
            written, _ = await asyncio.gather(writing, leaving, return_exceptions=True)
        if isinstance(written, Exception) and not isinstance(written, TimeoutError):
            raise written

    async def _write(self, send: Send) -> None:
        async with aclosing(self._events) as events:
            async for text in events:
                await _sent(send, text.encode(), more=True)
        await _sent(send, b"", more=False)


def event(kind: str, data: object, *, number: int | None = None) -> str:
    """Return one event as it is sent; only those with a number are remembered by the client."""
    place = f"id: {number}\n" if number is not None else ""
    return f"{place}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _sent(send: Send, body: bytes, *, more: bool) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send({"type": "http.response.body", "body": body, "more_body": more})
