"""What native code does at its worst, done on purpose, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys

import psutil
import pytest

from jobs.engines.faults import commit
from tests.yard import REPOSITORY, wait_for


def begin(fault: str, *, first: str = "") -> subprocess.Popen[bytes]:
    """Commit a fault in a process; it says when it is about to."""
    then = f"print('now', flush=True); commit({fault!r}); print('over', flush=True)"
    code = f"from jobs.engines.faults import commit\n{first}\n{then}"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=REPOSITORY)
    assert process.stdout is not None
    assert process.stdout.readline() == b"now\n"
    return process


def test_no_fault_does_nothing() -> None:
    """The script without a fault."""
    commit("none")


def test_dying_is_a_death_by_a_signal() -> None:
    """Nothing is cleaned up."""
    process = begin("die")
    assert process.communicate(timeout=60)[0] == b""
    assert process.returncode == -signal.SIGKILL


def test_a_hang_holds_the_interpreter_so_that_no_other_thread_runs() -> None:
    """A thread that would end the process in a moment does not come to it; only a kill helps."""
    watcher = "import os, threading; threading.Timer(0.5, os._exit, args=(3,)).start()"
    process = begin("hang", first=watcher)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == -signal.SIGKILL


def test_eating_takes_more_memory_all_the_time() -> None:
    """Until somebody stops it."""
    process = begin("eat")
    watched = psutil.Process(process.pid)
    wait_for(lambda: watched.memory_info().rss > 300_000_000, what="300 MB")
    process.kill()
    process.communicate()


def test_raising_is_what_nobody_expects() -> None:
    """No error of ours."""
    with pytest.raises(ArithmeticError, match="a fault that a test asked for"):
        commit("raise")
