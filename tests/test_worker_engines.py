"""The engines of a worker's process, chosen for job after job."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.engines.choose import Place
from jobs.options import Options
from tests.workshop import SCRIPT
from worker.engines import EngineRoom


@pytest.mark.parametrize(("workers_own", "jobs_own", "taken"), [(0, 0, 0), (3, 0, 3), (0, 2, 2), (3, 2, 3)])
def test_a_worker_says_how_many_threads_its_engines_take(tmp_path: Path, workers_own: int, jobs_own: int, taken: int) -> None:
    """Several of them share a machine; a job does not know that."""
    options = Options(engine="scripted", model=str(SCRIPT), threads=jobs_own)
    room = EngineRoom(Place(tmp_path, None, None), threads=workers_own)
    engines = room.for_job(options)
    assert engines._options.threads == taken
    assert engines.choose_transcriber().info is not None
