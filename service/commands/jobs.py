"""`earmark jobs`: what the service has to do, and has done."""

from __future__ import annotations

from typing import Annotated

import typer

from service.commands.states import states_of
from service.console import errors, print_json, results
from service.job_views import job_fields, jobs_table, progress_of
from service.standing import all_standing
from storage.records import ENDED_STATES, OPEN_STATES
from worker.settings import Settings
from worker.stores import open_stores

_STATES = (*OPEN_STATES, *ENDED_STATES)


def jobs(
    state: Annotated[
        str, typer.Option(metavar="STATES", help=f"Only these of {', '.join(_STATES)}; with commas.", show_default=False)
    ] = ",".join(_STATES),
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    after: Annotated[
        str | None, typer.Option(metavar="PLACE", help="Go on after a list that was cut; it says with what.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """List jobs, the newest first: state, how far they are, and why they failed."""
    with open_stores(Settings(), owner=False) as stores:
        page = stores.requests.list(states=states_of(state, _STATES), after=after, limit=limit)
        steps = {job.id: stores.ledger.steps(job.id) for job in page.items if not job.ended}
        standing = all_standing(stores)
    if as_json:
        rows = [job_fields(job, steps.get(job.id, ())) for job in page.items]
        print_json({"jobs": rows, "next": page.next, "standing": standing})
        return
    if not page.items:
        results.print("There is no such job. `earmark submit SOURCE` makes one.", markup=False, highlight=False)
        return
    progress = {job.id: progress_of(job, steps.get(job.id, ())) for job in page.items}
    results.print(jobs_table(page.items, progress))
    if page.next is not None:
        results.print(f"More: earmark jobs --after {page.next}", markup=False, highlight=False, soft_wrap=True)
    for words in standing:
        errors.print(words, markup=False, highlight=False, soft_wrap=True, style="yellow")
