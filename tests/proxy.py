"""A TCP proxy on the loopback that misbehaves on demand: resets, swallows everything, or is slow."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self

_RESET = struct.pack("ii", 1, 0)


class FlakyProxy:
    """Passes connections to `port` on to `target`; a context manager."""

    def __init__(self, port: int, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", port))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._silent: set[socket.socket] = set()
        self._slow = 0.0
        self._refusing = False
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        self._listener.close()
        self.reset()

    def reset(self) -> None:
        """Break every connection with a reset."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for end in (end for pair in pairs for end in pair):
            with contextlib.suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.close()

    def go_silent(self) -> None:
        """Keep the connections that there are open, and pass nothing on them any more, for ever: half open."""
        with self._lock:
            self._silent.update(end for pair in self._pairs for end in pair)

    def be_slow(self, seconds: float = 0.3) -> None:
        """Let everything that is passed on wait."""
        self._slow = seconds

    def be_well(self) -> None:
        """Pass new connections on as they come; half-open ones stay half open."""
        self._slow = 0.0

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                continue
            with self._lock:
                self._pairs.append((near, far))
            threading.Thread(target=self._pass_on, args=(near, far), daemon=True).start()

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        with selectors.DefaultSelector() as waiting, contextlib.suppress(OSError, ValueError):
            waiting.register(near, selectors.EVENT_READ, far)
            waiting.register(far, selectors.EVENT_READ, near)
            while not self._ended.is_set():
                for key, _ in waiting.select(timeout=0.5):
                    data = key.fileobj.recv(65536)  # type: ignore[union-attr]
                    if not data:
                        near.close()
                        far.close()
                        return
                    if self._slow:
                        time.sleep(self._slow)
                    if near not in self._silent:
                        key.data.sendall(data)
        for end in (near, far):
            with contextlib.suppress(OSError):
                end.close()
