"""A process that is told to end when the one that started it ends, whatever ended that one.

`tie_to` ties this process. As a program, `python tied.py PARENT COMMAND…`, it ties itself, for SIGTERM, so that a worker can give
back what it does, and becomes the command: there is no process more. On Linux the kernel tells it; elsewhere a child notices by
the end of its connection, and for whatever does not listen there is `service/reaper.py`. The standard library is all it needs.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def tie_to(parent: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Let the kernel send this process a signal when its parent `parent` ends; ends at once if that has happened already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def main() -> None:
    """Tie this process to its parent and become the command."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    tie_to(parent, signal.SIGTERM)
    os.execvp(command[0], command)  # noqa: S606 - the command of the process tree


if __name__ == "__main__":
    main()
