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

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.database import lightly, reading
from storage.documents import Episode
from storage.episodes import remember
from storage.errors import LeaseLost, NotFound, Poisoned, StepBusy
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
from storage.tables import jobs, steps
from storage.transitions import end_job, record_event

# Statements of the hot path are built once: building one costs more than running it.
_STEPS_OF_JOB = (
    select(steps).where(steps.c.job_id == bindparam("job")).order_by(steps.c.started_at.nulls_last(), steps.c.name, steps.c.part)
)
_REQUEST = select(jobs.c.request).where(jobs.c.id == bindparam("job"))
_FINISHED = (
    select(steps.c.output)
    .where(steps.c.key == bindparam("wanted"), steps.c.state == "done")
    .order_by(steps.c.finished_at.desc())
    .limit(1)
)
_UNTOUCHED = update(steps).where(
    steps.c.job_id == bindparam("of_job"),
    steps.c.name == bindparam("of_name"),
    steps.c.part == bindparam("of_part"),
    steps.c.token == bindparam("seen"),
)
_HELD = _UNTOUCHED.where(steps.c.state == "running")


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

    def has_others(self, episode_id: str, job_id: str) -> bool:
        """Tell whether another job of the same episode is queued or running."""
        other = (jobs.c.episode_id == episode_id, jobs.c.id != job_id, jobs.c.state.in_(OPEN_STATES))
        with reading(self._engine) as connection:
            return connection.execute(select(jobs.c.id).where(*other).limit(1)).first() is not None

    def outputs_in_use(self, name: str, job_id: str) -> tuple[str, ...]:
        """Return what finished steps of this name made for other jobs that are queued or running."""
        other = (jobs.c.id != job_id, jobs.c.state.in_(OPEN_STATES))
        query = select(steps.c.output).join(jobs).where(steps.c.name == name, steps.c.state == "done", *other)
        with reading(self._engine) as connection:
            return tuple(connection.execute(query).scalars())

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
            found = _standing(connection, job_id)
            wanted = next((own.key for own in found.steps if (own.name, own.part) == step), None)
            if wanted is None:
                return found
            return replace(found, twin=connection.execute(_FINISHED, {"wanted": wanted}).scalar())

    def finished(self, key: str) -> str | None:
        """Return the output of a finished step with this key, the newest one, whatever job it belongs to."""
        with reading(self._engine) as connection:
            return cast("str | None", connection.execute(_FINISHED, {"wanted": key}).scalar())

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

    def commit(self, lease: Lease, output: str) -> Standing:
        """Record the step as done, with the digest of its output; `LeaseLost` if the token is stale.

        Return how the job stands with it: of two that commit at once, the second one sees both.
        """
        now = self._clock()
        values = {"state": "done", "output": output, "error": "", "finished_at": now}
        with self._engine.begin() as connection:
            write(connection, lease, values, at=now, event="step.done")
            return _standing(connection, lease.job_id)

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


def _standing(connection: Connection, job_id: str) -> Standing:
    job = connection.execute(_REQUEST, {"job": job_id}).first()
    if job is None:
        raise NotFound(f"There is no job {job_id}.", hint="List the jobs to see their ids.")
    rows = connection.execute(_STEPS_OF_JOB, {"job": job_id}).all()
    return Standing(job.request, tuple(step_of(row) for row in rows))


def take(connection: Connection, lease: Lease, now: float, *, key: str, attempts: int) -> bool:
    """Give the step to the lease's owner, by compare-and-set on the token; False if somebody was faster."""
    values = {
        "key": key, "state": "running", "attempts": attempts, "token": lease.token, "owner": lease.owner,
        "expires_at": lease.expires_at, "started_at": now, "finished_at": None, "output": None, "error": "", "done": None,
    }  # fmt: skip
    claimed = connection.execute(_UNTOUCHED, {**_place(lease), "seen": lease.token - 1, **values})
    if claimed.rowcount == 1:
        record_event(connection, lease.job_id, "step.started", now, step=lease.name, part=lease.part, attempt=attempts)
    return claimed.rowcount == 1


def write(
    connection: Connection, lease: Lease, values: dict[str, object], *, at: float, event: str | None = None, **data: object
) -> None:
    """Change a step that is still held under this lease; `LeaseLost` if it is not."""
    plain = {name: value for name, value in values.items() if not isinstance(value, ColumnElement)}
    statement = _HELD if len(plain) == len(values) else _HELD.values({n: v for n, v in values.items() if n not in plain})
    written = connection.execute(statement, {**_place(lease), "seen": lease.token, **plain})
    if written.rowcount != 1:
        raise LeaseLost(
            f"{step_label(lease.name, lease.part)} went to another process meanwhile; this result is not used.",
            hint="Nothing is lost: the other process goes on.",
        )
    if event is not None:
        record_event(connection, lease.job_id, event, at, step=lease.name, part=lease.part, **data)


def still_asks(connection: Connection, job_id: str, request: str | None) -> bool:
    """Tell whether a job asks for what was read before it was planned; a plan for an earlier request is void."""
    if request is None:
        return True
    return connection.execute(select(jobs.c.id).where(jobs.c.id == job_id, jobs.c.request == request)).first() is not None


def given_back(attempts: object) -> dict[str, object]:
    """Return the values of a step that nobody holds and that may be claimed again."""
    return {"state": "queued", "attempts": attempts, "owner": None, "expires_at": None, "announced_at": None, "done": None}


def _place(lease: Lease) -> dict[str, object]:
    return {"of_job": lease.job_id, "of_name": lease.name, "of_part": lease.part}


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
