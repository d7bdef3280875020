"""Showing what happens: bars on a terminal, plain lines elsewhere, one JSON event a line for programs."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from jobs.events import EpisodeBegan, Event, Listener, Noticed, StepBegan, StepEnded, StepMoved, StepName
from service.wording import clock, size

LABELS: dict[StepName, str] = {
    "transcriber": "choose the speech engine",
    "diarizer": "choose the diarizer",
    "fetch": "download",
    "chapters": "chapter files",
    "prepare": "decode",
    "reference": "compare with the reference",
    "language": "language",
    "transcribe": "transcribe",
    "bridge": "check seams",
    "diarize": "speakers",
    "assemble": "assemble",
}

_PLAIN_EVERY = 10.0
"""Seconds between two plain lines about one step."""


@contextmanager
def shown(*, as_json: bool, console: Console) -> Iterator[Listener]:
    """Lend the listener that fits where the output goes."""
    if as_json:
        yield JsonLines(sys.stdout)
    elif console.is_terminal:
        with _bars(console) as progress:
            yield Bars(progress, console)
    else:
        yield PlainLines(console)


class JsonLines:
    """One JSON object a line: `{"event": …, …}`, times in seconds, sizes in bytes."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out

    def __call__(self, event: Event) -> None:
        """Write one event."""
        self.write(_snake(type(event).__name__), _fields(event))

    def write(self, name: str, fields: dict[str, Any]) -> None:
        """Write one line."""
        self._out.write(json.dumps({"event": name, **fields}, ensure_ascii=False) + "\n")
        self._out.flush()


class PlainLines:
    """A line when a step begins and ends, and now and then between."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._began: dict[tuple[StepName, int], float] = {}
        self._said: dict[tuple[StepName, int], float] = {}

    def __call__(self, event: Event) -> None:
        """Say one event, if it is worth a line."""
        match event:
            case EpisodeBegan(episode):
                self._say(f"episode: {episode.title}")
            case StepBegan(step, part, _):
                self._began[step, part] = self._said[step, part] = self._clock()
            case StepMoved():
                self._moved(event)
            case StepEnded():
                self._say(f"  {ended(event)}")
            case Noticed():
                self._say(noticed(event))

    def _moved(self, event: StepMoved) -> None:
        key, now = (event.step, event.part), self._clock()
        if now - self._said.get(key, 0.0) < _PLAIN_EVERY:
            return
        self._said[key] = now
        seconds = max(now - self._began.get(key, now), 1e-3)
        rate = event.done / seconds
        left = f", {clock((event.total - event.done) / rate)} left" if event.total and rate > 0 else ""
        of = f" of {_amount(event.total, event.unit)}" if event.total else ""
        speed = f"{size(rate)}/s" if event.unit == "bytes" else f"{rate:.1f} × real time"
        self._say(f"  {LABELS[event.step]}: {_amount(event.done, event.unit)}{of}, {speed}{left}")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class Bars:
    """One bar for each step of the episode, with rate and time left; the parts of a transcription share one."""

    def __init__(self, progress: Progress, console: Console) -> None:
        self._progress = progress
        self._console = console
        self._tasks: dict[StepName, TaskID] = {}
        self._parts: dict[tuple[StepName, int], float] = {}
        self._finished: dict[StepName, int] = {}

    def __call__(self, event: Event) -> None:
        """Move the bars."""
        match event:
            case EpisodeBegan(episode):
                for task in self._tasks.values():
                    self._progress.remove_task(task)
                self._tasks.clear()
                self._parts.clear()
                self._finished.clear()
                self._print(f"[bold]{escape(episode.title)}[/bold]")
            case StepBegan(step):
                self._task(step)
            case StepMoved():
                self._moved(event)
            case StepEnded():
                self._ended(event)
            case Noticed():
                style = "bold yellow" if event.loud else "yellow"
                self._print(f"[{style}]{escape(noticed(event))}[/{style}]")

    def _moved(self, event: StepMoved) -> None:
        self._parts[event.step, event.part] = event.done
        done = sum(amount for (step, _), amount in self._parts.items() if step == event.step)
        self._progress.update(self._task(event.step, event.unit), completed=done, total=event.whole)

    def _ended(self, event: StepEnded) -> None:
        self._parts[event.step, event.part] = event.total or 0.0
        self._finished[event.step] = self._finished.get(event.step, 0) + 1
        if self._finished[event.step] < event.parts:
            return  # parts may end in any order
        task = self._tasks.pop(event.step, None)
        if task is not None:
            self._progress.remove_task(task)
        self._print(f"  {escape(ended(event))}")

    def _task(self, step: StepName, unit: str = "seconds") -> TaskID:
        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(LABELS[step], total=None, unit=unit)
        return self._tasks[step]

    def _print(self, markup: str) -> None:
        self._progress.console.print(markup, highlight=False)


class _Amount(ProgressColumn):
    """How much of how much: bytes or audio time."""

    def render(self, task: Task) -> Text:
        unit = task.fields.get("unit", "seconds")
        of = f" / {_amount(task.total, unit)}" if task.total else ""
        return Text(f"{_amount(task.completed, unit)}{of}", style="progress.download")


class _Rate(ProgressColumn):
    """Bytes a second, or how many times faster than real time."""

    def render(self, task: Task) -> Text:
        if not task.speed:
            return Text("")
        return Text(f"{size(task.speed)}/s" if task.fields.get("unit") == "bytes" else f"{task.speed:.1f}×", style="cyan")


def _bars(console: Console) -> Progress:
    columns = (TextColumn("  {task.description:<10}"), BarColumn(), _Amount(), _Rate(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True)


def ended(event: StepEnded) -> str:
    """Say in words that a step is done."""
    part = {"transcribe": f" part {event.part + 1} of {event.parts}", "bridge": f" before part {event.part + 1}"}.get(
        event.step, ""
    )
    how = "already done" if event.reused else f"done in {event.seconds:.1f} s"
    return f"{LABELS[event.step]}{part}: {how}"


def noticed(event: Noticed) -> str:
    """Say a notice in words."""
    return f"{'WARNING' if event.loud else 'note'}: {event.notice.message}"


def _amount(value: float | None, unit: str) -> str:
    return "?" if value is None else size(value) if unit == "bytes" else clock(value)


def _fields(event: Event) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        fields[field.name] = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return fields


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))
