"""How a job stands, and what follows from that: planned outside of any transaction, and true as long as the job stands so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from storage.errors import NotFound
from storage.records import ReadyStep, Standing, StepStanding
from storage.statements import STANDING_OF_STEPS
from storage.tables import jobs, steps

_REQUEST = select(jobs.c.request).where(jobs.c.id == bindparam("job"))
_own, _twin = steps.alias("own"), steps.alias("twin")
_made_by_twin = (
    select(_twin.c.output)
    .join(_own, _own.c.key == _twin.c.key)
    .where(_own.c.job_id == bindparam("job"), _own.c.name == bindparam("name"), _own.c.part == bindparam("part"))
    .where(_twin.c.state == "done")
    .order_by(_twin.c.finished_at.desc())
    .limit(1)
)
_REQUEST_AND_TWIN = _REQUEST.add_columns(_made_by_twin.scalar_subquery().label("twin"))


@dataclass(frozen=True)
class Outlook:
    """What follows in a job that stands so."""

    standing: Standing
    ready: tuple[ReadyStep, ...] = ()
    """The steps that can be queued."""
    transcript: str | None = None
    """Digest of the transcript, once it is made; then nothing is ready any more."""
    decoded: str | None = None
    """Digest of the decoded audio, which can go with the end of the job."""

    def holds(self, standing: Standing) -> bool:
        """Tell whether a job that stands so asks for the same and has the same results; nothing else is planned on."""
        mine = self.standing
        return standing.request == mine.request and _results(standing.steps) == _results(mine.steps)


def _results(those: Iterable[StepStanding]) -> frozenset[tuple[object, ...]]:
    return frozenset((step.name, step.part, step.key, step.output) for step in those if step.state == "done")


def read_standing(connection: Connection, job_id: str, step: tuple[str, int] | None = None) -> Standing:
    """Return what a job asks for and its steps; with the name and part of a step, what was made under its key as well.

    `NotFound` if there is no such job.
    """
    if step is None:
        job = connection.execute(_REQUEST, {"job": job_id}).first()
    else:
        job = connection.execute(_REQUEST_AND_TWIN, {"job": job_id, "name": step[0], "part": step[1]}).first()
    if job is None:
        raise NotFound(f"There is no job {job_id}.", hint="List the jobs to see their ids.")
    return Standing(job.request, read_steps(connection, job_id), None if step is None else job.twin)


def read_steps(connection: Connection, job_id: str) -> tuple[StepStanding, ...]:
    """Return how the steps of a job stand."""
    return tuple(StepStanding(*row) for row in connection.execute(STANDING_OF_STEPS, {"job": job_id}))
