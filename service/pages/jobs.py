"""The jobs: all of them, and one with how far it has come; cancelling and trying again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service.api.context import Context, Here
from service.api.jobs import retry_job
from service.api.lists import After, IdQuery, JobPath, Piece
from service.pages.answers import page, see
from service.pages.job_view import STATES, JobRow, job_row, step_rows
from service.pages.paging import following
from storage.records import JobRecord, JobState

router = APIRouter(include_in_schema=False)

_ON_A_PAGE = 50

State = Annotated[JobState | None, Query()]


@router.get("/jobs")
def jobs(
    request: Request,
    here: Here,
    *,
    state: State = None,
    q: Piece = None,
    episode: IdQuery = None,
    submission: IdQuery = None,
    after: After = None,
) -> Response:
    """List the jobs, the newest first."""
    ids = here.submissions.kept(f"#{submission}").split() if submission is not None else None
    states = (state,) if state else ()
    found = here.requests.list(states=states, episode_id=episode, query=q, ids=ids, after=after, limit=_ON_A_PAGE)
    return page(
        request,
        "jobs.html",
        jobs=[_row(here, job) for job in found.items],
        counts=here.requests.counts(),
        states=STATES,
        state=state,
        query=q or "",
        some_of="one request" if submission else "one episode" if episode else "",
        next=following(request, found.next),
    )


@router.get("/jobs/{job_id}")
def job(request: Request, here: Here, job_id: JobPath) -> Response:
    """Show a job with its steps."""
    record = here.requests.get(job_id)
    steps = here.ledger.steps(job_id)
    by_hand = here.ledger.standing(job_id).request is None
    return page(
        request,
        "job.html",
        job=job_row(record, steps),
        steps=step_rows(steps),
        may_retry=record.state in {"failed", "cancelled"} and not by_hand,
    )


@router.post("/jobs/{job_id}/cancel")
def cancel(here: Here, job_id: JobPath) -> Response:
    """Cancel a job."""
    here.requests.cancel(job_id)
    return see(f"/jobs/{job_id}")


@router.post("/jobs/{job_id}/retry")
def retry(here: Here, job_id: JobPath) -> Response:
    """Set a failed or cancelled job going again."""
    retry_job(job_id, here)
    return see(f"/jobs/{job_id}")


def _row(here: Context, job: JobRecord) -> JobRow:
    return job_row(job, () if job.ended else here.ledger.steps(job.id))
