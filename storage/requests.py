"""What people ask of the service: jobs submitted, listed, cancelled, tried again, and removed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from storage.database import reading
from storage.documents import Episode
from storage.episodes import remember
from storage.errors import NotFound, OptionError
from storage.ledger import still_asks
from storage.paging import Page, page_of, place_of
from storage.records import ENDED_STATES, OPEN_STATES, JobRecord, JobState, job_of
from storage.tables import episodes, jobs, steps
from storage.transitions import end_job, record_event
from storage.webhooks import with_webhook

SHORTEST_ID = 4
"""Characters of a job's id that may stand for the whole of it."""


@dataclass(frozen=True)
class NewJob:
    """A job to be submitted."""

    episode: Episode
    options_key: str
    request: str
    """What the workers need to do it, as JSON (`jobs.request.JobRequest`)."""
    priority: int = 0
    webhook: str | None = None
    """Where to tell of its end, as JSON (`url` and `secret`)."""
    again: bool = False
    """Do it even if it was done before."""


@dataclass(frozen=True)
class Submitted:
    """A job, and whether this submission made it or set it going again."""

    job: JobRecord
    fresh: bool


class Requests:
    """The jobs of the service; every method is one transaction."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def submit(self, new: NewJob) -> Submitted:
        """Return the one job for this episode and these options.

        One that is open or done is returned as it is, though an open one will tell a new webhook of its end too; one that failed
        or was cancelled, or was only run by hand, is set going again, as is a done one with `again`.
        """
        try:
            with self._engine.begin() as connection:
                return self._submit(connection, new)
        except IntegrityError:  # PostgreSQL: another process made it between the look and the insert
            with self._engine.begin() as connection:
                return self._submit(connection, new)

    def _submit(self, connection: Connection, new: NewJob) -> Submitted:
        now = self._clock()
        remember(connection, new.episode, now)
        wanted = and_(jobs.c.episode_id == new.episode.id, jobs.c.options_key == new.options_key)
        row = connection.execute(select(jobs).where(wanted).with_for_update()).first()
        values = {
            "title": new.episode.title, "show": new.episode.show, "request": new.request, "priority": new.priority,
            "webhook": new.webhook, "state": "queued", "reason": "", "output": None, "updated_at": now,
        }  # fmt: skip
        if row is None:
            job_id = secrets.token_hex(8)
            made = {"id": job_id, "episode_id": new.episode.id, "options_key": new.options_key, "created_at": now}
            connection.execute(insert(jobs).values({**made, **values}))
        else:
            job_id = row.id
            unfinished = row.state in {"failed", "cancelled"} or (row.request is None and row.state != "done")
            if not (unfinished or new.again):
                if new.webhook is not None and row.state in OPEN_STATES:
                    told = with_webhook(row.webhook, new.webhook)
                    connection.execute(update(jobs).where(jobs.c.id == job_id).values(webhook=told))
                return Submitted(job_of(row), fresh=False)
            _start_over(connection, job_id)
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))
        record_event(connection, job_id, "job.queued", now)
        return Submitted(job_of(connection.execute(select(jobs).where(jobs.c.id == job_id)).one()), fresh=True)

    def get(self, job_id: str) -> JobRecord:
        """Return one job; `NotFound` if there is none."""
        with reading(self._engine) as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
        if row is None:
            raise _no_job(job_id)
        return job_of(row)

    def named(self, beginning: str) -> JobRecord:
        """Return the one job whose id begins so; `NotFound` if there is none, `OptionError` if it may mean several."""
        if len(beginning) < SHORTEST_ID:
            raise OptionError(f"{beginning!r} is too short to name a job.", hint=f"Give {SHORTEST_ID} characters or more.")
        query = select(jobs).where(jobs.c.id.startswith(beginning, autoescape=True)).order_by(jobs.c.id).limit(4)
        with reading(self._engine) as connection:
            found = [job_of(row) for row in connection.execute(query)]
        if not found:
            raise _no_job(beginning)
        if len(found) > 1 and found[0].id != beginning:
            ids = ", ".join(job.id for job in found)
            raise OptionError(f"Several jobs begin with {beginning}: {ids}.", hint="Give more of the id.")
        return found[0]

    def list(
        self,
        *,
        states: tuple[JobState, ...] = (),
        episode_id: str | None = None,
        query: str | None = None,
        ids: Collection[str] | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Page[JobRecord]:
        """Return a page of jobs, the newest first.

        `query` is a piece of the title or show, in any case; with `ids`, all others are left out.
        """
        wanted = select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit + 1)
        if states:
            wanted = wanted.where(jobs.c.state.in_(states))
        if episode_id is not None:
            wanted = wanted.where(jobs.c.episode_id == episode_id)
        if ids is not None:
            wanted = wanted.where(jobs.c.id.in_(ids))
        if query:
            titles = (func.lower(jobs.c.title), func.lower(func.coalesce(jobs.c.show, "")))
            wanted = wanted.where(or_(*(title.contains(query.lower(), autoescape=True) for title in titles)))
        if after is not None:
            wanted = wanted.where(tuple_(jobs.c.created_at, jobs.c.id) < tuple_(*place_of(after)))
        with reading(self._engine) as connection:
            rows = connection.execute(wanted).all()
        return page_of([job_of(row) for row in rows], limit, lambda job: (job.created_at, job.id))

    def counts(self) -> dict[str, int]:
        """Return how many jobs there are in each state."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)).all()
        return {row[0]: row[1] for row in rows}

    def cancel(self, job_id: str, *, reason: str = "cancelled by a person") -> JobRecord:
        """Cancel an open job: work on it stops at its next sign of life. One that has ended stays as it is."""
        with self._engine.begin() as connection:
            end_job(connection, job_id, "cancelled", self._clock(), reason=reason)
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
        if row is None:
            raise _no_job(job_id)
        return job_of(row)

    def retry(self, job_id: str) -> Submitted:
        """Set a failed or cancelled job going again; its finished steps are kept. Any other stays as it is."""
        now = self._clock()
        with self._engine.begin() as connection:
            again = (jobs.c.id == job_id, jobs.c.state.in_(("failed", "cancelled")), jobs.c.request.is_not(None))
            values = {"state": "queued", "reason": "", "output": None, "updated_at": now}
            fresh = connection.execute(update(jobs).where(*again).values(values)).rowcount == 1
            if fresh:
                _start_over(connection, job_id)
                record_event(connection, job_id, "job.queued", now, retry=True)
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
        if row is None:
            raise _no_job(job_id)
        return Submitted(job_of(row), fresh)

    def done(self, job_id: str, output: str, *, request: str | None = None) -> bool:
        """Record a job's transcript, which ends it; False if it has ended already, or asks for something else than `request`."""
        with self._engine.begin() as connection:
            return still_asks(connection, job_id, request) and end_job(connection, job_id, "done", self._clock(), output=output)

    def failed(self, job_id: str, reason: str, *, request: str | None = None) -> bool:
        """Record that a job cannot be done, which ends it; False if it has ended already, or asks for something else by now."""
        with self._engine.begin() as connection:
            return still_asks(connection, job_id, request) and end_job(connection, job_id, "failed", self._clock(), reason=reason)

    def purge(self, *, before: float, states: tuple[JobState, ...] = ("failed", "cancelled")) -> int:
        """Remove ended jobs that were last touched before `before`, with their steps and events; return how many.

        A done job stays as long as nothing else keeps its episode's transcript.
        """
        with self._engine.begin() as connection:
            return connection.execute(delete(jobs).where(_purgeable(before, states))).rowcount

    def purgeable(self, *, before: float, states: tuple[JobState, ...] = ("failed", "cancelled")) -> int:
        """Return how many jobs `purge` would remove."""
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).where(_purgeable(before, states))).scalar_one())


def _purgeable(before: float, states: tuple[JobState, ...]) -> ColumnElement[bool]:
    kept = exists().where(episodes.c.id == jobs.c.episode_id, episodes.c.transcript.is_not(None))
    ended = jobs.c.state.in_(tuple(set(states) & set(ENDED_STATES)))
    return and_(ended, jobs.c.updated_at < before, or_(jobs.c.state != "done", kept))


def _start_over(connection: Connection, job_id: str) -> None:
    """Take what is not done out of the queues; whoever still works on it finds its token stale."""
    counts = {"attempts": 0, "faults": 0, "failures": 0}
    values = {"state": "failed", "queue": None, "token": steps.c.token + 1, "owner": None, **counts}
    connection.execute(update(steps).where(steps.c.job_id == job_id, steps.c.state != "done").values(values))


def _no_job(job_id: str) -> NotFound:
    return NotFound(f"There is no job {job_id}.", hint="List the jobs to see their ids.")
