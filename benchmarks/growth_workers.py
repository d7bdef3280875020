"""What work shared by 1 to 64 simulated workers costs beside the hearing: processor, ledger, Redis, memory.

Workers are real, in processes of `earmark worker` with up to eight slots, a child for each; what is simulated is hearing, for
which the scripted engine waits: `HEARING` seconds a part, and no processor. For every eight workers there is an episode, with
six parts of a minute for each worker, so that every worker has as much to do however many there are. Before it counts all
children have come up, with an episode of short parts under the same script; what that took is in the table for itself.

Timed from the first part's beginning to the last one's end. Efficiency is the time for which all parts together are heard over
that, per worker. The ledger's lock is looked at fifty times a second from outside. What breaks first is what is full, or would
be, at the smallest number of workers: all cores, the write lock of SQLite (one writer at a time), the one core that Redis uses,
nine tenths of the memory. Hearing is fast here, so the note says how many workers the processor could feed if a part of five
minutes took one to hear.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from benchmarks.growth_fit import Series, breaks_first, shown
from benchmarks.ledger_lock import LockWatch
from benchmarks.recordings import EXAMPLE, repeat_mp3, story_for
from benchmarks.table import Goal, Report, Row
from benchmarks.throughput import hold, let_go
from jobs.decoded import PreparedEpisode
from jobs.options import Options
from storage.documents import Episode, Publication
from storage.records import JobRecord, StepRecord
from tests.yard import Yard, open_yard, wait_for
from worker.desk import Asked

SLOTS = 8
"""Workers in one process, and workers for one episode."""

PARTS = 6
"""For each worker."""

PART = 60.0
HEARING = 3.0
"""Seconds that a part lasts, and for which it is heard."""

REAL_HEARING = 60.0
"""Seconds that a part of five minutes takes to be heard, for the estimate of what a machine can feed."""

FULL = 0.9
"""A share from which on something is full."""

MOST = 1.2
_WARM_PART = 20.0


@dataclass(frozen=True)
class Shared:
    """What came of one number of workers."""

    workers: int
    parts: int
    hearing: float
    """Seconds for which all parts together are heard."""
    span: float
    """Seconds from the first part's beginning to the last one's end."""
    cpu: float
    """Seconds of a processor in that time, of workers, children and Redis."""
    start_cpu: float
    """Seconds of a processor until all had come up."""
    redis_cpu: float
    redis: float
    """MiB of Redis."""
    memory: float
    """MiB of all processes, what they share counted once."""
    lock_busy: float
    """Share of time in which somebody was writing to the ledger."""
    lock_wait: float
    """Seconds that a writer waits, 95th percentile."""


def measure(workers: Sequence[int]) -> Report:
    """Let each number of workers do its share."""
    found = []
    for count in sorted(workers):
        with tempfile.TemporaryDirectory() as name, open_yard(Path(name)) as yard:
            found.append(share_out(yard, count))
        print(found[-1], file=sys.stderr, flush=True)
    return report(found)


def share_out(yard: Yard, count: int) -> Shared:
    """Let so many workers do their episodes."""
    each = PARTS * min(count, SLOTS)
    options = _options(yard, each)
    hearing = [yard.worker(queues="asr", slots=min(SLOTS, count - begin)) for begin in range(0, count, SLOTS)]
    others = [yard.worker(queues="fetch,cpu,diarize", slots=2)]
    yard.all_ready(seconds=600)
    _warm(yard, count, options)
    hold(yard, others)  # so that those who hear choose their engine for each job, and have nothing else to do yet
    jobs = [_submit(yard, number, each, options) for number in range(max(1, count // SLOTS))]
    wait_for(lambda: all(("transcriber", "done") in _states(yard, job) for job in jobs), seconds=600, what="all choices")
    hold(yard, hearing)
    let_go(others)
    wait_for(lambda: all(_parts(yard, job) for job in jobs), seconds=1800, what="all episodes' parts")
    members = [
        psutil.Process(pid) for worker in hearing for pid in (worker.process.pid, *(child.pid for child in worker.children))
    ]
    redis = psutil.Process(yard.redis.pid)
    before, redis_before = _worked(members), _worked([redis])
    with LockWatch(yard.settings.data_dir / "ledger.db") as lock:
        let_go(hearing)
        wait_for(lambda: all(_are_done(_parts(yard, job)) for job in jobs), seconds=3600, what="all parts")
    parts = [part for job in jobs for part in _parts(yard, job)]
    redis_cpu = _worked([redis]) - redis_before
    return Shared(
        workers=count,
        parts=len(parts),
        hearing=sum(_hearing(yard, job) for job in jobs),
        span=max(part.finished_at or 0.0 for part in parts) - min(part.started_at or 0.0 for part in parts),
        cpu=_worked(members) - before + redis_cpu,
        start_cpu=before,
        redis_cpu=redis_cpu,
        redis=redis.memory_info().rss / (1 << 20),
        memory=sum(member.memory_full_info().pss for member in [*members, redis]) / (1 << 20),
        lock_busy=lock.busy,
        lock_wait=float(np.percentile(lock.waits, 95)),
    )


def _options(yard: Yard, each: int) -> Options:
    script = yard.script(pace=HEARING / PART, sentences=story_for((each + 1) * PART))
    return Options(engine="scripted", model=str(script), diarizer="none", part_seconds=PART, language="en")


def _warm(yard: Yard, count: int, options: Options) -> None:
    """Let every worker's child come up, with parts for each, under the same script, so that it is read by then.

    A slot gets its child with its first part. The shorter parts are, the sooner others have taken them all.
    """
    for again in range(1, 5):
        part = again * _WARM_PART
        job = _submit_audio(
            yard, f"warm {again}", 2 * count * part, options.model_copy(update={"part_seconds": part}), skip=100 + again
        )
        yard.ended(job, seconds=1800)
        if sum(len(worker.children) for worker in yard.workers[:-1]) >= count:
            return
    raise RuntimeError(f"{count} workers did not all come up")


def _submit(yard: Yard, number: int, each: int, options: Options) -> JobRecord:
    return _submit_audio(yard, f"episode {number}", each * PART, options, skip=number)


def _submit_audio(yard: Yard, name: str, seconds: float, options: Options, *, skip: int) -> JobRecord:
    audio = repeat_mp3(EXAMPLE / "episode.mp3", yard.folder / f"{name}.mp3", seconds, skip=skip)
    publication = Publication(episode=Episode(id=f"ep_{name}", title=name, audio_url=audio.as_uri()))
    return yard.desk.submit(Asked(publication, options)).job


def _states(yard: Yard, job: JobRecord) -> set[tuple[str, str]]:
    return {(step.name, step.state) for step in yard.steps(job).values()}


def _parts(yard: Yard, job: JobRecord) -> list[StepRecord]:
    record = yard.job(job)
    if record.state == "failed":
        raise RuntimeError(f"{record.title} failed: {record.reason}")
    return [step for step in yard.steps(job).values() if step.name == "transcribe"]


def _hearing(yard: Yard, job: JobRecord) -> float:
    """Return for how many seconds the scripted engine waits for a job: by how much speech was found in its audio."""
    output = yard.steps(job)["prepare", 0].output
    speech = yard.desk.stores.results.read(output or "", PreparedEpisode).prepared.speech
    return sum(region.end - region.start for region in speech) * HEARING / PART


def _are_done(parts: Sequence[StepRecord]) -> bool:
    return all(part.state == "done" for part in parts)


def _worked(processes: Sequence[psutil.Process]) -> float:
    return sum(times.user + times.system for times in (process.cpu_times() for process in processes))


# ------------------------------------------------------------------ the table


def report(found: Sequence[Shared]) -> Report:
    """Put what came of each number of workers into a table."""
    cores, machine = psutil.cpu_count() or 1, psutil.virtual_memory().total / (1 << 20)
    sizes = [one.workers for one in found]
    costs = {
        "cpu s a part": [one.cpu / one.parts for one in found],
        "cpu s to come up": [one.start_cpu for one in found],
        "memory MiB": [one.memory for one in found],
        "Redis cpu ms a part": [1000 * one.redis_cpu / one.parts for one in found],
        "Redis MiB": [one.redis for one in found],
    }
    shares = {
        "processor": [one.cpu / (one.span * cores) for one in found],
        "ledger's lock": [one.lock_busy for one in found],
        "Redis": [one.redis_cpu / one.span for one in found],
        "memory": [one.memory / machine for one in found],
    }
    rows: list[Row] = [
        {
            "workers": f"{one.workers}", "parts": one.parts, "s": one.span,
            "efficiency": one.hearing / (one.workers * one.span),
            **{name: values[place] for name, values in costs.items()},
            "p95 ms for the lock": 1000 * one.lock_wait,
            **{f"{name} busy" if name != "memory" else "of all memory": values[place] for name, values in shares.items()},
        }
        for place, one in enumerate(found)
    ]  # fmt: skip
    grown = {name: Series(name, sizes, values, 0.0, "").growth.exponent for name, values in costs.items()}
    rows.append({"workers": "exponent", **{name: shown(value) for name, value in grown.items()}})
    full = [Series(f"the {name}", sizes, values, FULL, "of what there is") for name, values in shares.items()]
    a_part = max(costs["cpu s a part"])
    fed = cores * (REAL_HEARING + a_part) / a_part
    notes = [
        breaks_first(full, "workers"),
        (
            f"A part costs {a_part:.2f} s of processor beside its hearing at most: if hearing it takes {REAL_HEARING:.0f} s and "
            f"no processor of this machine, its {cores} cores are full at {fed:,.0f} workers."
        ),
    ]
    goals = [
        Goal(f"exponent of the {name}", grown[name], MOST)
        for name in ("cpu s a part", "memory MiB")
        if not math.isnan(grown[name])
    ]
    settings = {"workers": sizes, "parts for each": PARTS, "hearing": HEARING, "slots": SLOTS}
    return Report("Growth of the number of workers that wait as long as hearing takes", rows, goals, notes, settings)
