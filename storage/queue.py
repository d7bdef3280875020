"""The steps that workers may claim: put into queues when they are ready, taken in order of priority, put back when a worker dies.

The order is decided here, at the claim, and not by the broker: a message only says that there may be work in a queue. So a lost
message delays a step until the next sweep, a doubled one finds nothing to claim, and a new episode overtakes a backlog.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, exists, func, or_, select, update

from storage.database import lightly, reading
from storage.foremost import Room, foremost
from storage.leases import finish, given_back, take, write
from storage.outlook import Outlook, read_steps
from storage.queued import put_back, queue_steps
from storage.records import LEASE_SECONDS, OPEN_STATES, QUEUES, Hint, Lease, Queue, ReadyStep, Standing, StepRecord, step_of
from storage.statements import JOB
from storage.tables import jobs, steps
from storage.transitions import begin_job, end_job


@dataclass(frozen=True)
class Claim:
    """A step that was taken, and the right to work on it."""

    lease: Lease
    step: StepRecord


@dataclass(frozen=True)
class Committed:
    """What followed a finished step at once."""

    hints: tuple[Hint, ...] = ()
    """The steps that were queued."""
    ended: bool = False
    """Whether it was the last one, and ended its job."""
    standing: Standing | None = None
    """How the job stands, where it is to be planned again."""


@dataclass(frozen=True)
class Backlog:
    """How a queue stands."""

    queue: str
    waiting: int
    """Steps that could be claimed now."""
    running: int
    oldest: float | None
    """When the oldest waiting step's job was asked for."""


class StepQueue:
    """The claimable steps of the ledger; every method is one transaction."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    # -------------------------------------------------------------- in

    def enqueue(self, job_id: str, ready: Sequence[ReadyStep], *, request: str | None = None) -> tuple[Hint, ...]:
        """Queue the steps of an open job whose inputs are there; return those that were not queued or running before.

        What is known by the same key stays as it is, so planning twice queues nothing twice; a step with another key
        (the job was asked for anew) starts over. With `request`, nothing is queued if the job asks for something else by now.

        They count as announced: whoever queues them gives word of them next, and says `unheard` of those that could not be sent.
        """
        with lightly(self._engine) as connection:
            job = connection.execute(JOB, {"job": job_id}).first()
            if job is None or job.state not in OPEN_STATES or (request is not None and job.request != request):
                return ()
            return queue_steps(connection, job, read_steps(connection, job_id), ready, self._clock())

    # -------------------------------------------------------------- out

    def claim_next(
        self, queues: Iterable[Queue], owner: str, *, room_bytes: Room | None = None, seconds: float = LEASE_SECONDS
    ) -> Claim | None:
        """Take the foremost step of these queues for `owner` and count the attempt; none if there is nothing to do.

        Steps that need more memory than `room_bytes` says there is are left for a worker that has it.
        """
        now = self._clock()
        with lightly(self._engine) as connection:
            row = foremost(connection, queues, now, room_bytes)
            if row is None:
                return None
            lease = Lease(row.job_id, row.name, row.part, owner, row.token + 1, now + seconds)
            if not take(connection, lease, now, key=row.key, attempts=row.attempts + 1):
                return None
            if row.job_state == "queued":
                begin_job(connection, row.job_id, now)
        return Claim(lease, replace(step_of(row), state="running", attempts=row.attempts + 1, owner=owner))

    def foremost(self, queues: Iterable[Queue]) -> Hint | None:
        """Return the step of these queues that would be claimed next; none if there is nothing to do."""
        with reading(self._engine) as connection:
            row = foremost(connection, queues, self._clock(), None)
        return None if row is None else Hint(row.queue, row.job_id, row.name, row.part)

    def commit(self, lease: Lease, output: str, outlook: Outlook | None) -> Committed:
        """Record a step as done, with the digest of its output, and in the same transaction what follows in its job.

        `outlook` is what follows as it was planned with this result. Where the job does not stand as it was taken to, because
        another step ended meanwhile, nothing follows yet: the caller plans again, on how it stands now. Of two that commit at
        once, the second one sees both. Raises `LeaseLost` if the token is stale.
        """
        now = self._clock()
        with self._engine.begin() as connection:
            finish(connection, lease, output, now)
            job = connection.execute(JOB, {"job": lease.job_id}).one()
            standing = Standing(job.request, read_steps(connection, lease.job_id))
            if outlook is None or not outlook.holds(standing):
                return Committed(standing=standing)
            if job.state not in OPEN_STATES:
                return Committed()
            if outlook.transcript is not None:
                return Committed(ended=end_job(connection, job.id, "done", now, output=outlook.transcript))
            return Committed(queue_steps(connection, job, standing.steps, outlook.ready, now))

    def postpone(self, lease: Lease, error: str, *, until: float) -> None:
        """Put a step back whose reason to fail may pass, not to be claimed before `until`; `LeaseLost` if it is not held."""
        values = {**given_back(0), "faults": 0, "failures": steps.c.failures + 1, "not_before": until, "error": error}
        with self._engine.begin() as connection:
            write(connection, lease, values, at=self._clock(), event="step.postponed", error=error, until=until)
            _withdraw_unwanted(connection, lease.job_id)

    def release(self, lease: Lease) -> None:
        """Give a step back undone, for others to claim if its job is still open; the attempt does not count."""
        with self._engine.begin() as connection:
            write(connection, lease, given_back(steps.c.attempts - 1), at=self._clock(), event="step.returned")
            _withdraw_unwanted(connection, lease.job_id)

    def withdraw(self, lease: Lease) -> None:
        """Take a step out of its queue that the plan of its job does not hold any more."""
        values = {**given_back(0), "queue": None}
        with self._engine.begin() as connection:
            write(connection, lease, values, at=self._clock())

    def fail(self, lease: Lease, error: str) -> None:
        """Record that a step cannot be done, which ends its job; `LeaseLost` if it is not held."""
        now = self._clock()
        with self._engine.begin() as connection:
            values = {"state": "failed", "error": error, "attempts": 0, "finished_at": now, "queue": None}
            write(connection, lease, values, at=now, event="step.failed", error=error)
            end_job(connection, lease.job_id, "failed", now, reason=error)

    def crashed(self, lease: Lease, reason: str) -> None:
        """Put back a step whose process died or was killed; after `MAX_ATTEMPTS` of them it is poison, and the job fails.

        `LeaseLost` if the step is not held under this lease any more.
        """
        with self._engine.begin() as connection:
            write(connection, lease, {"expires_at": 0.0}, at=self._clock())
            row = connection.execute(_row_of(lease)).one()
            put_back(connection, row, reason, self._clock(), blame=1)

    def reclaim(self, *, is_gone: Callable[[str], bool] = lambda _: False) -> int:
        """Put back the steps whose lease ran out or whose owner is gone; return how many. Those attempts are not their fault.

        That goes for all steps of jobs that workers can do, also those that a run by hand began; other jobs are their process's.
        """
        now = self._clock()
        ours = exists().where(jobs.c.id == steps.c.job_id, jobs.c.request.is_not(None))
        with reading(self._engine) as connection:
            held = connection.execute(select(steps).where(steps.c.state == "running", ours)).all()
        count = 0
        for row in held:
            if row.expires_at <= now or is_gone(row.owner):
                reason = "its worker gave no sign of life" if row.expires_at <= now else "its worker died"
                count += self._take_back(row, reason)
        return count

    def _take_back(self, seen: Row[Any], reason: str) -> bool:
        with self._engine.begin() as connection:
            same = (steps.c.token == seen.token, steps.c.state == "running", steps.c.expires_at == seen.expires_at)
            row = connection.execute(_row_of(seen).where(*same).with_for_update()).first()
            if row is None:
                return False
            put_back(connection, row, reason, self._clock(), blame=0)
        return True

    # -------------------------------------------------------------- hints

    def announced(self, hints: Iterable[Hint]) -> None:
        """Note that messages about these steps went out now."""
        self._note(hints, self._clock())

    def unheard(self, hints: Iterable[Hint]) -> None:
        """Note that no message about these steps is on its way."""
        self._note(hints, None)

    def _note(self, hints: Iterable[Hint], at: float | None) -> None:
        with lightly(self._engine) as connection:
            for hint in hints:
                here = (steps.c.job_id == hint.job_id, steps.c.name == hint.name, steps.c.part == hint.part)
                connection.execute(update(steps).where(*here, steps.c.state == "queued").values(announced_at=at))

    def unannounced(self, *, since: float, limit: int = 500) -> tuple[Hint, ...]:
        """Return claimable steps of which nobody was told since `since`, up to `limit` of each queue, the foremost first."""
        now = self._clock()
        quiet = or_(steps.c.announced_at.is_(None), steps.c.announced_at < since)
        claimable = and_(steps.c.state == "queued", steps.c.not_before <= now)
        order = (steps.c.priority, steps.c.since, steps.c.part)
        query = select(steps.c.queue, steps.c.job_id, steps.c.name, steps.c.part).where(claimable, quiet)
        query = query.order_by(*order).limit(limit)
        with reading(self._engine) as connection:
            rows = [row for queue in QUEUES for row in connection.execute(query.where(steps.c.queue == queue))]
        return tuple(Hint(row.queue, row.job_id, row.name, row.part) for row in rows)

    def too_large(self, queues: Iterable[Queue], room_bytes: int) -> int:
        """Note at the waiting steps of these queues that need more memory that they wait for it; return how many there are."""
        short = (steps.c.state == "queued", steps.c.queue.in_(tuple(queues)), steps.c.needs_bytes > room_bytes)
        text = f"waits for memory: more than the {room_bytes / 1e9:.1f} GB that its worker has now"
        with self._engine.begin() as connection:
            return connection.execute(update(steps).where(*short).values(error=text)).rowcount

    def stalled(self, *, before: float, limit: int = 100) -> tuple[str, ...]:
        """Return open jobs with nothing queued or running, untouched since `before`: a worker died between two steps."""
        at_work = exists().where(
            steps.c.job_id == jobs.c.id,
            or_(and_(steps.c.state == "queued", steps.c.queue.is_not(None)), steps.c.state == "running"),
        )
        last = select(func.max(steps.c.finished_at)).where(steps.c.job_id == jobs.c.id).scalar_subquery()
        query = (
            select(jobs.c.id)
            .where(jobs.c.state.in_(OPEN_STATES), jobs.c.request.is_not(None), ~at_work, jobs.c.updated_at < before)
            .where(or_(last.is_(None), last < before))
            .order_by(jobs.c.created_at)
            .limit(limit)
        )
        with reading(self._engine) as connection:
            return tuple(connection.execute(query).scalars())

    # -------------------------------------------------------------- looking

    def running(self, owner: str) -> tuple[Lease, ...]:
        """Return what an owner holds."""
        query = select(steps).where(steps.c.state == "running", steps.c.owner == owner)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return tuple(Lease(row.job_id, row.name, row.part, row.owner, row.token, row.expires_at) for row in rows)

    def unwanted(self, job_ids: Iterable[str]) -> frozenset[str]:
        """Return those of the jobs that have ended: whoever works on a step of one stops."""
        query = select(jobs.c.id).where(jobs.c.id.in_(tuple(job_ids)), ~jobs.c.state.in_(OPEN_STATES))
        with reading(self._engine) as connection:
            return frozenset(connection.execute(query).scalars())

    def backlog(self) -> tuple[Backlog, ...]:
        """Return how each queue stands."""
        count = func.count()
        query = select(steps.c.queue, steps.c.state, count, func.min(steps.c.since)).where(steps.c.queue.is_not(None))
        grouped = query.where(steps.c.state.in_(("queued", "running"))).group_by(steps.c.queue, steps.c.state)
        with reading(self._engine) as connection:
            found = {(row[0], row[1]): (row[2], row[3]) for row in connection.execute(grouped)}
        names = sorted({name for name, _ in found})
        return tuple(
            Backlog(name, *_first(found.get((name, "queued")), found.get((name, "running"), (0, None))[0])) for name in names
        )


def _first(waiting: tuple[int, float] | None, running: int) -> tuple[int, int, float | None]:
    return (0, running, None) if waiting is None else (waiting[0], running, waiting[1])


def _withdraw_unwanted(connection: Connection, job_id: str) -> None:
    """Take the steps of a job that has ended out of their queues."""
    ended = exists().where(jobs.c.id == steps.c.job_id, ~jobs.c.state.in_(OPEN_STATES))
    waiting = (steps.c.job_id == job_id, steps.c.state == "queued", ended)
    connection.execute(update(steps).where(*waiting).values(queue=None))


def _row_of(step: Any) -> Any:
    return select(steps).where(steps.c.job_id == step.job_id, steps.c.name == step.name, steps.c.part == step.part)
