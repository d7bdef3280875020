"""Statements that run at every step, built once: building one costs more than running it."""

from __future__ import annotations

from sqlalchemy import bindparam, select, update

from storage.records import StepStanding
from storage.tables import jobs, steps

JOB = select(jobs).where(jobs.c.id == bindparam("job"))

STANDING_OF_STEPS = select(*(steps.c[name] for name in StepStanding._fields)).where(steps.c.job_id == bindparam("job"))

FINISHED = (
    select(steps.c.output)
    .where(steps.c.key == bindparam("wanted"), steps.c.state == "done")
    .order_by(steps.c.finished_at.desc())
    .limit(1)
)
"""What a finished step of this key made, of whatever job: the newest one."""

UNTOUCHED = update(steps).where(
    steps.c.job_id == bindparam("of_job"),
    steps.c.name == bindparam("of_name"),
    steps.c.part == bindparam("of_part"),
    steps.c.token == bindparam("seen"),
)
"""Changes a step that nobody has claimed since its token was seen."""
