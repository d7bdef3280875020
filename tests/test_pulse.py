"""A sign of life for health checks."""

from __future__ import annotations

import os
import time
from pathlib import Path

from worker.pulse import touch


def test_the_file_is_made_and_grows_young_again(tmp_path: Path) -> None:
    """Its age is what a health check looks at."""
    file = tmp_path / "pulse"
    touch(file)
    os.utime(file, (0, 0))
    touch(file)
    assert time.time() - file.stat().st_mtime < 60


def test_no_file_and_no_folder_are_no_reason_to_stop(tmp_path: Path) -> None:
    """Who looks from outside sees that nothing is touched."""
    touch(None)
    touch(tmp_path / "missing" / "pulse")
    assert not (tmp_path / "missing").exists()
