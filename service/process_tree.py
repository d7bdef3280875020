"""A tree of processes that stand and fall together: started in order, restarted when they die, stopped rank by rank.

Each child leads a process group of its own, so that Ctrl-C in a terminal reaches the head alone, which then stops them in
order. If the head is killed, the kernel and a reaper end the children (`worker/tied.py`, `service/reaper.py`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import service.reaper
import worker.tied
from service.reaper import end_groups, send
from storage.errors import KeepsDying

BACKOFF = 0.5
"""Seconds before the first restart; each further one in a row waits twice as long."""

LONGEST_BACKOFF = 10.0

MAX_DEATHS = 5
DEATHS_WITHIN = 60.0
"""A child that dies so often within so many seconds is not started any more."""

_LAST_WORDS = 10
"""Lines of a child's output that are kept, to say why it died."""

Say = Callable[[str, str], None]
"""Told the name of a child and a line of its output."""


@dataclass(frozen=True)
class Child:
    """A process of the tree."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    rank: int
    """Those of a lower rank are stopped first."""
    grace: float = 10.0
    """Seconds that it may take to end."""
    folder: Path | None = None
    """Where it runs; where the head does, if none."""


@dataclass
class _Running:
    child: Child
    process: subprocess.Popen[str]
    last_words: deque[str]
    reader: threading.Thread
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_DEATHS))
    restart_at: float | None = None
    """When it is started again, if it is dead."""


class ProcessTree:
    """The children of this process; a context manager that leaves none of them behind.

    All methods belong to one thread, the one that entered: on Linux a child is bound to the thread that started it. What is
    `held` (descriptors of locks) stays open until the last child has ended, even if this process is killed.
    """

    def __init__(
        self, say: Say, *, held: Sequence[int] = (), backoff: float = BACKOFF, deaths_within: float = DEATHS_WITHIN
    ) -> None:
        self._listener = say
        self._held = tuple(held)
        self._backoff = backoff
        self._deaths_within = deaths_within
        self._running: list[_Running] = []
        self._reaper: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.stop()
        finally:
            self._close()

    def start(self, child: Child) -> None:
        """Start a child; it is kept running from now on."""
        process, last_words, reader = self._spawn(child)
        self._running.append(_Running(child, process, last_words, reader))

    def look_after(self) -> None:
        """Restart those that died, when it is time; `KeepsDying` for one that dies again and again."""
        now = time.monotonic()
        for running in self._running:
            if running.restart_at is None and running.process.poll() is not None:
                self._mourn(running, now)
            if running.restart_at is not None and running.restart_at <= now:
                running.restart_at = None
                running.process, running.last_words, running.reader = self._spawn(running.child)

    def alive(self, name: str) -> bool:
        """Tell whether a child runs now."""
        return any(running.child.name == name and running.process.poll() is None for running in self._running)

    def stop(self) -> None:
        """Stop the children rank by rank; whoever does not end within its grace is killed with its group."""
        while self._running:
            rank = min(running.child.rank for running in self._running)
            members = [running for running in self._running if running.child.rank == rank]
            self._end(members)
            self._running = [running for running in self._running if running not in members]

    def kill(self) -> None:
        """Kill all children at once."""
        for running in self._running:
            send(running.process.pid, signal.SIGKILL)

    def _say(self, name: str, line: str) -> None:
        """Tell a line; where nobody reads it any more, the children must not get stuck for that."""
        with contextlib.suppress(OSError):
            self._listener(name, line)

    # ------------------------------------------------------------------ one child

    def _spawn(self, child: Child) -> tuple[subprocess.Popen[str], deque[str], threading.Thread]:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            [sys.executable, "-I", "-S", worker.tied.__file__, str(os.getpid()), *child.command],
            env=dict(child.environment),
            cwd=child.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
        )
        self._tell_reaper(_entry(process, child))
        last_words: deque[str] = deque(maxlen=_LAST_WORDS)
        reader = threading.Thread(target=self._read, args=(child.name, process, last_words), daemon=True)
        reader.start()
        return process, last_words, reader

    def _read(self, name: str, process: subprocess.Popen[str], last_words: deque[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                last_words.append(line.rstrip("\n"))
                self._say(name, line.rstrip("\n"))

    def _mourn(self, running: _Running, now: float) -> None:
        """A child died: what is left of its group goes too, and it is started again after a while."""
        self._bury(running)
        running.deaths.append(now)
        recent = [death for death in running.deaths if now - death <= self._deaths_within]
        how = _how(running.process.returncode)
        if len(recent) >= MAX_DEATHS:
            words = "\n".join(f"    {line}" for line in running.last_words)
            raise KeepsDying(
                f"{running.child.name} died {len(recent)} times within {self._deaths_within:.0f} s; the last time it {how}.",
                hint=f"Its last words:\n{words}" if words else "It said nothing.",
            )
        wait = min(self._backoff * 2 ** (len(recent) - 1), LONGEST_BACKOFF)
        self._say(running.child.name, f"{how}; starting it again in {wait:.1f} s")
        running.restart_at = now + wait

    def _end(self, members: Iterable[_Running]) -> None:
        threads = [threading.Thread(target=self._end_one, args=(running,)) for running in members]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for running in members:
            self._bury(running)

    def _end_one(self, running: _Running) -> None:
        """Tell a child to end and wait for it; its group is killed if it takes too long."""
        if running.process.poll() is None:
            running.process.terminate()
            try:
                running.process.wait(running.child.grace)
            except subprocess.TimeoutExpired:
                self._say(running.child.name, f"did not end within {running.child.grace:.0f} s, and is killed")
                send(running.process.pid, signal.SIGKILL)
                running.process.wait()

    def _bury(self, running: _Running) -> None:
        """See that nothing is left of a dead child's group, and read its last words."""
        end_groups([running.process.pid], 1.0)
        running.reader.join(timeout=2)
        self._tell_reaper(f"- {running.process.pid}")

    # ------------------------------------------------------------------ the reaper

    def _tell_reaper(self, line: str) -> None:
        """Tell the reaper of the tree; one that died is replaced, and told anew."""
        if self._reaper is None or self._reaper.poll() is not None:
            self._reaper = self._start_reaper()
            for running in self._running:
                self._write(_entry(running.process, running.child))
        self._write(line)

    def _write(self, line: str) -> None:
        assert self._reaper is not None
        assert self._reaper.stdin is not None
        try:
            self._reaper.stdin.write(line + "\n")
            self._reaper.stdin.flush()
        except BrokenPipeError:
            return  # replaced the next time

    def _start_reaper(self) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, "-I", "-S", service.reaper.__file__],
            pass_fds=self._held,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def _close(self) -> None:
        """Let the reaper go, which finds nothing to do."""
        if self._reaper is not None:
            assert self._reaper.stdin is not None
            self._reaper.stdin.close()
            self._reaper.wait()
            self._reaper = None


def _entry(process: subprocess.Popen[str], child: Child) -> str:
    return f"+ {process.pid} {child.rank} {child.grace}"


def _how(status: int | None) -> str:
    if status is not None and status < 0:
        return f"was killed by signal {-status}"
    return f"ended with status {status}"
