"""`/v1/jobs`: what was asked for, and how it goes."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service.api.asked import JobBody, new_secret
from service.api.context import Context, Here
from service.api.lists import After, IdQuery, JobPath, Limit, Piece, next_link
from service.api.models import JobDetail, JobPage, Notice, SourceFailure, Submission, job_detail, job_view
from service.api.once import Answered, IdempotencyKey, once
from service.api.problems import documented
from service.api.submit import Chosen, look, take_down
from storage.errors import Conflict
from storage.records import JobState
from storage.requests import Submitted

router = APIRouter(prefix="/jobs", tags=["jobs"])

_LOCATION = {
    "Location": {
        "description": "The job, or the list of this request's jobs if there are several.",
        "schema": {"type": "string"},
    }
}


@router.post(
    "",
    status_code=202,
    response_model=Submission,
    summary="Ask for transcripts",
    responses={
        202: {"description": "Every episode has its job; see `Location`.", "headers": _LOCATION},
        **documented(409, 502, 504, changing=True),
    },
)
async def submit(body: JobBody, request: Request, here: Here, idempotency_key: IdempotencyKey = None) -> Response:
    """Look at the source, choose episodes from it, and take down one job for each.

    The same episode with the same options is one job, however often it is asked for. Jobs are taken down whether or not
    workers can hear of them now; if the ledger fails midway, the problem's `taken` names those that were taken down.
    """

    async def work() -> Answered:
        secret = new_secret(body.webhook)
        chosen = await here.at_source(lambda: look(body, here.fetcher, most=here.settings.api_max_jobs))
        taken = await here.in_ledger(lambda: take_down(body, chosen, here.desk, here.settings, secret=secret))
        location = await here.in_ledger(lambda: location_of(here, taken))
        return Answered(location, _submission(chosen, taken, secret).model_dump_json())

    answered = await once(here, idempotency_key, request.scope["earmark.client"], body.model_dump_json(), work)
    return Response(answered.body, 202, {"Location": answered.location}, "application/json")


@router.get("", summary="List jobs", responses=documented(404))
def list_jobs(
    request: Request,
    here: Here,
    *,
    state: Annotated[list[JobState] | None, Query(description="Only those in one of these states.", max_length=5)] = None,
    episode: IdQuery = None,
    submission: Annotated[IdQuery, Query(description="Only those of one request, as its `Location` says.")] = None,
    q: Piece = None,
    after: After = None,
    limit: Limit = 50,
) -> JobPage:
    """List jobs, the newest first. `q` is a piece of the title or show."""
    ids = here.submissions.kept(f"#{submission}").split() if submission is not None else None
    page = here.requests.list(states=tuple(state or ()), episode_id=episode, query=q, ids=ids, after=after, limit=limit)
    return JobPage(items=[job_view(job) for job in page.items], next=next_link(request, page))


@router.get("/{job_id}", summary="Look at a job", responses=documented(404))
def get_job(job_id: JobPath, here: Here) -> JobDetail:
    """Return a job with its steps and how far it has come."""
    return _detail(here, job_id)


@router.delete("/{job_id}", summary="Cancel a job", responses=documented(404, changing=True))
def cancel_job(job_id: JobPath, here: Here) -> JobDetail:
    """Cancel a job that is queued or running: work on it stops soon. One that has ended stays as it is."""
    here.requests.cancel(job_id)
    return _detail(here, job_id)


@router.post("/{job_id}/retry", summary="Try a job again", responses=documented(404, 409, changing=True))
def retry_job(job_id: JobPath, here: Here) -> JobDetail:
    """Set a failed or cancelled job going again, from its last finished step. Any other stays as it is."""
    if here.ledger.standing(job_id).request is None:
        raise Conflict(f"The job {job_id} was run by hand.", hint="Submit its source, or run it by hand again.")
    here.desk.retry(job_id)
    return _detail(here, job_id)


def _detail(here: Context, job_id: str) -> JobDetail:
    return job_detail(here.requests.get(job_id), here.ledger.steps(job_id))


def location_of(here: Context, taken: Sequence[Submitted]) -> str:
    """Return where a request's job is, or the list of its jobs if there are several."""
    if len(taken) == 1:
        return f"/v1/jobs/{taken[0].job.id}"
    name = secrets.token_hex(8)
    here.submissions.keep(f"#{name}", " ".join(each.job.id for each in taken))
    return f"/v1/jobs?submission={name}"


def _submission(chosen: Chosen, taken: Sequence[Submitted], secret: str | None) -> Submission:
    failures = [(find.source, find.error) for find in chosen.failures]
    return Submission(
        jobs=[job_view(each.job) for each in taken],
        fresh=[each.job.id for each in taken if each.fresh],
        webhook_secret=secret,
        notices=[Notice(code=notice.code, message=notice.message) for notice in chosen.notices],
        failures=[
            SourceFailure(source=source, detail=error.message, hint=error.hint) for source, error in failures if error is not None
        ],
    )
