"""`earmark worker`: does the steps of jobs, until it is told to stop."""

from __future__ import annotations

import logging
from typing import Annotated, cast

import typer

from storage.errors import OptionError
from storage.records import QUEUES, Queue
from worker.settings import Settings


def worker(
    queues: Annotated[str, typer.Option(help=f"Which steps: of {', '.join(QUEUES)}; with commas.")] = ",".join(QUEUES),
    concurrency: Annotated[int, typer.Option(min=1, help="Steps done at once.")] = 1,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "INFO",
) -> None:
    """Work on the steps of jobs.

    On SIGTERM or Ctrl-C it begins nothing more, goes on for EARMARK_DRAIN_SECONDS with what it has begun, and gives back what
    is not done by then; a second signal gives it back at once. Models are loaded at the first step that needs them.
    """
    from worker.app import run_worker

    chosen = tuple(name.strip() for name in queues.split(",") if name.strip())
    unknown = [name for name in chosen if name not in QUEUES]
    if unknown or not chosen:
        raise OptionError(f"There is no queue {', '.join(unknown) or queues!r}.", hint=f"Choose among {', '.join(QUEUES)}.")
    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    status = run_worker(Settings(), cast("tuple[Queue, ...]", chosen), concurrency, log_level=log_level.upper())
    raise typer.Exit(status)
