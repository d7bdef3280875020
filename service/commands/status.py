"""`earmark status`: how far a job is, step by step."""

from __future__ import annotations

from typing import Annotated

import typer

from service.console import errors, print_json, results
from service.following import follow
from service.intervals import rough
from service.job_views import job_fields, step_fields, steps_table
from service.progress import JsonLines, shown
from service.standing import all_standing
from storage.records import JobRecord
from worker.settings import Settings
from worker.stores import Stores, open_stores


def status(
    job: Annotated[str, typer.Argument(metavar="JOB", help="The job's id, or its first 4 characters or more.")],
    follow_it: Annotated[bool, typer.Option("--follow", "-f", help="Show bars until it ends; status 0 only if done.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on standard output; with --follow one event a line.")
    ] = False,
) -> None:
    """Show a job and its steps: what is done, what runs, what waits and for what, and what went wrong."""
    with open_stores(Settings(), owner=False) as stores:
        found = stores.requests.named(job)
        if follow_it:
            _follow(stores, found.id, as_json=as_json)
            return
        _show(stores, found, as_json=as_json)


def _follow(stores: Stores, job_id: str, *, as_json: bool) -> None:
    with shown(as_json=as_json, console=errors) as listener:
        ended = follow(stores, job_id, listener)
    if as_json:
        JsonLines(results.file).write("job_ended", {"job": job_fields(ended)})
    else:
        results.print(_headline(ended), markup=False, highlight=False, soft_wrap=True)
    if ended.state != "done":
        raise typer.Exit(1)


def _show(stores: Stores, job: JobRecord, *, as_json: bool) -> None:
    steps = stores.ledger.steps(job.id)
    standing = [] if job.ended else all_standing(stores)
    if as_json:
        print_json({"job": job_fields(job, steps), "steps": [step_fields(step) for step in steps], "standing": standing})
        return
    results.print(_headline(job), markup=False, highlight=False, soft_wrap=True)
    if steps:
        results.print(steps_table(steps))
    for words in standing:
        errors.print(words, markup=False, highlight=False, soft_wrap=True, style="yellow")


def _headline(job: JobRecord) -> str:
    show = f" ({job.show})" if job.show else ""
    reason = f": {job.reason}" if job.reason else ""
    took = f" after {rough(job.updated_at - job.created_at)}" if job.ended else ""
    return f"{job.id}  {job.title}{show}\n{job.state}{took}{reason}"
