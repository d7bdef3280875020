"""A job and its steps as people read them, and as programs do."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from service.intervals import rough
from service.progress import LABELS
from service.wording import clock, size
from storage.records import JobRecord, StepRecord

_LABELS = {str(name): label for name, label in LABELS.items()}
_STYLES = {"done": "green", "failed": "red", "running": "cyan", "cancelled": "yellow", "queued": ""}


def job_fields(job: JobRecord, steps: Sequence[StepRecord] = ()) -> dict[str, Any]:
    """Return a job for a program, with how far it has come."""
    return {**dataclasses.asdict(job), "progress": progress_of(job, steps)}


def step_fields(step: StepRecord) -> dict[str, Any]:
    """Return a step for a program."""
    fields = dataclasses.asdict(step)
    return {name: value for name, value in fields.items() if name not in {"job_id", "key"}}


def jobs_table(jobs: Iterable[JobRecord], progress: dict[str, str]) -> Table:
    """Return a row a job, the newest first."""
    table = Table()
    for name in ("id", "state", "episode", "show", "progress"):
        table.add_column(name, no_wrap=name in {"id", "state"}, overflow="fold")
    table.add_column("age", justify="right", no_wrap=True)
    table.add_column("reason", overflow="fold")
    now = time.time()
    for job in jobs:
        age = rough(now - job.created_at)
        cells = (escape(job.title), escape(job.show or ""), progress.get(job.id, ""), age, escape(job.reason))
        table.add_row(job.id, _state(job.state), *cells)
    return table


def steps_table(steps: Iterable[StepRecord]) -> Table:
    """Return a row a step, in the order in which they were begun; those that wait are last."""
    table = Table()
    for name in ("step", "part", "state", "done", "attempts", "took"):
        table.add_column(name, justify="right" if name in {"part", "attempts", "took"} else "left", no_wrap=True)
    table.add_column("waits for, or failed because", overflow="fold")
    for step in sorted(steps, key=lambda step: step.started_at is None):
        part = (
            f"before {step.part + 1}" if step.name == "bridge" else f"{step.part + 1} of {step.parts}" if step.parts > 1 else ""
        )
        cells = (label_of(step.name), part, _state(step.state), _done(step))
        table.add_row(*cells, str(step.attempts or ""), _took(step), escape(waits_for(step)))
    return table


def progress_of(job: JobRecord, steps: Sequence[StepRecord]) -> str:
    """Say in a few words how far a job has come."""
    if job.ended:
        return ""
    running = [step for step in steps if step.state == "running"]
    parts = [step for step in steps if step.name == "transcribe"]
    if parts:
        done = sum(step.state == "done" for step in parts)
        beside = [step for step in running if step.name != "transcribe"]
        return ", ".join([f"transcribe {done} of {parts[0].parts}", *(_short(step) for step in beside)])
    if running:
        return ", ".join(_short(step) for step in running)
    return "waits" if any(step.state == "queued" for step in steps) else ""


def label_of(step: str) -> str:
    """Return what people call a step."""
    return _LABELS.get(step, step)


def waits_for(step: StepRecord) -> str:
    """Say what a step waits for, or what went wrong with it; nothing while all is well."""
    if step.state == "queued" and step.queue is not None:
        later = step.not_before - time.time()
        when = f"tried again in {rough(later)}" if later > 0 else f"waits for a worker of the queue {step.queue}"
        return f"{when} ({step.error})" if step.error else when
    return step.error if step.state != "done" else ""


def _short(step: StepRecord) -> str:
    share = f" {step.done / step.total:.0%}" if step.done is not None and step.total else ""
    return f"{label_of(step.name)}{share}"


def _state(state: str) -> str:
    style = _STYLES.get(state, "")
    return f"[{style}]{state}[/{style}]" if style else state


def _done(step: StepRecord) -> str:
    if step.done is None:
        return ""
    amount = size if step.unit == "bytes" else clock
    return f"{amount(step.done)} of {amount(step.total)}" if step.total else amount(step.done)


def _took(step: StepRecord) -> str:
    if step.started_at is None or step.attempts == 0:
        return ""
    end = step.finished_at or (time.time() if step.state == "running" else None)
    return f"{max(0.0, end - step.started_at):.1f} s" if end is not None else ""
