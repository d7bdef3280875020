"""`earmark cancel`: jobs that are not wanted any more."""

from __future__ import annotations

from typing import Annotated

import typer

from service.console import print_json, results
from service.job_views import job_fields
from worker.settings import Settings
from worker.stores import open_stores


def cancel(
    jobs: Annotated[list[str], typer.Argument(metavar="JOB…", help="Ids, or their first 4 characters or more.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Cancel jobs: work on them stops at its next sign of life. One that has ended stays as it is.

    Status 1 if one of them had ended otherwise.
    """
    with open_stores(Settings(), owner=False) as stores:
        found = [stores.requests.named(job) for job in jobs]
        ended = [stores.requests.cancel(job.id) for job in found]
    if as_json:
        print_json({"jobs": [job_fields(job) for job in ended]})
    else:
        for job in ended:
            results.print(f"{job.state}  {job.id}  {job.title}", markup=False, highlight=False, soft_wrap=True)
    if any(job.state != "cancelled" for job in ended):
        raise typer.Exit(1)
