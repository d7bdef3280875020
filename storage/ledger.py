"""The truth about what has been done: jobs, their steps, leases, and attempts.

A step is claimed by compare-and-set and held by a lease: an owner, a time of expiry, and a fencing token that grows with each
claim. Only the holder of the newest token can commit, so a process that slept past its lease cannot overwrite the work
of the one that took over. Attempts are counted before the work starts, so a step that kills its process is counted too.

A step also has a key: a digest over everything that its result depends on. A finished step with the same key, of
whatever job, is the same work; `finished` finds it, and nothing is done twice.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from sqlalchemy import Connection, Engine, Row, and_, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.database import lightly, reading
from storage.documents import Episode
from storage.episodes import remember
from storage.errors import NotFound, Poisoned, StepBusy
from storage.leases import finish, given_back, take, write
from storage.outlook import read_standing
from storage.records import (
    ENDED_STATES,
    LEASE_SECONDS,
    MAX_ATTEMPTS,
    OPEN_STATES,
    JobRecord,
    JobState,
    Lease,
    Standing,
    StepRecord,
    job_of,
    step_label,
    step_of,
)
from storage.statements import FINISHED
from storage.tables import jobs, steps
from storage.transitions import end_job

_STEPS_OF_JOB = (
    select(steps).where(steps.c.job_id == bindparam("job")).order_by(steps.c.started_at.nulls_last(), steps.c.name, steps.c.part)
)
_this = jobs.alias("this")
_OTHERS_OF_EPISODE = (
    select(jobs.c.id)
    .join(_this, _this.c.episode_id == jobs.c.episode_id)
    .where(_this.c.id == bindparam("job"), jobs.c.id != bindparam("job"), jobs.c.state.in_(OPEN_STATES))
    .limit(1)
)
_OUTPUTS_IN_USE = (
    select(steps.c.output)
    .join(jobs)
    .where(steps.c.name == bindparam("step"), steps.c.state == "done")
    .where(jobs.c.id != bindparam("job"), jobs.c.state.in_(OPEN_STATES))
)


class Ledger:
    """Jobs and steps in a database; every method is one transaction."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    # -------------------------------------------------------------- jobs

    def remember(self, episode: Episode) -> None:
        """Put an episode among those that were asked for, or bring what its publisher says of it up to date."""
        with self._engine.begin() as connection:
            remember(connection, episode, self._clock())

    def open_job(self, episode_id: str, options_key: str, title: str) -> JobRecord:
        """Return the job for this episode and these options; make it if there is none."""
        now = self._clock()
        values = {
            "id": secrets.token_hex(8), "episode_id": episode_id, "options_key": options_key, "title": title,
            "state": "queued", "reason": "", "created_at": now, "updated_at": now,
        }  # fmt: skip
        wanted = and_(jobs.c.episode_id == episode_id, jobs.c.options_key == options_key)
        with self._engine.begin() as connection:
            row = connection.execute(select(jobs).where(wanted)).first()
            if row is None:
                connection.execute(insert(jobs).values(values))
                row = connection.execute(select(jobs).where(wanted)).one()
        return job_of(row)

    def job(self, job_id: str) -> JobRecord:
        """Return one job; `NotFound` if there is none."""
        with reading(self._engine) as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
        if row is None:
            raise NotFound(f"There is no job {job_id}.", hint="List the jobs to see their ids.")
        return job_of(row)

    def set_job(self, job_id: str, state: JobState, *, reason: str = "", output: str | None = None) -> None:
        """Move a job of this process to a state, with the reason in words, whatever it was before."""
        now = self._clock()
        values = {"state": state, "reason": reason, "output": output, "updated_at": now}
        with self._engine.begin() as connection:
            ended = state in ENDED_STATES and end_job(connection, job_id, state, now, reason=reason, output=output)
            if not ended:
                connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))

    def has_others(self, job_id: str) -> bool:
        """Tell whether another job of the same episode is queued or running."""
        with reading(self._engine) as connection:
            return connection.execute(_OTHERS_OF_EPISODE, {"job": job_id}).first() is not None

    def outputs_in_use(self, name: str, job_id: str) -> tuple[str, ...]:
        """Return what finished steps of this name made for other jobs that are queued or running."""
        with reading(self._engine) as connection:
            return tuple(connection.execute(_OUTPUTS_IN_USE, {"job": job_id, "step": name}).scalars())

    # -------------------------------------------------------------- steps

    def steps(self, job_id: str) -> tuple[StepRecord, ...]:
        """Return the steps of a job in the order in which they were first claimed."""
        with reading(self._engine) as connection:
            rows = connection.execute(_STEPS_OF_JOB, {"job": job_id}).all()
        return tuple(step_of(row) for row in rows)

    def standing(self, job_id: str, step: tuple[str, int] | None = None) -> Standing:
        """Return what a job asks for and its steps, as of one moment; `NotFound` if there is no such job.

        With the name and part of a step, return what was made under its key as well.
        """
        with reading(self._engine) as connection:
            return read_standing(connection, job_id, step)

    def finished(self, key: str) -> str | None:
        """Return the output of a finished step with this key, the newest one, whatever job it belongs to."""
        with reading(self._engine) as connection:
            return cast("str | None", connection.execute(FINISHED, {"wanted": key}).scalar())

    def newest_output(self, episode_id: str, name: str) -> str | None:
        """Return what the step of this name last made for an episode, in any of its jobs; none if it never ended well."""
        query = select(steps.c.output).join(jobs, jobs.c.id == steps.c.job_id).order_by(steps.c.finished_at.desc())
        mine = (jobs.c.episode_id == episode_id, steps.c.name == name, steps.c.state == "done", steps.c.output.is_not(None))
        with reading(self._engine) as connection:
            return cast("str | None", connection.execute(query.where(*mine).limit(1)).scalar())

    def forget(self, key: str) -> None:
        """Let the finished steps with this key be done again (their output is gone)."""
        again = {"state": "queued", "queue": None, "output": None, "attempts": 0}  # whoever wants it plans it anew
        with self._engine.begin() as connection:
            connection.execute(update(steps).where(steps.c.key == key, steps.c.state == "done").values(again))

    def adopt(self, job_id: str, name: str, part: int, key: str, output: str, *, request: str | None = None) -> None:
        """Record a step of this job as done by earlier work with the same key.

        With `request`, the job is left alone if it asks for something else by now.
        """
        now = self._clock()
        with self._engine.begin() as connection:
            if not still_asks(connection, job_id, request):
                return
            _ensure_step(connection, job_id, name, part, key)
            here = (steps.c.job_id == job_id, steps.c.name == name, steps.c.part == part)
            times = {name: func.coalesce(steps.c[name], now) for name in ("started_at", "finished_at")}
            values = {"state": "done", "output": output, "key": key, "error": "", **times}
            connection.execute(update(steps).where(*here, steps.c.state != "running").values(values))

    def claim(
        self,
        job_id: str,
        name: str,
        part: int,
        key: str,
        owner: str,
        *,
        seconds: float = LEASE_SECONDS,
        is_gone: Callable[[str], bool] = lambda _: False,
    ) -> Lease:
        """Take this step for `owner`, count the attempt, and return the lease.

        A step whose lease ran out, or whose owner `is_gone`, can be taken over. Raises `StepBusy` while somebody else holds
        it and `Poisoned` when it was claimed `MAX_ATTEMPTS` times without coming to an end.
        """
        now = self._clock()
        with self._engine.begin() as connection:
            row = _ensure_step(connection, job_id, name, part, key)
            if row.state == "running" and row.expires_at > now and not is_gone(row.owner):
                wait = max(0.0, row.expires_at - now)
                raise StepBusy(
                    f"Another process is at work on {step_label(name, part)} of this episode.",
                    hint="Wait for it to end, or stop it.",
                    retry_after=wait,
                )
            same = row.key == key
            attempts = row.attempts if same else 0
            if attempts >= MAX_ATTEMPTS:
                raise Poisoned(
                    f"{step_label(name, part)} brought its process down {attempts} times.",
                    hint="Look at memory and at the log; `--force` tries once more.",
                )
            lease = Lease(job_id, name, part, owner, row.token + 1, now + seconds)
            taken = take(connection, lease, now, key=key, attempts=attempts + 1)
        if not taken:
            raise StepBusy(f"Another process just took {step_label(name, part)}.", hint="Wait for it to end, or stop it.")
        return lease

    def renew(
        self, lease: Lease, *, seconds: float = LEASE_SECONDS, done: float | None = None, total: float | None = None
    ) -> Lease:
        """Prolong a lease, and note how much is done; `LeaseLost` if somebody else holds the step by now."""
        until = self._clock() + seconds
        moved = {name: value for name, value in (("done", done), ("total", total)) if value is not None}
        with lightly(self._engine) as connection:
            write(connection, lease, {"expires_at": until, **moved}, at=until)
        return replace(lease, expires_at=until)

    def commit(self, lease: Lease, output: str) -> None:
        """Record the step as done, with the digest of its output; `LeaseLost` if the token is stale."""
        with self._engine.begin() as connection:
            finish(connection, lease, output, self._clock())

    def fail(self, lease: Lease, error: str) -> None:
        """Record why the step failed. It came to an end, so it is not poison: its attempts start anew."""
        values = {"state": "failed", "error": error, "attempts": 0, "finished_at": self._clock()}
        self._write(lease, values, event="step.failed", error=error)

    def release(self, lease: Lease) -> None:
        """Give a step back undone, as on Ctrl-C; the attempt does not count."""
        self._write(lease, given_back(steps.c.attempts - 1), event="step.returned")

    def release_all(self, job_id: str, owner: str) -> None:
        """Give back every step of a job that `owner` holds: an interruption may fall between a claim and the work."""
        held = (steps.c.job_id == job_id, steps.c.owner == owner, steps.c.state == "running")
        with self._engine.begin() as connection:
            connection.execute(update(steps).where(*held).values(given_back(steps.c.attempts - 1)))

    def reset_attempts(self, job_id: str) -> None:
        """Let a person try the poisoned steps of a job once more."""
        with self._engine.begin() as connection:
            connection.execute(update(steps).where(steps.c.job_id == job_id, steps.c.state != "done").values(attempts=0))

    def _write(self, lease: Lease, values: dict[str, object], *, event: str | None = None, **data: object) -> None:
        with self._engine.begin() as connection:
            write(connection, lease, values, at=self._clock(), event=event, **data)


def still_asks(connection: Connection, job_id: str, request: str | None) -> bool:
    """Tell whether a job asks for what was read before it was planned; a plan for an earlier request is void."""
    if request is None:
        return True
    return connection.execute(select(jobs.c.id).where(jobs.c.id == job_id, jobs.c.request == request)).first() is not None


def _ensure_step(connection: Connection, job_id: str, name: str, part: int, key: str) -> Row[Any]:
    query = select(steps).where(steps.c.job_id == job_id, steps.c.name == name, steps.c.part == part)
    row = connection.execute(query).first()
    if row is None:
        values = {"job_id": job_id, "name": name, "part": part, "key": key, "state": "queued"}
        try:
            connection.execute(insert(steps).values(values))
        except IntegrityError as error:
            raise NotFound(f"There is no job {job_id}.", hint="List the jobs to see their ids.") from error
        row = connection.execute(query).one()
    return row
