"""Runs a command that is told to end when the process that started it ends: `python tied.py PARENT COMMAND…`.

It takes the command's place, so there is no process more. On Linux the kernel tells it (SIGTERM, so that a worker can give back
what it does); elsewhere, and for whatever does not listen, `service/reaper.py` does.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Bind this process to its parent and become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)  # it ended before it could be bound to
    os.execvp(command[0], command)  # noqa: S606 - the command of the process tree


if __name__ == "__main__":
    main()
