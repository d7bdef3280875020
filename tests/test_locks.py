"""One writer at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from storage.errors import TransientError
from storage.locks import folder_lock

REPOSITORY = Path(__file__).resolve().parent.parent

HOLDER = """
import sys, time
from pathlib import Path
from storage.locks import folder_lock

with folder_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_held_by_another_process_is_waited_for_and_named(tmp_path: Path) -> None:
    """After the patience is over the error says which folder; when the holder dies the lock is free."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], cwd=REPOSITORY, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(TransientError, match=tmp_path.name), folder_lock(tmp_path, patience=0.1):
            pass
        holder.kill()
        holder.wait()
    with folder_lock(tmp_path, patience=5):
        assert tmp_path.is_dir()


def test_threads_take_turns(tmp_path: Path) -> None:
    """A counter that eight threads read and write under the lock loses nothing."""
    counter = tmp_path / "counter"
    counter.write_text("0")

    def count() -> None:
        for _ in range(5):
            with folder_lock(tmp_path):
                counter.write_text(str(int(counter.read_text()) + 1))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.read_text() == "40"
