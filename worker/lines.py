"""Messages between a worker and its child: one JSON object a line over a socket, so that nothing is ever unpickled."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from typing import Any

Message = dict[str, Any]


class Lines:
    """One end of a connection; any thread may send, one receives."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._reader = end.makefile("rb")
        self._sending = threading.Lock()

    def send(self, message: Message) -> bool:
        """Send a message; False if nobody is there any more."""
        data = json.dumps(message, ensure_ascii=False).encode() + b"\n"
        try:
            with self._sending:
                self._end.sendall(data)
        except OSError:
            return False
        return True

    def receive(self) -> Message | None:
        """Wait for the next message; none when the other side is gone, or says what is no message."""
        try:
            line = self._reader.readline()
        except OSError:
            return None
        if not line.endswith(b"\n"):  # cut off in the middle of a message
            return None
        try:
            message = json.loads(line)
        except ValueError:
            return None
        return message if isinstance(message, dict) else None

    def close(self) -> None:
        """Hang up; whoever waits on either side is told."""
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)
        self._reader.close()
        self._end.close()
