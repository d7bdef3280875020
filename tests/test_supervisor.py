"""Children under a worker's eye: real processes that end, die, hang up, or say what they should not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from storage.records import Lease
from tests.puppets import Puppets
from tests.yard import wait_for
from worker.settings import Settings
from worker.supervisor import Child, Children

LEASE = Lease("job", "transcribe", 0, "anna", 1, 0.0)


def nothing(_done: float, _total: float | None) -> None:
    """Take no note."""


@pytest.fixture
def puppets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Puppets:
    """Decide what children do."""
    return Puppets(tmp_path, monkeypatch)


@pytest.fixture
def children(tmp_path: Path, puppets: Puppets) -> Iterator[Children]:
    """Lend the children of a worker; none is left behind."""
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    lent = Children(Settings(data_dir=tmp_path / "data", steps_per_child=3))
    yield lent
    lent.close()
    left = {process.pid for process in psutil.Process().children(recursive=True)} - before
    assert left == set()


def open_files() -> int:
    """Return how many descriptors this process has."""
    return psutil.Process().num_fds()


def test_a_child_does_a_step_and_tells_of_its_progress(children: Children) -> None:
    """How it ended is its own word."""
    child = children.take("asr")
    moves: list[tuple[float, float | None]] = []
    assert child.do(LEASE, lambda done, total: moves.append((done, total))) == {"ended": "done", "hints": []}
    assert moves == [(1.5, 3.0)]
    assert child.resident_bytes() > 1_000_000
    children.give_back("asr", child)


def test_an_idle_child_is_kept_for_its_kind(children: Children) -> None:
    """It holds a model that another kind has no use for."""
    first = children.take("asr")
    children.give_back("asr", first)
    other = children.take("diarize")
    assert other is not first
    assert children.take("asr") is first
    children.give_back("asr", first)
    children.give_back("diarize", other)


def test_a_child_that_has_done_its_share_is_replaced(children: Children) -> None:
    """What leaks does not leak for ever."""
    first = children.take("asr")
    for _ in range(3):
        first.do(LEASE, nothing)
    children.give_back("asr", first)
    assert not first.alive
    second = children.take("asr")
    assert second is not first
    children.give_back("asr", second)


def test_a_child_that_is_killed_says_by_what(children: Children, puppets: Puppets) -> None:
    """The step's reason names the signal."""
    puppets.do("ready", "dies")
    child = children.take("asr")
    assert child.do(LEASE, nothing) == {"ended": "died", "message": "its process was killed (SIGKILL)"}
    children.give_back("asr", child)


def test_a_child_that_we_kill_says_why(children: Children, puppets: Puppets) -> None:
    """The first reason is the one."""
    puppets.do("ready", "works")
    child = children.take("asr")

    def moved(_done: float, _total: float | None) -> None:
        child.kill("it took too much memory")
        child.kill("it is dead anyway")

    assert child.do(LEASE, moved) == {"ended": "died", "message": "it took too much memory"}
    children.give_back("asr", child)


def test_a_child_stops_when_it_is_asked_to(children: Children, puppets: Puppets) -> None:
    """And can be given the next step."""
    puppets.do("ready", "works")
    child = children.take("asr")
    assert child.do(LEASE, lambda _done, _total: child.ask_to_stop(LEASE.token)) == {"ended": "stopped"}
    puppets.do("ready", "ends")
    assert child.do(LEASE, nothing)["ended"] == "done"
    children.give_back("asr", child)


@pytest.mark.parametrize("way", ["hangs_up", "rubbish"])
def test_a_child_that_lives_but_cannot_be_talked_to_is_never_given_another_step(
    children: Children, puppets: Puppets, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else an innocent step would pay for it."""
    monkeypatch.setattr("worker.supervisor.STOP_GRACE", 0.5)
    puppets.do("ready", way)
    child = children.take("asr")
    assert child.do(LEASE, nothing) == {"ended": "died", "message": "its process hung up"}
    assert not child.alive
    children.give_back("asr", child)
    puppets.do("ready", "ends")
    other = children.take("asr")
    assert other.do(LEASE, nothing)["ended"] == "done"
    children.give_back("asr", other)


@pytest.mark.parametrize("first", ["absent", "rubbish", "wrong"])
def test_a_child_that_does_not_come_up_is_no_fault_of_the_step(
    children: Children, puppets: Puppets, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step was not begun: that passes."""
    monkeypatch.setattr("worker.supervisor.STOP_GRACE", 0.5)
    puppets.do(first)
    child = children.take("asr")
    ended = child.do(LEASE, nothing)
    assert (ended["ended"], ended["transient"], child.alive) == ("error", True, False)
    assert ended["message"].startswith("no process came up: its process ")
    children.give_back("asr", child)


def test_a_child_that_died_idle_is_not_lent(children: Children) -> None:
    """And its connection is closed."""
    child = children.take("asr")
    children.give_back("asr", child)
    before = open_files()
    os.killpg(child.pid, signal.SIGKILL)
    wait_for(lambda: not child.alive, what="the end of the child")
    other = children.take("asr")
    assert other is not child
    assert open_files() == before
    children.give_back("asr", other)


def test_children_that_have_been_idle_for_long_end(children: Children) -> None:
    """Their models take memory."""
    child = children.take("asr")
    child.do(LEASE, nothing)
    children.give_back("asr", child)
    children.end_idle(longer_than=1000.0)
    assert child.alive
    time.sleep(0.05)
    children.end_idle(longer_than=0.01)
    assert not child.alive


def test_a_real_child_comes_up_and_ends_with_its_connection(tmp_path: Path) -> None:
    """`worker.child` itself; with a ledger that it cannot open it does not come up, and says so to the log."""
    child = Child(Settings(data_dir=tmp_path / "data"))
    assert child.wait_until_ready()
    child.end()
    assert not child.alive
    (tmp_path / "file").write_text("", "utf-8")
    child = Child(Settings(data_dir=tmp_path / "file"))
    assert not child.wait_until_ready()
    assert not child.alive
    child.end()
