"""The programs that earmark is measured beside: each installed by name into a virtual environment of its own.

They stay there (`.peers/` in the repository, or the folder that `EARMARK_PEERS` names) from one benchmark to the next. What
cannot be installed is left out of a table, which says why.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import REPOSITORY

FASTER_WHISPER = ("faster-whisper==1.2.1",)
WHISPERX = ("whisperx==3.8.6",)
"""Brings torch, and with it some 5 GB."""

WHISPERX_ALONE = ("whisperx==3.8.6", "pandas==3.1.1", "numpy==2.4.6", "python-dateutil==2.9.0.post0", "six==1.17.0")
"""All that whisperX needs to give words to speakers; to be installed `alone`, for it asks for torch."""
YT_DLP = ("yt-dlp==2026.10.26",)
PODCASTPARSER = ("podcastparser==0.6.11",)
FEEDPARSER = ("feedparser==6.0.14",)
MUTAGEN = ("mutagen==1.48.1",)
PYAV = ("av==18.1.0",)
CELERY = ("celery[redis]==5.7.0",)

_NO_NAME = re.compile(r"[^\w.-]+")
"""What a folder had better not be called."""
_FINISHED = "finished"
"""Name of a file that is there once everything has been installed."""


class PeerMissing(Exception):
    """A program cannot be installed here."""


@dataclass(frozen=True)
class Peer:
    """A Python that has one of them."""

    python: Path
    version: str
    """Of the package that was asked for first."""

    def command(self, script: str, *arguments: str) -> list[str]:
        """Return the command for a script of `benchmarks/`, which may use the peer but nothing of earmark."""
        return [str(self.python), str(REPOSITORY / "benchmarks" / script), *arguments]


def installed(requirements: Iterable[str], *, alone: bool = False, environment: Mapping[str, str] | None = None) -> Peer:
    """Return a Python with these packages, installed now if that has not been done; raises `PeerMissing` if they cannot be.

    `alone`: without anything else that they ask for.
    """
    wanted = tuple(requirements)
    name = " ".join(wanted)
    known = os.environ if environment is None else environment
    place = "+".join([_NO_NAME.sub("-", part) for part in wanted] + ["alone"] * alone)
    folder = Path(known.get("EARMARK_PEERS") or REPOSITORY / ".peers") / place
    python = folder / "bin" / "python"
    if not (folder / _FINISHED).exists():
        print(f"Installing {name} into {folder} …", file=sys.stderr, flush=True)
        _run([sys.executable, "-m", "venv", "--clear", str(folder)], name)
        options = ["--no-deps"] * alone
        _run([str(python), "-m", "pip", "--disable-pip-version-check", "-q", "install", *options, *wanted], name)
        (folder / _FINISHED).touch()
    return Peer(python, wanted[0].partition("==")[2])


def _run(command: list[str], name: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise PeerMissing(f"{name} cannot be installed here: {last[0]}")
