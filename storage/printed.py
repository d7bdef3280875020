"""What jobs were asked for: where the words of an episode's feed are kept beside its transcript."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Engine, select

from storage.database import reading
from storage.episodes import EpisodeRecord
from storage.tables import jobs


def requests_of(engine: Engine, records: Iterable[EpisodeRecord]) -> dict[str, str]:
    """Return, by episode, what the job that made its transcript was asked (JSON), for jobs that workers did."""
    made = {record.job_id: record.id for record in records if record.job_id is not None}
    wanted = select(jobs.c.id, jobs.c.request).where(jobs.c.id.in_(made), jobs.c.request.is_not(None))
    with reading(engine) as connection:
        return {made[row.id]: row.request for row in connection.execute(wanted)}
