"""`earmark retry`: jobs that failed or were cancelled, set going again."""

from __future__ import annotations

from typing import Annotated

import typer

from service.console import print_json, results
from service.job_views import job_fields
from service.running import settings_here
from storage.requests import Submitted


def retry(
    jobs: Annotated[list[str], typer.Argument(metavar="JOB…", help="Ids, or their first 4 characters or more.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Set failed or cancelled jobs going again, from their last finished step. Any other stays as it is.

    Status 1 if one of them could not be set going.
    """
    from worker.app import open_desk

    with open_desk(settings_here()) as desk:
        found = [desk.stores.requests.named(job) for job in jobs]
        set_going = [desk.retry(job.id) for job in found]
    if as_json:
        print_json({"jobs": [{**job_fields(one.job), "fresh": one.fresh} for one in set_going]})
    else:
        for one in set_going:
            results.print(_words(one), markup=False, highlight=False, soft_wrap=True)
    if not all(one.fresh for one in set_going):
        raise typer.Exit(1)


def _words(one: Submitted) -> str:
    title = f"{one.job.id}  {one.job.title}"
    if one.fresh:
        return f"queued  {title}"
    by_hand = one.job.state in {"failed", "cancelled"}
    why = "it was run by hand; `earmark run` goes on with it" if by_hand else "only failed and cancelled jobs are tried again"
    return f"{one.job.state}  {title}: {why}"
