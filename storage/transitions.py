"""The moves of a job from state to state, each with its event, inside the caller's transaction.

    queued → running → done | failed | cancelled          retry: failed | cancelled → queued

A terminal state is reached once: every move is a compare-and-set, and the loser of a race is told so.
"""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, update

from storage.records import OPEN_STATES, JobState
from storage.statements import JOB
from storage.tables import deliveries, episodes, events, jobs, steps
from storage.webhooks import each_webhook

_EVENT = insert(events).inline()  # nobody asks for its id
_BEGIN = update(jobs).where(jobs.c.id == bindparam("job"), jobs.c.state == "queued").values(state="running")
_END = update(jobs).where(jobs.c.id == bindparam("job"), jobs.c.state.in_(OPEN_STATES))
_NOT_WAITING = update(steps).where(steps.c.job_id == bindparam("job"), steps.c.state == "queued").values(queue=None)
_TRANSCRIBED = update(episodes).where(episodes.c.id == bindparam("episode"))


def record_event(connection: Connection, job_id: str, kind: str, at: float, **data: object) -> None:
    """Append to the job's history."""
    connection.execute(_EVENT, {"job_id": job_id, "at": at, "kind": kind, "data": json.dumps(data, ensure_ascii=False)})


def begin_job(connection: Connection, job_id: str, at: float) -> None:
    """Note that work on a queued job began."""
    begun = connection.execute(_BEGIN, {"job": job_id, "reason": "", "updated_at": at})
    if begun.rowcount:
        record_event(connection, job_id, "job.running", at)


def end_job(
    connection: Connection, job_id: str, state: JobState, at: float, *, reason: str = "", output: str | None = None
) -> bool:
    """Bring an open job to its terminal state; False if it has one already.

    Its waiting steps are taken out of their queues, the episode learns of its transcript, and the message to each webhook is
    written, all in the same transaction.
    """
    values = {"state": state, "reason": reason, "output": output, "updated_at": at}
    if not connection.execute(_END, {"job": job_id, **values}).rowcount:
        return False
    connection.execute(_NOT_WAITING, {"job": job_id})
    record_event(connection, job_id, f"job.{state}", at, **({"reason": reason} if reason else {}))
    row = connection.execute(JOB, {"job": job_id}).one()
    if state == "done":
        made = {"transcript": output, "job_id": job_id, "transcribed_at": at}
        connection.execute(_TRANSCRIBED, {"episode": row.episode_id, **made})
    for webhook in each_webhook(row.webhook):
        _put_into_outbox(connection, row, webhook, at)
    return True


def _put_into_outbox(connection: Connection, job: Row[Any], webhook: str, at: float) -> None:
    payload = {
        "type": f"job.{job.state}",
        "timestamp": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": {
            "job": job.id, "episode": job.episode_id, "title": job.title, "show": job.show,
            "state": job.state, "reason": job.reason, "transcript": job.output,
        },
    }  # fmt: skip
    values = {
        "id": f"msg_{secrets.token_hex(12)}", "job_id": job.id, "webhook": webhook, "state": "queued",
        "payload": json.dumps(payload, ensure_ascii=False), "next_at": at, "created_at": at,
    }  # fmt: skip
    connection.execute(insert(deliveries).values(values))
