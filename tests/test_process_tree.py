"""A tree of real processes: it restarts what dies, stops in order, and leaves nothing behind, whatever ends its head."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from service.process_tree import MAX_DEATHS, Child, ProcessTree
from storage.errors import KeepsDying
from tests.commands import REPOSITORY

SLEEPER = """
import os, signal, sys, time
name, log, stubborn = sys.argv[1], sys.argv[2], sys.argv[3:]
def write(words):
    with open(log, "a") as file:
        file.write(f"{name} {words}\\n")
def end(*_):
    write("told")
    if not stubborn:
        write("ended")
        sys.exit(0)
signal.signal(signal.SIGTERM, end)
signal.signal(signal.SIGINT, lambda *_: write("interrupted"))
write(f"began {os.getpid()}")
print(f"hello from {name}", flush=True)
while True:
    time.sleep(0.05)
"""
"""Writes down what happens to it; with a third argument it does not listen to SIGTERM."""

HEAD = """
import sys, time
from pathlib import Path
from service.process_tree import Child, ProcessTree
sleeper, log, python = sys.argv[1], sys.argv[2], sys.executable
with ProcessTree(lambda name, line: None) as tree:
    for rank, name in enumerate(("first", "second")):
        tree.start(Child(name, (python, "-c", sleeper, name, log), {"PATH": "/bin"}, rank, grace=5))
    tree.start(Child("deaf", (python, "-c", sleeper, "deaf", log, "stubborn"), {"PATH": "/bin"}, 2, grace=0.5))
    while True:
        time.sleep(0.1)
"""
"""A head with three children."""

LATE = """
    tree._reaper.kill()
    tree._reaper.wait()
    tree.start(Child("late", (python, "-c", sleeper, "late", log, "stubborn"), {"PATH": "/bin"}, 0, grace=0.5))
"""
"""What a head does that loses its reaper."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Return where the children write."""
    return tmp_path / "log"


@pytest.fixture
def said() -> list[tuple[str, str]]:
    """Return where the output goes."""
    return []


@pytest.fixture
def tree(said: list[tuple[str, str]]) -> Iterator[ProcessTree]:
    """Lend a tree that restarts quickly."""
    with ProcessTree(lambda name, line: said.append((name, line)), backoff=0.05, deaths_within=20) as grown:
        yield grown


def sleeper(name: str, log: Path, rank: int = 0, *, stubborn: bool = False, grace: float = 10.0) -> Child:
    """Return a child that sleeps until it is told to end, or longer."""
    command = (sys.executable, "-c", SLEEPER, name, str(log), *(("stubborn",) if stubborn else ()))
    return Child(name, command, os.environ, rank, grace=grace)


def shell(name: str, script: str) -> Child:
    """Return a child that runs a line of shell."""
    return Child(name, ("/bin/sh", "-c", script), os.environ, 0)


def written(log: Path, words: str) -> list[str]:
    """Return the lines of the log that hold these words."""
    return [line for line in (log.read_text("utf-8").splitlines() if log.exists() else ()) if words in line]


def wait_for(condition: Callable[[], object], *, meanwhile: Callable[[], object] = lambda: None, seconds: float = 30.0) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        meanwhile()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def gone(pid: int) -> bool:
    """Tell whether a process is no more."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def look_after(tree: ProcessTree, *children: Child) -> None:
    """Start children, and look after them until that fails."""
    for child in children:
        tree.start(child)
    while True:
        tree.look_after()
        time.sleep(0.01)


def pids(log: Path) -> list[int]:
    """Return the numbers of all processes that wrote that they began."""
    return [int(line.split()[-1]) for line in written(log, "began")]


def test_what_children_say_is_told_with_their_names(tree: ProcessTree, said: list[tuple[str, str]], log: Path) -> None:
    """Line by line, standard error too."""
    tree.start(sleeper("one", log))
    tree.start(shell("two", "echo out; echo err >&2; exec sleep 60"))
    wait_for(lambda: len(said) >= 3)
    assert sorted(said[:3]) == [("one", "hello from one"), ("two", "err"), ("two", "out")]
    assert tree.alive("one")
    assert not tree.alive("three")


def test_a_child_that_dies_is_started_again_after_a_while(tree: ProcessTree, said: list[tuple[str, str]], log: Path) -> None:
    """And the others do not notice."""
    tree.start(sleeper("one", log))
    tree.start(sleeper("two", log))
    wait_for(lambda: len(pids(log)) == 2)
    victim = int(written(log, "one began")[0].split()[-1])
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: len(pids(log)) == 3, meanwhile=tree.look_after)
    assert [line.split()[0] for line in written(log, "began")].count("one") == 2
    assert ("one", "was killed by signal 9; starting it again in 0.1 s") in said
    assert tree.alive("one")


def test_what_is_left_of_a_dead_childs_group_goes_with_it(tree: ProcessTree, log: Path) -> None:
    """A worker's helpers must not go on without it."""
    helper = f'{sys.executable} -c "$0" helper {log} stubborn'
    command = ("/bin/sh", "-c", f"{helper} & sleep 0.5; exit 3", SLEEPER)
    tree.start(Child("one", command, os.environ, 0))
    wait_for(lambda: pids(log))
    (helper_pid,) = pids(log)
    wait_for(lambda: gone(helper_pid), meanwhile=tree.look_after)


def test_a_child_that_dies_again_and_again_ends_it_all_with_its_last_words(said: list[tuple[str, str]], log: Path) -> None:
    """Five times within a minute; the waits between grow."""
    began = time.monotonic()
    with (
        pytest.raises(KeepsDying, match=r"bad died 5 times within 20 s; the last time it ended with status 7") as caught,
        ProcessTree(lambda name, line: said.append((name, line)), backoff=0.05, deaths_within=20) as tree,
    ):
        look_after(tree, sleeper("good", log), shell("bad", "echo something is wrong; exit 7"))
    assert "something is wrong" in str(caught.value)
    assert said.count(("bad", "something is wrong")) == MAX_DEATHS
    assert time.monotonic() - began > 0.05 * (1 + 2 + 4 + 8)
    assert all(gone(pid) for pid in pids(log))


def test_deaths_that_lie_apart_are_forgiven(said: list[tuple[str, str]]) -> None:
    """Only those of late count."""
    with ProcessTree(lambda name, line: said.append((name, line)), backoff=0.01, deaths_within=0.2) as tree:
        tree.start(shell("one", "echo here; sleep 0.3; exit 1"))
        wait_for(lambda: said.count(("one", "here")) > MAX_DEATHS + 1, meanwhile=tree.look_after)


def test_children_are_stopped_rank_by_rank_and_the_deaf_are_killed(said: list[tuple[str, str]], log: Path) -> None:
    """Those of one rank together."""
    with ProcessTree(lambda name, line: said.append((name, line))) as tree:
        tree.start(sleeper("last", log, rank=9))
        for name in ("b1", "b2"):
            tree.start(sleeper(name, log, rank=1))
        tree.start(sleeper("first", log, rank=0, stubborn=True, grace=0.3))
        wait_for(lambda: len(pids(log)) == 4)
    ends = [line for line in log.read_text("utf-8").splitlines() if "began" not in line]
    assert ends[0] == "first told"
    assert sorted(ends[1:5]) == ["b1 ended", "b1 told", "b2 ended", "b2 told"]
    assert ends[5:] == ["last told", "last ended"]
    assert ("first", "did not end within 0 s, and is killed") in said
    assert all(gone(pid) for pid in pids(log))


def test_a_signal_for_the_heads_group_does_not_reach_the_children(tree: ProcessTree, log: Path) -> None:
    """Ctrl-C is the head's to handle."""
    tree.start(sleeper("one", log))
    wait_for(lambda: pids(log))
    assert os.getpgid(pids(log)[0]) != os.getpgid(0)
    assert os.getpgid(pids(log)[0]) == pids(log)[0]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_nothing_is_left_when_the_head_is_killed(how: signal.Signals, log: Path) -> None:
    """Not even a child that does not listen, and the reaper goes too."""
    head = subprocess.Popen([sys.executable, "-c", HEAD, SLEEPER, str(log)], env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
    wait_for(lambda: len(pids(log)) == 3)
    everything = [child.pid for child in psutil.Process(head.pid).children(recursive=True)]
    assert len(everything) == 4
    head.send_signal(how)
    head.wait()
    wait_for(lambda: all(gone(pid) for pid in everything))
    assert {line for line in log.read_text("utf-8").splitlines() if line.endswith(" ended")} == {"first ended", "second ended"}


def test_a_reaper_that_dies_is_replaced(log: Path) -> None:
    """The next child that is started sees to it, and the new one knows of all."""
    program = HEAD.replace("    while True:", LATE + "    while True:")
    head = subprocess.Popen([sys.executable, "-c", program, SLEEPER, str(log)], env={**os.environ, "PYTHONPATH": str(REPOSITORY)})
    wait_for(lambda: len(pids(log)) == 4)
    head.kill()
    head.wait()
    wait_for(lambda: all(gone(pid) for pid in pids(log)))


def test_a_command_that_cannot_be_run_is_said(said: list[tuple[str, str]]) -> None:
    """With what the system says of it."""
    with (
        pytest.raises(KeepsDying, match="No such file or directory"),
        ProcessTree(lambda name, line: said.append((name, line)), backoff=0.01, deaths_within=30) as tree,
    ):
        look_after(tree, Child("one", ("/no/such/command",), os.environ, 0))


def test_output_that_nobody_reads_any_more_stops_no_child(log: Path) -> None:
    """As when the terminal was closed."""

    def broken(name: str, line: str) -> None:
        raise BrokenPipeError

    script = "for i in $(seq 1 20000); do echo more and more; done; echo done > $0"
    with ProcessTree(broken) as tree:
        tree.start(Child("one", ("/bin/sh", "-c", f"{script}; exec sleep 60", str(log)), os.environ, 0))
        wait_for(log.exists)
