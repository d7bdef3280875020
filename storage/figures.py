"""Figures of the ledger for those who watch the service."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from storage.database import reading
from storage.tables import episodes, events, feeds, jobs, steps, tokens


@dataclass(frozen=True)
class StepFigures:
    """The steps of one name, in one queue and one state."""

    step: str
    queue: str
    """Empty for steps that no worker may claim."""
    state: str
    count: int
    attempts: int
    """Claims since each last came to an end."""
    failures: int
    """Times they failed for a reason that may pass."""
    oldest: float | None
    """When the job of the oldest of them was asked for, seconds since 1970."""


@dataclass(frozen=True)
class Figures:
    """How the ledger stands, all of it at one moment."""

    jobs: dict[str, int]
    """How many by state."""
    steps: tuple[StepFigures, ...]
    transcripts: int
    """Episodes that have one."""
    feeds: int
    failing_feeds: int
    """Feeds whose last poll failed."""
    tokens: int
    events: int
    """Id of the newest event: as many were recorded, about, since the ledger was made."""


def read_figures(engine: Engine) -> Figures:
    """Count in one reading transaction."""
    sums = (func.sum(steps.c.attempts), func.sum(steps.c.failures), func.min(steps.c.since))
    by = (steps.c.name, steps.c.queue, steps.c.state)
    with reading(engine) as connection:
        by_state = connection.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)).all()
        rows = connection.execute(select(*by, func.count(), *sums).group_by(*by).order_by(*by)).all()
        transcribed = connection.execute(select(func.count(episodes.c.transcript))).scalar() or 0
        watched = connection.execute(select(func.count()).select_from(feeds)).scalar() or 0
        failing = connection.execute(select(func.count()).select_from(feeds).where(feeds.c.failures > 0)).scalar() or 0
        given = connection.execute(select(func.count()).select_from(tokens)).scalar() or 0
        newest = connection.execute(select(func.max(events.c.id))).scalar() or 0
    return Figures(
        jobs={row[0]: row[1] for row in by_state},
        steps=tuple(StepFigures(row[0], row[1] or "", row[2], row[3], row[4] or 0, row[5] or 0, row[6]) for row in rows),
        transcripts=transcribed,
        feeds=watched,
        failing_feeds=failing,
        tokens=given,
        events=newest,
    )
