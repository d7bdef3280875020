"""A process that ends at any write, sync, rename or commit leaves the old state or the new one, never something between.

What a dead process leaves is what is in its files at that moment. So one process does a whole job, and before each point its
folder is copied: each copy is the state after a crash there. Some points are crashed at for real, to hold that against it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, event

from jobs.options import Options
from storage.documents import Episode, Publication, Transcript
from storage.records import QUEUES, Hint
from worker.child import Bench
from worker.desk import Asked, Desk
from worker.lines import Lines
from worker.settings import Settings
from worker.stores import Stores, open_stores
from worker.tools import open_tools

DATA = Path(__file__).parent / "data" / "audio"
CRASHED = 77
FOLLOWED = 10
"""Every so many points, what a crash leaves is followed to the end of the job."""


class _Nobody(Lines):
    """The other end of a connection that nobody listens to."""

    def __init__(self) -> None:
        pass

    def send(self, message: dict[str, Any]) -> bool:
        """Say nothing."""
        return False


class Points:
    """Counts the points where something is about to reach the disk, and does something at each."""

    def __init__(self, at: Callable[[int], None]) -> None:
        self._at = at
        self._count = 0
        self._inside = False

    def __call__(self, *_: object) -> None:
        """Count one point."""
        if not self._inside:  # copying a folder writes, too
            self._inside = True
            self._count += 1
            self._at(self._count)
            self._inside = False

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the function with a point before it."""

        def counted(*arguments: Any, **named: Any) -> Any:
            self()
            return function(*arguments, **named)

        return counted


def arm(points: Points) -> None:
    """Put a point before every sync, rename and removal of this process, and at the beginning and end of every transaction."""
    for name in ("fsync", "replace", "rename", "unlink", "mkdir"):
        setattr(os, name, points.before(getattr(os, name)))
    event.listen(Engine, "commit", points)
    event.listen(Engine, "begin", points)


def said() -> list[list[dict[str, Any]]]:
    """Return the words of the short recording by sentence, spread evenly over it."""
    told = json.loads((DATA / "two_sentences.json").read_text("utf-8"))["sentences"]
    return [
        [{"word": word, "start": time, "end": time + 0.1} for word, time in zip(words, times, strict=True)]
        for words, times in ((s["text"].split(), np.linspace(s["start"], s["end"] - 0.2, len(s["text"].split()))) for s in told)
    ]


def script(folder: Path) -> Path:
    """Return a script that says what is said in the short recording."""
    path = folder / "script.json"
    if not path.exists():
        path.write_text(json.dumps({"sentences": [{"speaker": "A", "words": words} for words in said()]}), "utf-8")
    return path


def _sent(hints: Iterable[Hint]) -> tuple[Hint, ...]:
    return tuple(hints)


def submit(desk: Desk, folder: Path) -> str:
    """Ask for the short recording and return the job's id."""
    audio = folder / "two.mp3"
    if not audio.exists():
        shutil.copyfile(DATA / "two_sentences.mp3", audio)
    publication = Publication(episode=Episode(id="ep_two", title="Two sentences", audio_url=audio.as_uri()))
    options = Options(engine="scripted", model=str(script(folder)), diarizer="scripted", part_seconds=5.0, language="en")
    return desk.submit(Asked(publication, options)).job.id


def do_everything(folder: Path) -> None:
    """Submit the job if nobody has, take back what a dead process held, and do step after step until the job has ended."""
    settings = Settings(data_dir=folder / "data", lease_seconds=60)
    with open_stores(settings) as stores:
        desk = Desk(stores, open_tools(settings, stores), _sent)
        bench = Bench(settings, stores, _Nobody())
        job = submit(desk, folder.parent)
        stores.queue.reclaim(is_gone=stores.presence.is_gone)
        desk.advance(job)
        while not stores.requests.get(job).ended:
            claim = stores.queue.claim_next(QUEUES, stores.presence.owner)
            assert claim is not None, "an open job without anything to do"
            ended = bench.do(claim.lease)
            assert ended["ended"] == "done", ended


def in_a_process(folder: Path, at: Callable[[int], None]) -> int:
    """Do everything in a process that does something at each point; return its exit status."""
    pid = os.fork()
    if pid == 0:
        try:
            arm(Points(at))
            do_everything(folder)
        except BaseException as error:  # noqa: BLE001 - the parent sees the status
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def assert_whole(folder: Path) -> None:
    """Hold everything that can be seen against its name: each blob its digest, each finished step its blob."""
    for blob in (folder / "data" / "blobs").glob("[0-9a-f][0-9a-f]/*"):
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.parent.name + blob.name
    if (folder / "data" / "ledger.db").exists():
        with open_stores(Settings(data_dir=folder / "data")) as stores:
            _assert_rows_have_blobs(stores)


def _assert_rows_have_blobs(stores: Stores) -> None:
    for job in stores.requests.list().items:
        for step in stores.ledger.steps(job.id):
            if step.state == "done":
                assert step.output is not None
                json.loads(stores.blobs.read(step.output))


@pytest.mark.slow
def test_a_crash_at_any_point_leaves_the_old_or_the_new_and_the_job_finishes(tmp_path: Path) -> None:
    """Each copy holds whole artefacts alone, and the job goes on from it to the same transcript."""
    folder = tmp_path / "whole"
    folder.mkdir()

    def keep(at: int) -> None:
        shutil.copytree(folder, tmp_path / f"at{at}")

    assert in_a_process(folder, keep) == 0
    assert_done(folder)
    copies = sorted(tmp_path.glob("at*"), key=lambda copy: int(copy.name[2:]))
    print(f"{len(copies)} points")
    assert len(copies) > 50
    for number, copy in enumerate(copies):
        assert_whole(copy)
        if number % FOLLOWED == 0:
            assert in_a_process(copy, lambda _: None) == 0, copy.name
            assert_done(copy)


@pytest.mark.slow
def test_a_process_that_really_ends_there_leaves_the_same(tmp_path: Path) -> None:
    """A few points, with `os._exit`, all on one folder: each process goes on where the one before ended."""
    for number, point in enumerate((9, 21, 34, 47)):

        def end(at: int, point: int = point) -> None:
            if at == point:
                os._exit(CRASHED)

        assert in_a_process(tmp_path, end) == CRASHED, number
        assert_whole(tmp_path)
    assert in_a_process(tmp_path, lambda _: None) == 0
    assert_done(tmp_path)


def assert_done(folder: Path) -> None:
    """Hold the transcript against what is said."""
    words = [word["word"] for sentence in said() for word in sentence]
    with open_stores(Settings(data_dir=folder / "data")) as stores:
        (job,) = stores.requests.list().items
        assert job.output is not None
        transcript = Transcript.model_validate_json(stores.blobs.read(job.output))
        assert [word.text for segment in transcript.segments for word in segment.words] == words
        assert sum(event.kind == "job.done" for event in stores.events.of_job(job.id)) == 1
