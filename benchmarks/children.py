"""Running something in a process of its own, and what it cost: wall time, processor time, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

_UNKIND = ("PYTHONDONTWRITEBYTECODE",)
"""Variables under which every start would compile all modules anew, as no installed program does."""

_LAUNCHER = """
import os, sys, time
begin = time.perf_counter()
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
wall = time.perf_counter() - begin
with open(sys.argv[1], "w") as told:
    print(os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=told)
"""
"""Starts the process from a small one: Linux counts the memory of the process that forks to the peak of its child."""

_OFFLINE = {"HF_HUB_OFFLINE": "1", "PYANNOTE_METRICS_ENABLED": "0"}


@dataclass(frozen=True)
class Cost:
    """What one process took."""

    wall: float
    """Seconds from start to end."""
    cpu: float
    """Seconds of all its threads together, in user code and in the kernel."""
    peak: float
    """Largest resident memory, MiB; never less than that of the process that asks, whose pages Linux counts until the start."""
    output: str
    """What it wrote to standard output."""


def warm_up(*modules: str) -> None:
    """Import modules once, unmeasured, so that their bytecode and their pages are there when it counts."""
    for module in modules:
        run_python(["-c", f"import {module}"])


def run_python(arguments: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Cost:
    """Run this Python with arguments from the root of the repository; raises `RuntimeError` with its errors if it fails."""
    return run_command([sys.executable, *arguments], environment={"PYTHONPATH": str(REPOSITORY), **(environment or {})})


def run_command(arguments: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a program, given by its path, as `run_python` does."""
    inherited = {name: value for name, value in os.environ.items() if name not in (*_UNKIND, "PYTHONPATH")}
    given = {**inherited, **_OFFLINE, **(environment or {})}
    with tempfile.NamedTemporaryFile() as told, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        command = [sys.executable, "-S", "-c", _LAUNCHER, told.name, *arguments]
        subprocess.run(command, cwd=REPOSITORY, env=given, stdout=out, stderr=err, check=False)
        for file in (out, err):
            file.seek(0)
        said, complained = out.read().decode(errors="replace"), err.read().decode(errors="replace")
        measured = told.read().split()
    if len(measured) != 4 or int(measured[0]):
        status = measured[0].decode() if measured else "unknown"
        raise RuntimeError(f"{' '.join(arguments)} ended with status {status}:\n{complained[-2000:]}")
    wall, cpu, peak = (float(value) for value in measured[1:])
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in KiB elsewhere
    return Cost(wall, cpu, peak * unit / (1 << 20), said)
