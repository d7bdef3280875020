"""One long episode on 1, 2, 4, 8 and 16 workers: how nearly its parts share the work, beside a plain Celery chord.

    python -m benchmarks.scale [--workers 1 2 4 8 16] [--hours 2] [--part-seconds 150] [--pace 0.03]

Each worker is a process of its own, with a child that the scripted engine holds up for `pace` seconds per second of audio: the
time of hearing is real, its use of the processor is not, so that what is measured is how the work is shared out. The chord is
what a plain Celery program would do: a group of tasks that sleep as long, and a callback that joins them, on as many workers,
with the Celery of a virtual environment of its own (`benchmarks/peers.py`).
Timed from the first part's beginning to the last one's end; efficiency is the time on the first number of workers over that on
more of them, per worker. Exits with 1 if it is under 0.9 on 8 workers.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.peers import CELERY, PeerMissing, installed
from benchmarks.recordings import EXAMPLE, length_of, repeat_mp3, story_for
from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.options import Options
from storage.documents import Episode, Publication
from storage.records import JobRecord
from tests.yard import Yard, open_yard, wait_for
from worker.desk import Asked

EFFICIENCY = 0.9
AT = 8

CHORD = """
import os, sys, time
from celery import Celery, chord

app = Celery("plain", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
app.conf.worker_prefetch_multiplier = 1

@app.task(name="hear")
def hear(seconds):
    time.sleep(seconds)
    return seconds

@app.task(name="join")
def join(heard):
    return sum(heard)
"""


def shared_out(yard: Yard, count: int, *, part_seconds: float, pace: float) -> tuple[float, float, int]:
    """Let `count` workers do the episode; return the seconds of its parts, those of the whole job, and the number of parts."""
    workers = [yard.worker(queues="asr") for _ in range(count)]
    other = yard.worker(queues="fetch,cpu")
    wait_for(
        lambda: all("ready" in worker.log.read_text("utf-8") for worker in [*workers, other]), seconds=300, what="all workers"
    )
    _warm(yard, count)
    job = _submit(yard, f"for {count}", part_seconds=part_seconds, pace=pace)
    yard.ended(job, seconds=3600)
    parts = [step for step in yard.steps(job).values() if step.name == "transcribe"]
    began, ended = min(step.started_at or 0.0 for step in parts), max(step.finished_at or 0.0 for step in parts)
    record = yard.job(job)
    for worker in [*workers, other]:
        worker.process.kill()
        worker.process.wait()
    return ended - began, record.updated_at - record.created_at, len(parts)


def _submit(yard: Yard, name: str, *, part_seconds: float, pace: float) -> JobRecord:
    named = story_for(length_of(yard.folder / "long.mp3"))
    # another script each time, so that the parts are heard anew; the decoded audio is the same
    named[0]["words"][0]["word"] = name
    script = yard.script(pace=pace, sentences=named)
    options = Options(engine="scripted", model=str(script), diarizer="none", part_seconds=part_seconds, language="en")
    audio = (yard.folder / "long.mp3").as_uri()
    publication = Publication(episode=Episode(id="ep_long", title=name, audio_url=audio))
    return yard.desk.submit(Asked(publication, options)).job


def _warm(yard: Yard, count: int) -> None:
    """Let every worker's child come up before it counts, with an episode of many short parts."""
    script = yard.script(pace=0.2)
    options = Options(engine="scripted", model=str(script), diarizer="none", part_seconds=5.0, language=f"en-x-{count}")
    publication = yard.episode("warm")
    job = yard.desk.submit(Asked(publication, options)).job
    yard.ended(job, seconds=600)


def chord(python: Path, folder: Path, broker: str, count: int, seconds: list[float]) -> float:
    """Let a plain chord sleep as long on as many workers; return the seconds from its submission to its callback's result."""
    (folder / "plain.py").write_text(CHORD, "utf-8")
    environment = {**_clean_environment(), "BROKER": broker, "PYTHONPATH": str(folder)}
    command = [str(python), "-m", "celery", "-A", "plain", "worker", "--pool", "solo", "--without-gossip", "--without-mingle"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    workers = [
        subprocess.Popen([*command, "-n", f"w{n}@plain"], cwd=folder, env=environment, **quiet)  # type: ignore[call-overload]
        for n in range(count)
    ]
    try:
        code = (
            "import sys, time; from plain import *; "
            f"chord(hear.s(0.5) for _ in range({2 * count}))(join.s()).get(timeout=600); "  # all workers are up
            f"began = time.perf_counter(); chord(hear.s(s) for s in {seconds!r})(join.s()).get(timeout=3600); "
            "print(time.perf_counter() - began)"
        )
        told = subprocess.run([str(python), "-c", code], cwd=folder, env=environment, check=True, capture_output=True, text=True)
        return float(told.stdout)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def _clean_environment() -> dict[str, str]:
    import os

    return dict(os.environ)


def _celery() -> tuple[Path | None, list[str]]:
    """Return the Python that has a plain Celery, or none and why."""
    try:
        return installed(CELERY).python, []
    except PeerMissing as missing:
        return None, [f"the plain chord: {missing}"]


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--part-seconds", type=float, default=150.0)
    parser.add_argument("--pace", type=float, default=0.03)
    given = parser.parse_args()
    celery, left_out = _celery()
    rows: list[Row] = []
    alone = 0.0
    with tempfile.TemporaryDirectory() as name, open_yard(Path(name)) as yard:
        repeat_mp3(EXAMPLE / "episode.mp3", yard.folder / "long.mp3", given.hours * 3600)
        for count in given.workers:
            spent, whole, parts = shared_out(yard, count, part_seconds=given.part_seconds, pace=given.pace)
            alone = alone or spent * count
            broker = yard.redis.url.replace("/0", "/1")
            plain = chord(celery, yard.folder, broker, count, [alone / parts] * parts) if celery else None
            rows.append(
                {
                    "workers": count,
                    "parts": parts,
                    "parts s": spent,
                    "efficiency": alone / (count * spent),
                    "at most": parts / (count * math.ceil(parts / count)),
                    "chord s": plain,
                    "chord's efficiency": alone / (count * plain) if plain else None,
                    "whole job s": whole,
                }
            )
    at = next((row["efficiency"] for row in rows if row["workers"] == AT), math.nan)
    goals = [Goal(f"efficiency on {AT} workers, at least", float(at or math.nan), EFFICIENCY, sense="least")]
    notes = ["Hearing is waiting, not work: what is measured is how it is shared out."]
    settings = {"hours": given.hours, "part_seconds": given.part_seconds, "pace": given.pace}
    report = Report("One episode shared by many workers", rows, goals, notes, settings, left_out=left_out)
    return show(report, as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
