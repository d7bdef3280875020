"""The progress of a job that workers do, told as `earmark run` tells its own: the ledger's rows become the same events."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from jobs.events import EpisodeBegan, Event, Listener, Noticed, StepBegan, StepEnded, StepMoved, StepName, Unit
from service.standing import all_standing
from storage.documents import Episode, Notice
from storage.records import JobRecord, StepRecord
from worker.stores import Stores

EVERY = 0.5
"""Seconds between two looks at the ledger."""

_STANDING_EVERY = 10.0
"""Seconds between two looks whether anything moves at all."""

_Place = tuple[str, int]


@dataclass
class Follower:
    """Turns what changed in a job's rows since the last look into events."""

    _seen: dict[_Place, StepRecord] = field(default_factory=dict)

    def look(self, steps: Sequence[StepRecord]) -> Iterator[Event]:
        """Yield what happened, given the steps as they are now."""
        whole: dict[str, float] = {}
        for step in steps:
            whole[step.name] = whole.get(step.name, 0.0) + (step.total or 0.0)
        for step in steps:
            before = self._seen.get((step.name, step.part))
            self._seen[step.name, step.part] = step
            yield from _changes(before, step, whole[step.name] or None)


def follow(stores: Stores, job_id: str, listener: Listener, *, every: float = EVERY) -> JobRecord:
    """Tell the listener what happens in a job until it ends; return it as it ended."""
    follower, standing_at, said = Follower(), 0.0, ""
    job = stores.requests.get(job_id)
    listener(EpisodeBegan(Episode(id=job.episode_id, title=job.title, show=job.show)))
    while True:
        job = stores.requests.get(job_id)
        for event in follower.look(stores.ledger.steps(job_id)):
            listener(event)
        if job.ended:
            return job
        if time.monotonic() >= standing_at:
            standing_at = time.monotonic() + _STANDING_EVERY
            words = " ".join(all_standing(stores))
            if words and not said:
                listener(Noticed(Notice(code="queue_stands", message=words), loud=True))
            said = words
        time.sleep(every)


def _changes(before: StepRecord | None, now: StepRecord, whole: float | None) -> Iterator[Event]:
    name = cast("StepName", now.name)
    anew = before is None or (before.key, before.state, before.started_at) != (now.key, now.state, now.started_at)
    if anew and now.state == "running":
        yield StepBegan(name, now.part, now.parts)
    if now.state == "running" and now.done is not None and (before is None or before.done != now.done):
        unit = cast("Unit", now.unit or "seconds")
        yield StepMoved(name, now.part, now.done, now.total, whole, unit)
    if anew and now.state == "done":
        reused = now.attempts == 0  # nobody claimed it for this job
        took = (now.finished_at or 0.0) - (now.started_at or 0.0)
        yield StepEnded(name, now.part, now.parts, reused, now.total, 0.0 if reused else took)
    if now.error and now.state != "done" and (before is None or before.error != now.error):
        words = now.error if now.state == "failed" else f"{now.error.rstrip('.')}; it is tried again."
        yield Noticed(Notice(code=f"step_{now.state}", message=f"{now.label}: {words}"))
