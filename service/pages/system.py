"""How the service stands: what `/readyz` and `/metrics` tell programs, in words."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from jobs.plan import VERSION
from service.api.context import Context, Here
from service.api.health import broker_of, ledger_of
from service.intervals import rough
from service.pages.answers import page
from service.pages.job_view import STATES
from service.standing import all_standing
from service.wording import size
from storage.at_work import AtWork, at_work
from storage.figures import Figures, StepFigures, read_figures
from storage.records import QUEUES

router = APIRouter(include_in_schema=False)

_NEEDS = {
    "fetch": "the network",
    "cpu": "a processor",
    "asr": "the model that hears",
    "diarize": "the model that tells voices apart",
}


@dataclass(frozen=True)
class QueueRow:
    """A queue of steps."""

    name: str
    needs: str
    waiting: int
    longest: str
    """How long the job has been there whose step has waited longest; empty if none waits."""
    at_work: int
    processes: int


@dataclass(frozen=True)
class Requests:
    """What this server has answered since it began."""

    count: int
    failed: int
    """With a status of 500 or more."""


@router.get("/system")
def system(request: Request, here: Here) -> Response:
    """Show how the service stands."""
    figures = read_figures(here.engine)
    free = shutil.disk_usage(here.settings.data_dir).free
    return page(
        request,
        "system.html",
        version=VERSION,
        ledger=ledger_of(here),
        broker=broker_of(here),
        standing=all_standing(here.desk.stores),
        queues=queue_rows(figures, at_work(here.engine), time.time()),
        figures=figures,
        states=STATES,
        indexed=len(here.search_index.digests()),
        free=size(free),
        requests=_requests(here),
        voice_memory=here.settings.voice_memory,
    )


def queue_rows(figures: Figures, working: dict[str, AtWork], now: float) -> tuple[QueueRow, ...]:
    """Return every queue with what waits in it and who is at work on it."""
    return tuple(_row(queue, [step for step in figures.steps if step.queue == queue], working, now) for queue in QUEUES)


def _row(queue: str, steps: Sequence[StepFigures], working: dict[str, AtWork], now: float) -> QueueRow:
    waiting = [step for step in steps if step.state == "queued"]
    oldest = min((step.oldest for step in waiting if step.oldest is not None), default=None)
    busy = working.get(queue, AtWork(0, 0))
    return QueueRow(
        name=queue,
        needs=_NEEDS[queue],
        waiting=sum(step.count for step in waiting),
        longest=rough(now - oldest) if oldest is not None else "",
        at_work=busy.steps,
        processes=busy.processes,
    )


def _requests(here: Context) -> Requests:
    samples = [
        sample
        for metric in here.traffic.registry.collect()
        for sample in metric.samples
        if sample.name == "earmark_http_requests_total"
    ]
    failed = sum(sample.value for sample in samples if sample.labels["status"] >= "500")
    return Requests(int(sum(sample.value for sample in samples)), int(failed))
