"""Many short episodes: how many steps a second go through the ledger, Redis, and the workers.

    python -m benchmarks.throughput [--episodes 1000] [--workers 2] [--slots 2]

Every episode is a second of speech in a file of its own, heard by the scripted engine: fetched, decoded, searched for speech,
cut, heard, assembled, and every result kept on the disk, as any other. Timed from the first claim to the last commit, with
workers that are up. Exits with 1 under 100 steps a second.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.children import REPOSITORY
from benchmarks.conversations import load_audio
from benchmarks.recordings import write_wav
from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.options import Options
from storage.database import reading
from storage.documents import Episode, Publication
from storage.tables import jobs, steps
from tests.yard import Yard, open_yard, wait_for
from worker.desk import Asked

LEAST = 100.0

SPEECH = REPOSITORY / "tests" / "data" / "audio" / "two_sentences.mp3"


def submit_all(yard: Yard, count: int) -> None:
    """Ask for so many episodes, each with audio of its own address."""
    script = yard.script(sentences=[{"speaker": "A", "words": [{"word": "Welcome", "start": 0.2, "end": 0.5}]}])
    options = Options(engine="scripted", model=str(script), diarizer="none", language="en")
    samples = load_audio(SPEECH)
    for number in range(count):
        audio = write_wav(samples[8_000 + number : 24_000 + number], yard.folder / f"{number}.wav")  # no two are the same
        episode = Episode(id=f"ep_{number}", title=f"Number {number}", audio_url=audio.as_uri())
        yard.desk.submit(Asked(Publication(episode=episode), options))


def through_the_service(yard: Yard, count: int) -> tuple[int, float]:
    """Do so many episodes; return the number of steps and the seconds that they took."""
    submit_all(yard, count)
    began = time.time()
    for worker in yard.workers:
        worker.process.send_signal(18)  # SIGCONT: they were held until everything was asked for
    while yard.desk.stores.requests.counts().get("done", 0) < count:
        assert not yard.desk.stores.requests.counts().get("failed"), "a job failed"
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
        for worker in yard.workers:
            worker.process.send_signal(19)  # SIGSTOP
        count, seconds = through_the_service(yard, given.episodes + len(warm))
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
