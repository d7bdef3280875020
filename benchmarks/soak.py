"""A soak: many short episodes while a process is killed every few seconds. Every one must come out, once.

    python -m benchmarks.soak [--episodes 200] [--workers 2] [--every 5]

Every `every` seconds one process, drawn at random among the workers and their children, gets SIGKILL; a worker that is gone is
started anew, as a container would be. Counted: transcripts, jobs that ended twice, words that are not those of the script, steps
that were done again though they were finished. Exits with 1 if any of these is not as it must be.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.table import Goal, Report, Row, arguments, show
from storage.records import JobRecord
from tests.yard import Yard, open_yard, words_of_the_script

_SETTINGS = {"EARMARK_SWEEP_SECONDS": "1", "EARMARK_LEASE_SECONDS": "20"}


def kill_one(yard: Yard, random_one: random.Random) -> str:
    """Kill a worker or a child of one, and start a new worker in place of one that is gone; return which it was."""
    alive = [worker for worker in yard.workers if worker.process.poll() is None]
    members = [member for worker in alive for member in (psutil.Process(worker.process.pid), *worker.children)]
    chosen = random_one.choice(members)
    is_worker = any(chosen.pid == worker.process.pid for worker in alive)
    try:
        chosen.kill()
    except psutil.NoSuchProcess:
        return "nobody"
    if is_worker:
        for worker in alive:
            if worker.process.pid == chosen.pid:
                worker.process.wait()
        yard.worker(more=_SETTINGS)
    return "worker" if is_worker else "child"


def soak(yard: Yard, *, every: float, seed: int) -> dict[str, int]:
    """Kill until all jobs have ended; return how many of each kind were killed."""
    random_one = random.Random(seed)
    killed: dict[str, int] = {}
    while sum(yard.desk.stores.requests.counts().get(state, 0) for state in ("queued", "running")):
        time.sleep(every)
        what = kill_one(yard, random_one)
        killed[what] = killed.get(what, 0) + 1
    return killed


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=float, default=5.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, open_yard(Path(name)) as yard:
        for _ in range(given.workers):
            yard.worker(more=_SETTINGS)
        asked = [yard.submit(f"number {n}", part_seconds=60.0) for n in range(given.episodes)]
        began = time.monotonic()
        killed = soak(yard, every=given.every, seed=given.seed)
        row, goals = judged(yard, asked)
    row = {"episodes": given.episodes, **{f"{what}s killed": count for what, count in sorted(killed.items())}, **row}
    row["seconds"] = time.monotonic() - began
    settings = {"workers": given.workers, "every": given.every, "seed": given.seed}
    return show(Report("Short episodes while processes are killed", [row], goals, [], settings), as_json=given.json)


def judged(yard: Yard, asked: list[JobRecord]) -> tuple[Row, list[Goal]]:
    """Hold every job against what it must be."""
    wanted = words_of_the_script()
    done = [job for job in asked if yard.job(job).state == "done"]
    wrong = sum([w.text for s in yard.transcript(job).segments for w in s.words] != wanted for job in done)
    twice = sum(yard.times(job, "job.done") != 1 for job in done)
    again = sum(
        yard.times(job, "step.done", step=step.name, part=step.part) > 1 for job in asked for step in yard.steps(job).values()
    )
    lost = sum(yard.times(job, "step.lost") for job in asked)
    goals = [
        Goal("transcripts missing", len(asked) - len(done), 0),
        Goal("jobs that ended more than once", twice, 0),
        Goal("transcripts with other words than the script's", wrong, 0),
        Goal("finished steps that were done again", again, 0),
    ]
    return {"done": len(done), "steps lost and done again": lost}, goals


if __name__ == "__main__":
    sys.exit(main())
