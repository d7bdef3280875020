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
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.database import reading
from storage.errors import LeaseLost, NotFound, Poisoned, StepBusy
from storage.tables import jobs, steps

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
StepState = Literal["queued", "running", "done", "failed"]

LEASE_SECONDS = 60.0
"""How long a step stays with a process that gives no sign of life."""

MAX_ATTEMPTS = 3
"""Claims after which a step that never came to an end is taken for poison."""


@dataclass(frozen=True)
class JobRecord:
    """One request to process one episode with given options."""

    id: str
    episode_id: str
    title: str
    state: JobState
    reason: str
    output: str | None
    """Digest of the transcript, once there is one."""


@dataclass(frozen=True)
class StepRecord:
    """One unit of work of a job."""

    job_id: str
    name: str
    part: int
    key: str
    state: StepState
    attempts: int
    output: str | None
    error: str


@dataclass(frozen=True)
class Lease:
    """The right to work on a step, until `expires_at`."""

    job_id: str
    name: str
    part: int
    owner: str
    token: int
    expires_at: float


class Ledger:
    """Jobs and steps in a database; every method is one transaction."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    # -------------------------------------------------------------- jobs

    def open_job(self, episode_id: str, options_key: str, title: str) -> JobRecord:
        """Return the job for this episode and these options; make it if there is none."""
        now = self._clock()
        values = {
            "id": secrets.token_hex(8), "episode_id": episode_id, "options_key": options_key, "title": title,
            "state": "queued", "reason": "", "created_at": now, "updated_at": now,
        }  # fmt: skip
        wanted = and_(jobs.c.episode_id == episode_id, jobs.c.options_key == options_key)
        try:
            with self._engine.begin() as connection:
                row = connection.execute(select(jobs).where(wanted)).first()
                if row is None:
                    connection.execute(insert(jobs).values(values))
                    row = connection.execute(select(jobs).where(wanted)).one()
        except IntegrityError:  # PostgreSQL: another process made it between the two
            with self._engine.begin() as connection:
                row = connection.execute(select(jobs).where(wanted)).one()
        return _job(row)

    def job(self, job_id: str) -> JobRecord:
        """Return one job; `NotFound` if there is none."""
        with reading(self._engine) as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
        if row is None:
            raise NotFound(f"There is no job {job_id}.", hint="List the jobs to see their ids.")
        return _job(row)

    def set_job(self, job_id: str, state: JobState, *, reason: str = "", output: str | None = None) -> None:
        """Move a job to a state, with the reason in words."""
        values = {"state": state, "reason": reason, "output": output, "updated_at": self._clock()}
        with self._engine.begin() as connection:
            connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))

    def unfinished_jobs(self) -> tuple[JobRecord, ...]:
        """Return the jobs that are queued or running."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(jobs).where(jobs.c.state.in_(("queued", "running")))).all()
        return tuple(_job(row) for row in rows)

    # -------------------------------------------------------------- steps

    def steps(self, job_id: str) -> tuple[StepRecord, ...]:
        """Return the steps of a job in the order in which they were first claimed."""
        order = (steps.c.started_at.nulls_last(), steps.c.name, steps.c.part)
        with reading(self._engine) as connection:
            rows = connection.execute(select(steps).where(steps.c.job_id == job_id).order_by(*order)).all()
        return tuple(_step(row) for row in rows)

    def finished(self, key: str) -> str | None:
        """Return the output of a finished step with this key, the newest one, whatever job it belongs to."""
        query = select(steps.c.output).where(steps.c.key == key, steps.c.state == "done").order_by(steps.c.finished_at.desc())
        with reading(self._engine) as connection:
            return cast("str | None", connection.execute(query.limit(1)).scalar())

    def forget(self, key: str) -> None:
        """Let the finished steps with this key be done again (their output is gone)."""
        again = {"state": "queued", "output": None, "attempts": 0}
        with self._engine.begin() as connection:
            connection.execute(update(steps).where(steps.c.key == key, steps.c.state == "done").values(again))

    def adopt(self, job_id: str, name: str, part: int, key: str, output: str) -> None:
        """Record a step of this job as done by earlier work with the same key."""
        now = self._clock()
        with self._engine.begin() as connection:
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
        """Take a step for `owner`, count the attempt, and return the lease.

        A step whose lease ran out, or whose owner `is_gone`, can be taken over. Raises `StepBusy` while somebody else holds
        it and `Poisoned` when it was claimed `MAX_ATTEMPTS` times without coming to an end.
        """
        now = self._clock()
        with self._engine.begin() as connection:
            row = _ensure_step(connection, job_id, name, part, key)
            if row.state == "running" and row.expires_at > now and not is_gone(row.owner):
                wait = max(0.0, row.expires_at - now)
                raise StepBusy(
                    f"Another process is at work on {_label(name, part)} of this episode.",
                    hint="Wait for it to end, or stop it.",
                    retry_after=wait,
                )
            same = row.key == key
            attempts = row.attempts if same else 0
            if attempts >= MAX_ATTEMPTS:
                raise Poisoned(
                    f"{_label(name, part)} brought its process down {attempts} times.",
                    hint="Look at memory and at the log; `--force` tries once more.",
                )
            lease = Lease(job_id, name, part, owner, row.token + 1, now + seconds)
            values = {
                "key": key, "state": "running", "attempts": attempts + 1, "token": lease.token, "owner": owner,
                "expires_at": lease.expires_at, "started_at": now, "finished_at": None, "output": None, "error": "",
            }  # fmt: skip
            claimed = connection.execute(update(steps).where(*_here(lease), steps.c.token == row.token).values(values))
        if claimed.rowcount != 1:
            raise StepBusy(f"Another process just took {_label(name, part)}.", hint="Wait for it to end, or stop it.")
        return lease

    def renew(self, lease: Lease, *, seconds: float = LEASE_SECONDS) -> Lease:
        """Prolong a lease; `LeaseLost` if somebody else holds the step by now."""
        until = self._clock() + seconds
        self._write(lease, {"expires_at": until})
        return Lease(lease.job_id, lease.name, lease.part, lease.owner, lease.token, until)

    def commit(self, lease: Lease, output: str) -> None:
        """Record the step as done, with the digest of its output; `LeaseLost` if the token is stale."""
        self._write(lease, {"state": "done", "output": output, "finished_at": self._clock(), "error": ""})

    def fail(self, lease: Lease, error: str) -> None:
        """Record why the step failed. It came to an end, so it is not poison: its attempts start anew."""
        self._write(lease, {"state": "failed", "error": error, "attempts": 0, "finished_at": self._clock()})

    def release(self, lease: Lease) -> None:
        """Give a step back undone, as on Ctrl-C; the attempt does not count."""
        self._write(lease, {"state": "queued", "attempts": steps.c.attempts - 1, "owner": None, "expires_at": None})

    def release_all(self, job_id: str, owner: str) -> None:
        """Give back every step of a job that `owner` holds: an interruption may fall between a claim and the work."""
        held = (steps.c.job_id == job_id, steps.c.owner == owner, steps.c.state == "running")
        values = {"state": "queued", "attempts": steps.c.attempts - 1, "owner": None, "expires_at": None}
        with self._engine.begin() as connection:
            connection.execute(update(steps).where(*held).values(values))

    def reset_attempts(self, job_id: str) -> None:
        """Let a person try the poisoned steps of a job once more."""
        with self._engine.begin() as connection:
            connection.execute(update(steps).where(steps.c.job_id == job_id, steps.c.state != "done").values(attempts=0))

    def _write(self, lease: Lease, values: dict[str, object]) -> None:
        held = and_(*_here(lease), steps.c.token == lease.token, steps.c.state == "running")
        with self._engine.begin() as connection:
            written = connection.execute(update(steps).where(held).values(values))
        if written.rowcount != 1:
            raise LeaseLost(
                f"{_label(lease.name, lease.part)} went to another process meanwhile; this result is not used.",
                hint="Nothing is lost: the other process goes on.",
            )


def _here(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    return (steps.c.job_id == lease.job_id, steps.c.name == lease.name, steps.c.part == lease.part)


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


def _job(row: Row[Any]) -> JobRecord:
    return JobRecord(row.id, row.episode_id, row.title, row.state, row.reason, row.output)


def _step(row: Row[Any]) -> StepRecord:
    return StepRecord(row.job_id, row.name, row.part, row.key, row.state, row.attempts, row.output, row.error)


def _label(name: str, part: int) -> str:
    return f"{name}[{part}]" if name == "transcribe" else name
