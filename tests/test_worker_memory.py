"""How much memory there is, by the container's limit where there is one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from worker import memory


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that stands for the container's control group; it says nothing yet."""
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    return tmp_path


@pytest.mark.parametrize("said", [None, "max\n", "", "\0"])
def test_without_a_limit_the_machine_is_the_limit(group: Path, said: str | None) -> None:
    """Also where the file cannot be understood."""
    if said is not None:
        (group / "memory.max").write_text(said, "ascii")
    assert memory.limit_bytes() == psutil.virtual_memory().total
    assert 0 < memory.free_bytes() <= memory.limit_bytes()


def test_a_container_has_what_its_limit_leaves_and_the_cache_can_be_had_back(group: Path) -> None:
    """Files that were read are no reason to wait."""
    (group / "memory.max").write_text("3000000\n", "ascii")
    (group / "memory.current").write_text("2500000\n", "ascii")
    assert (memory.limit_bytes(), memory.free_bytes()) == (3_000_000, 500_000)
    (group / "memory.stat").write_text("anon 1\ninactive_file 400000\nactive_file 7\n", "ascii")
    assert memory.free_bytes() == 900_000


def test_a_container_over_its_limit_has_nothing_free(group: Path) -> None:
    """Not less than nothing."""
    (group / "memory.max").write_text("1000\n", "ascii")
    (group / "memory.current").write_text("5000\n", "ascii")
    assert memory.free_bytes() == 0


def test_a_limit_above_the_machine_is_none(group: Path) -> None:
    """The machine has no more than it has."""
    (group / "memory.max").write_text(str(1 << 60), "ascii")
    assert memory.limit_bytes() == psutil.virtual_memory().total


def test_a_process_takes_its_own_memory_and_its_childrens() -> None:
    """One that is gone takes none."""
    code = "x = bytearray(60_000_000); print('ready', flush=True); input()"
    before = memory.resident_bytes(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdout.readline()
        assert memory.resident_bytes(child.pid) > 60_000_000
        assert memory.resident_bytes(os.getpid()) > before + 50_000_000
    finally:
        child.kill()
        child.communicate()
    assert memory.resident_bytes(child.pid) == 0
