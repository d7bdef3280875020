"""Figures of the ledger."""

from __future__ import annotations

from pathlib import Path

from storage.database import open_database, sqlite_url
from storage.documents import Episode
from storage.figures import Figures, StepFigures, read_figures
from storage.queue import StepQueue
from storage.records import ReadyStep
from storage.requests import NewJob, Requests
from tests.test_ledger import Clock


def test_figures_count_jobs_and_steps_by_state(tmp_path: Path) -> None:
    """With the age of the oldest step and the attempts."""
    engine = open_database(sqlite_url(tmp_path / "ledger.db"))
    clock = Clock()
    assert read_figures(engine) == Figures({}, (), 0, 0, 0, 0, 0)
    requests, queue = Requests(engine, clock=clock), StepQueue(engine, clock=clock)
    for name in "ab":
        job = requests.submit(NewJob(Episode(id=name, title=name), "options", "{}")).job
        queue.enqueue(job.id, [ReadyStep("fetch", 0, f"fetch {name}", "fetch")])
        clock.now += 10
    queue.claim_next(["fetch"], "me")
    figures = read_figures(engine)
    assert figures.jobs == {"queued": 1, "running": 1}
    assert figures.steps == (
        StepFigures("fetch", "fetch", "queued", 1, 0, 0, 1010.0),
        StepFigures("fetch", "fetch", "running", 1, 1, 0, 1000.0),
    )
    assert figures.events == 4
    engine.dispose()
