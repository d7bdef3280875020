"""Ends what is left of a process tree whose head was killed: `python reaper.py`, told of the tree on standard input.

    + GROUP RANK GRACE      a process group began; groups of a lower rank are ended first
    - GROUP                 it has ended

When the input ends, the head is gone, whatever ended it: what is left is told to end, rank by rank, and killed if it has not
ended within its grace. It runs in a session of its own, where no signal for the tree reaches it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

_EVERY = 0.05
"""Seconds between two looks at what is left."""


def main() -> None:
    """Take note of the tree until its head is gone; then end what is left."""
    groups: dict[int, tuple[int, float]] = {}
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for line in sys.stdin:
        match line.split():
            case ["+", group, rank, grace]:
                groups[int(group)] = (int(rank), float(grace))
            case ["-", group]:
                groups.pop(int(group), None)
    for wanted in sorted({rank for rank, _ in groups.values()}):
        members = {group: grace for group, (rank, grace) in groups.items() if rank == wanted}
        end_groups(members, max(members.values()))


def end_groups(groups: Iterable[int], grace: float) -> None:
    """Tell process groups to end, wait for it, and kill those that are left after so many seconds."""
    left = [group for group in groups if send(group, signal.SIGTERM)]
    deadline = time.monotonic() + grace
    while left and time.monotonic() < deadline:
        time.sleep(_EVERY)
        left = [group for group in left if send(group, 0)]
    for group in left:
        send(group, signal.SIGKILL)


def send(group: int, number: int) -> bool:
    """Send a signal to a process group (0 only asks); False if there is none any more."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
        return True
    return False


if __name__ == "__main__":
    main()
