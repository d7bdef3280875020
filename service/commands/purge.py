"""`earmark purge`: room again, from jobs that ended long ago and artefacts that nothing refers to."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from service.commands.states import states_of
from service.console import print_json, results
from service.intervals import parse_age
from service.wording import size
from storage.errors import OptionError
from storage.orphans import collect_orphans
from storage.records import ENDED_STATES, JobState
from worker.settings import Settings
from worker.stores import Stores, open_stores

_INDEXING_SECONDS = 10.0
"""After which no further episode is indexed for search; the service, or `earmark search --reindex`, does the rest."""


def purge(
    older_than: Annotated[str, typer.Option(metavar="TIME", help="Only jobs untouched for so long: 12h, 30d.")] = "30d",
    state: Annotated[
        str, typer.Option(metavar="STATES", help=f"Of {', '.join(ENDED_STATES)}; with commas.")
    ] = "failed,cancelled",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output; does not ask.")] = False,
) -> None:
    """Remove ended jobs with their steps and history, and downloads and artefacts that nothing refers to any more.

    The transcript of every episode is kept, whatever becomes of its jobs; so is everything that is younger than a day.
    """
    states, before = states_of(state, ENDED_STATES), time.time() - parse_age(older_than)
    with open_stores(Settings(), owner=False) as stores:
        count = stores.requests.purgeable(before=before, states=states)
        if not (yes or as_json):
            _ask(count, state, older_than)
        _purge(stores, before, states, as_json=as_json)
        stores.indexer.catch_up(seconds=_INDEXING_SECONDS)


def _purge(stores: Stores, before: float, states: tuple[JobState, ...], *, as_json: bool) -> None:
    removed = stores.requests.purge(before=before, states=states)
    collected = collect_orphans(stores.engine, stores.blobs)
    if as_json:
        print_json({"jobs": removed, "artefacts": collected.count, "bytes": collected.bytes})
        return
    words = f"{_jobs(removed)} and {collected.count} artefacts nobody needs are removed ({size(collected.bytes)})."
    results.print(words, markup=False, highlight=False, soft_wrap=True)


def _ask(count: int, states: str, older_than: str) -> None:
    words = f"Remove {_jobs(count)} ({states}, untouched for {older_than}), and the artefacts that nothing refers to then?"
    if not sys.stdin.isatty():
        raise OptionError(f"Nobody is here to ask: {words}", hint="Say --yes.")
    typer.confirm(words, abort=True)


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"
