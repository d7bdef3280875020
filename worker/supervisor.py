"""Child processes under a worker's eye: started, given work, told to stop, and killed as a group if they do not.

Native code can hang while it holds the interpreter, or take all memory, and then nothing inside the process helps. So the work is
done in a child, and everything that decides about it stands here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from storage.records import Lease
from worker.lines import Lines, Message
from worker.memory import resident_bytes
from worker.settings import Settings

STOP_GRACE = 5.0
"""Seconds that a child has to stop at its next sign of progress before it is killed."""

WITH_MODELS = ("asr", "diarize")
"""Kinds of children, named after the queues, that keep a model in their process; the steps of all other queues share theirs."""

_START_SECONDS = 120.0
"""Seconds that a child may take to come up on a busy machine."""


class Child:
    """One child process; it does one step at a time."""

    def __init__(self, settings: Settings) -> None:
        mine, its = socket.socketpair()
        with its:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "worker.child", str(its.fileno()), str(os.getpid())],
                pass_fds=(its.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._lines = Lines(mine)
        self._lines.send({"settings": _plain(settings)})
        self.steps = 0
        self.idle_since = time.monotonic()
        self._ready = False
        self._killed_because: str | None = None

    @property
    def pid(self) -> int:
        """The process's number, which is also its group's."""
        return self._process.pid

    def wait_until_ready(self) -> bool:
        """Wait until the child has come up; False if it did not, and is dead."""
        timer = threading.Timer(_START_SECONDS, self.kill, args=("it did not come up",))
        timer.start()
        try:
            first = self._lines.receive()
        finally:
            timer.cancel()
        self._ready = first is not None and "ready" in first
        if not self._ready:
            self._bury()
        return self._ready

    def do(
        self, lease: Lease, moved: Callable[[float, float | None], None], committed: Callable[[], None] = lambda: None
    ) -> Message:
        """Let the child do a step; return how it ended: its own word, or `{"ended": "died", "message": …}`.

        `committed` is told when the step's result is in the ledger, and only the planning is left. A child that never came up
        has not begun the step: that passes, and is no fault of it.
        """
        if not self._ready:
            return {"ended": "error", "message": f"no process came up: {self._bury()}", "transient": True, "retry_after": None}
        self.steps += 1
        self._lines.send({"work": asdict(lease)})
        while (message := self._lines.receive()) is not None:
            if "ended" in message:
                self.idle_since = time.monotonic()
                return message
            if "moved" in message:
                moved(message["moved"], message["total"])
            if "committed" in message:
                committed()
        return {"ended": "died", "message": self._bury()}

    def _bury(self) -> str:
        """Make sure that a child which says nothing more is dead; return what ended it."""
        how = self._killed_because or _how_it_ended(self._process)
        if self.alive:  # it hung up, and lives
            self.kill(how)
            self._process.wait()
        return how

    def ask_to_stop(self, token: int) -> None:
        """Ask the child to give up the step with this token."""
        self._lines.send({"stop": token})

    def kill(self, reason: str) -> None:
        """Kill the child and everything that it started."""
        self._killed_because = self._killed_because or reason
        if self.alive:  # else its number may be another's by now
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def resident_bytes(self) -> int:
        """Return the memory that the child takes."""
        return resident_bytes(self.pid)

    def end(self) -> None:
        """End the child, which has nothing to do, and wait for it."""
        self._lines.close()
        try:
            self._process.wait(STOP_GRACE)
        except subprocess.TimeoutExpired:
            self.kill("it did not end")
            self._process.wait()


class Children:
    """The children of one worker: idle ones are kept for the next step of their kind, since they hold its model."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: dict[str, list[Child]] = {}
        self._lock = threading.Lock()
        # the kernel ties a child's life to the thread that started it, so one thread starts them all and lives as long as we
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="earmark-starter")

    def take(self, kind: str) -> Child:
        """Return a child for a step of this kind; a new one if none is idle."""
        while (idle := self._idle_one(kind)) is not None:
            if idle.alive:
                return idle
            idle.end()
        child = self._starter.submit(Child, self._settings).result()
        child.wait_until_ready()
        return child

    def _idle_one(self, kind: str) -> Child | None:
        with self._lock:
            return self._idle[kind].pop() if self._idle.get(kind) else None

    def give_back(self, kind: str, child: Child) -> None:
        """Keep a child for the next step, unless it is dead, or runs models and has done its share.

        faster-whisper leaks (#660, #1055); what the others may take is capped (`Settings.max_child_bytes`).
        """
        if not child.alive or (kind in WITH_MODELS and child.steps >= self._settings.steps_per_child):
            child.end()
            return
        with self._lock:
            self._idle.setdefault(kind, []).append(child)

    def end_idle(self, *, longer_than: float | None = None) -> None:
        """End the children that have been idle for so many seconds; all of them without a number."""
        limit = time.monotonic() - (longer_than or 0.0)
        with self._lock:
            old = [(kind, child) for kind, idle in self._idle.items() for child in idle if child.idle_since <= limit]
            for kind, child in old:
                self._idle[kind].remove(child)
        for _, child in old:
            child.end()

    def close(self) -> None:
        """End all idle children."""
        self.end_idle()
        self._starter.shutdown()


def _how_it_ended(process: subprocess.Popen[Any]) -> str:
    try:
        status = process.wait(STOP_GRACE)
    except subprocess.TimeoutExpired:
        return "its process hung up"
    if status < 0:
        return f"its process was killed ({signal.Signals(-status).name})"
    return f"its process ended with status {status}"


def _plain(settings: Settings) -> dict[str, Any]:
    """Return the settings as JSON; the child is ours, so secrets go along."""
    fields = settings.model_dump(mode="json")
    return {**fields, "hf_token": settings.token}
