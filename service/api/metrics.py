"""`/metrics`: how the service stands, for Prometheus, as the ledger tells it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.api.context import Here
from service.api.problems import documented
from storage.figures import Figures, StepFigures, read_figures
from storage.records import ENDED_STATES, OPEN_STATES, QUEUES

router = APIRouter(tags=["service"])

_EXAMPLE = '# HELP earmark_jobs Jobs in the ledger.\n# TYPE earmark_jobs gauge\nearmark_jobs{state="queued"} 3.0\n'


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "Figures in Prometheus' text format.",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        },
        **documented(),
    },
)
def metrics(here: Here) -> Response:
    """Count what the ledger holds, and tell of this server's requests.

    What is counted in the ledger falls when jobs are purged.
    """
    registry = CollectorRegistry()
    registry.register(_Ledger(read_figures(here.engine), time.time()))
    body = generate_latest(registry) + generate_latest(here.traffic.registry)
    return Response(body, media_type=CONTENT_TYPE_LATEST)


class _Ledger(Collector):
    """What the ledger told, as families of metrics."""

    def __init__(self, figures: Figures, now: float) -> None:
        self._figures = figures
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yield the families."""
        yield self._jobs()
        yield from self._steps()
        figures = self._figures
        yield GaugeMetricFamily("earmark_feeds", "Feeds that are watched.", figures.feeds)
        yield GaugeMetricFamily("earmark_feeds_failing", "Feeds whose last poll failed.", figures.failing_feeds)
        yield CounterMetricFamily("earmark_events", "Events that the ledger ever recorded.", figures.events)

    def _jobs(self) -> Metric:
        family = GaugeMetricFamily("earmark_jobs", "Jobs in the ledger.", labels=["state"])
        for state in (*OPEN_STATES, *ENDED_STATES):
            family.add_metric([state], self._figures.jobs.get(state, 0))
        return family

    def _steps(self) -> Iterator[Metric]:
        steps, by_step = self._figures.steps, ("step",)
        all_of_them: dict[tuple[str, ...], float] = {(step.step, step.queue, step.state): step.count for step in steps}
        yield _family("earmark_steps", "Steps in the ledger.", ("step", "queue", "state"), all_of_them)
        finished = _sums(steps, lambda step: step.count if step.state == "done" else 0)
        yield _family("earmark_steps_finished", "Finished steps in the ledger.", by_step, finished)
        attempts = _sums(steps, lambda step: step.attempts)
        yield _family("earmark_step_attempts", "Claims of steps, since each last came to an end.", by_step, attempts)
        failures = _sums(steps, lambda step: step.failures)
        yield _family("earmark_step_failures", "Failures of steps for reasons that may pass.", by_step, failures)
        text = "Age of the job whose step has waited longest; 0 if none waits."
        yield _family("earmark_oldest_waiting_step_seconds", text, ("queue",), self._waiting())

    def _waiting(self) -> dict[tuple[str, ...], float]:
        ages: dict[tuple[str, ...], float] = {(queue,): 0.0 for queue in QUEUES}
        for step in self._figures.steps:
            if step.state == "queued" and step.queue and step.oldest is not None:
                ages[step.queue,] = max(ages.get((step.queue,), 0.0), self._now - step.oldest)
        return ages


def _sums(steps: Sequence[StepFigures], number: Callable[[StepFigures], int]) -> dict[tuple[str, ...], float]:
    sums: dict[tuple[str, ...], float] = {}
    for step in steps:
        sums[step.step,] = sums.get((step.step,), 0.0) + number(step)
    return sums


def _family(name: str, text: str, labels: Sequence[str], values: Mapping[tuple[str, ...], float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family
