"""Signs of life."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from storage.presence import Presence

_HOLD = """
import sys
from pathlib import Path
from storage.presence import Presence
with Presence(Path(sys.argv[1])) as presence:
    print(presence.owner, flush=True)
    sys.stdin.read()
"""


def test_a_process_that_runs_is_not_gone_and_one_that_was_killed_is(tmp_path: Path) -> None:
    """The kernel drops the lock with the process, even on SIGKILL."""
    root = Path(__file__).resolve().parent.parent
    child = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    )
    assert child.stdout is not None
    assert child.stdin is not None
    owner = child.stdout.readline().strip()
    with Presence(tmp_path) as presence:
        assert not presence.is_gone(owner)
        child.kill()
        child.wait()
        assert presence.is_gone(owner)
    child.stdin.close()
    child.stdout.close()


def test_an_owner_that_never_was_here_is_not_taken_for_gone(tmp_path: Path) -> None:
    """An owner on another machine leaves no sign here; its lease decides."""
    with Presence(tmp_path) as presence:
        assert not presence.is_gone("0" * 24)
        assert not presence.is_gone(presence.owner)


def test_a_process_that_ended_well_is_known_to_be_gone(tmp_path: Path) -> None:
    """What it could not give back, because the disk was full, is free at once."""
    with Presence(tmp_path) as ended:
        pass
    with Presence(tmp_path) as presence:
        assert presence.is_gone(ended.owner)
