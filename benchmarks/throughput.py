"""Many short episodes: how many steps a second go through the ledger, Redis, and the workers.

    python -m benchmarks.throughput [--episodes 1000] [--workers 2] [--slots 2] [--bare]

Every episode is a second of speech in a file of its own, heard by the scripted engine: fetched, decoded, searched for speech,
cut, its language told, heard, its speakers told apart, assembled, and every result kept on the disk, as any other. `--bare`
leaves out what can be left out (language and speakers), so that decoding is a larger share of what there is to do. Timed from
the first claim to the last commit, with workers that are up. Exits with 1 under 100 steps a second.
"""

from __future__ import annotations

import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.children import REPOSITORY
from benchmarks.readers import load_audio
from benchmarks.recordings import write_wav
from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.options import Options
from storage.database import reading
from storage.documents import Episode, Publication
from storage.tables import jobs, steps
from tests.yard import WorkerProcess, Yard, open_yard, wait_for
from worker.desk import Asked

LEAST = 100.0

SPEECH = REPOSITORY / "tests" / "data" / "audio" / "two_sentences.mp3"


def submit_all(yard: Yard, count: int, *, bare: bool) -> None:
    """Ask for so many episodes, each with audio of its own address."""
    script = yard.script(sentences=[{"speaker": "A", "words": [{"word": "Welcome", "start": 0.2, "end": 0.5}]}])
    options = Options(
        engine="scripted", model=str(script), diarizer="none" if bare else "scripted", language="en" if bare else None
    )
    samples = load_audio(SPEECH)
    for number in range(count):
        audio = write_wav(samples[8_000 + number : 24_000 + number], yard.folder / f"{number}.wav")  # no two are the same
        episode = Episode(id=f"ep_{number}", title=f"Number {number}", audio_url=audio.as_uri())
        yard.desk.submit(Asked(Publication(episode=episode), options))


def hold(yard: Yard, workers: Sequence[WorkerProcess]) -> None:
    """Stop workers until everything is asked for, at a moment when none of them is writing to the ledger."""
    while True:
        for worker in workers:
            worker.signal(signal.SIGSTOP, children=True)
        with closing(sqlite3.connect(yard.settings.data_dir / "ledger.db", timeout=0.2, isolation_level=None)) as ledger:
            try:
                ledger.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                let_go(workers)
                time.sleep(0.1)
            else:
                return


def let_go(workers: Sequence[WorkerProcess]) -> None:
    """Let them go on."""
    for worker in workers:
        worker.signal(signal.SIGCONT, children=True)


def through_the_service(yard: Yard, count: int, *, bare: bool) -> tuple[int, float]:
    """Do so many episodes; return the number of steps and the seconds that they took."""
    submit_all(yard, count, bare=bare)
    counts = yard.desk.stores.requests.counts
    before, began = counts().get("done", 0), time.time()
    let_go(yard.workers)
    while (now := counts()).get("done", 0) < before + count:
        assert not now.get("failed"), "a job failed"
        time.sleep(0.5)  # asking takes time from the work
    with reading(yard.desk.stores.engine) as connection:
        own = select(func.count(), func.max(steps.c.finished_at), func.min(steps.c.started_at)).join(jobs)
        found = connection.execute(own.where(steps.c.state == "done", steps.c.finished_at >= began)).one()
    return int(found[0]), float(found[1] - found[2])


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--episodes", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--bare", action="store_true", help="the fewest steps an episode can have")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, open_yard(Path(name)) as yard:
        for _ in range(given.workers):
            yard.worker(slots=given.slots)
        wait_for(
            lambda: all("ready" in worker.log.read_text("utf-8") for worker in yard.workers), seconds=300, what="all workers"
        )
        warm = [yard.submit(f"warm {n}", part_seconds=30.0) for n in range(2 * given.workers)]
        for job in warm:
            yard.ended(job, seconds=300)
        hold(yard, yard.workers)
        count, seconds = through_the_service(yard, given.episodes, bare=given.bare)
    rate = count / seconds
    row: Row = {
        "episodes": given.episodes, "steps": count, "seconds": seconds, "steps a second": rate,
        "episodes a minute": 60 * given.episodes / seconds,
    }  # fmt: skip
    settings = {"workers": given.workers, "slots": given.slots}
    goals = [Goal("finished steps a second, at least", rate, LEAST, sense="least")]
    return show(Report("Short episodes through ledger and Redis", [row], goals, [], settings), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
