"""What the service costs over `earmark run`: one episode, one worker, the real engine.

    python -m benchmarks.overhead [--model DIR] [--minutes 10] [--rounds 3]

`earmark run` is a process of its own each time, with an empty data folder and one batch at a time (`--workers 1`); the service is
a worker that is up and has done an episode before, with one step at a time, from the submission to the end of the job. In turns,
the same audio (in another file each time), model and threads. Exits with 1 if the service takes more than 5 % and
two seconds longer.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from mutagen.id3 import ID3, TXXX

from benchmarks.children import run_python, warm_up
from benchmarks.recordings import EXAMPLE, EXAMPLE_MODEL, repeat_mp3
from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.engines.devices import usable_cores
from jobs.options import Options
from storage.documents import Episode, Publication
from tests.yard import Yard, open_yard
from worker.desk import Asked

SHARE, SECONDS = 0.05, 2.0


def numbered(audio: Path, number: int) -> Path:
    """Return a copy of the audio that no result of another serves."""
    copy = audio.with_name(f"number {number}.mp3")
    shutil.copyfile(audio, copy)
    tags = ID3()
    tags.add(TXXX(desc="number", text=str(number)))
    tags.save(copy)
    return copy


def by_hand(audio: Path, model: Path) -> float:
    """Return the wall time of `earmark run`, seconds."""
    with tempfile.TemporaryDirectory() as folder:
        speech = ["--engine", "whisper", "--model", str(model), "--device", "cpu", "--compute-type", "int8", "--workers", "1"]
        command = ["-m", "service.cli", "run", str(audio), "--diarizer", "none", *speech, "-o", f"{folder}/out", "--json"]
        return run_python(command, environment={"EARMARK_DATA_DIR": f"{folder}/data"}).wall


def by_service(yard: Yard, audio: Path, model: Path, *, threads: int = 0, workers: int = 1) -> float:
    """Return the time from the submission to the job's end, seconds; 0 threads are all, 0 workers what suits them."""
    options = Options(
        engine="whisper", model=str(model), device="cpu", compute_type="int8", diarizer="none", threads=threads, workers=workers
    )
    publication = Publication(episode=Episode(id=f"ep_{audio.stem}", title=audio.stem, audio_url=audio.as_uri()))
    job = yard.desk.submit(Asked(publication, options)).job
    ended = yard.ended(job, seconds=3600)
    if ended.state != "done":
        raise RuntimeError(ended.reason)
    return ended.updated_at - ended.created_at


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--model", type=Path, default=EXAMPLE_MODEL)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name, open_yard(Path(name)) as yard:
        audio = repeat_mp3(EXAMPLE / "episode.mp3", Path(name) / "long.mp3", given.minutes * 60)
        yard.worker()
        yard.all_ready()
        warm_up("service.cli")
        by_service(yard, numbered(repeat_mp3(EXAMPLE / "episode.mp3", Path(name) / "short.mp3", 60), 0), given.model)
        for number in range(1, given.rounds + 1):
            copy = numbered(audio, number)
            alone, served = by_hand(copy, given.model), by_service(yard, copy, given.model)
            row: Row = {"round": number, "earmark run s": alone, "service s": served}
            rows.append({**row, "ratio": served / alone, "more s": served - alone})
    excess = median(float(row["service s"] or 0) - (1 + SHARE) * float(row["earmark run s"] or 0) for row in rows)
    goals = [Goal(f"service over earmark run less {SHARE:.0%}, median", excess, SECONDS, " s")]
    settings = {"minutes": given.minutes, "model": given.model.name, "cores": usable_cores()}
    return show(Report("The service over earmark run, one episode and one worker", rows, goals, [], settings), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
