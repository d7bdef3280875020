"""A step of a plan, what it makes and how, and what a plan needs to be walked: the words in which `jobs/plan.py` is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from jobs.audio import DecodeLimits
from jobs.engines.protocols import Diarizer, Transcriber
from jobs.fetch import Fetcher
from jobs.steps import Report, Step
from storage.blobs import Blobs
from storage.documents import Document, EngineInfo, Notice, Transcript
from storage.records import Queue
from storage.voices import VoiceMemory

Result = TypeVar("Result", bound=Document)
Made_co = TypeVar("Made_co", bound=Document, covariant=True)


class EngineChoice(Document):
    """Which engine a worker took for a job, and what the choice has to say."""

    info: EngineInfo | None
    """None where nobody tells the speakers apart."""
    notices: tuple[Notice, ...] = ()


class Engines(Protocol):
    """Where a step gets its engine from, when it is run."""

    def choose_transcriber(self) -> EngineChoice:
        """Say which transcriber this machine takes for the job."""

    def choose_diarizer(self) -> EngineChoice:
        """Say which diarizer this machine takes for the job; no `info` if none."""

    def transcriber(self, chosen: EngineInfo) -> Transcriber:
        """Return the transcriber that was chosen."""

    def diarizer(self, chosen: EngineInfo) -> Diarizer:
        """Return the diarizer that was chosen."""


@dataclass(frozen=True)
class Tools:
    """What the steps work with."""

    blobs: Blobs
    fetcher: Fetcher
    engines: Engines
    decode_limits: DecodeLimits = field(default_factory=DecodeLimits)
    forget: Callable[[str], None] = lambda _: None
    """Told the key of a finished step whose result proved worthless."""
    keep_decoded: bool = False
    """Keep the decoded audio once the transcript is made."""
    memory: VoiceMemory | None = None
    """The voices of each show; none where nothing of them may be kept."""


def _always(_: Any) -> bool:
    return True


@dataclass(frozen=True)
class Task(Generic[Made_co]):
    """A step, what it makes, and how."""

    step: Step
    kind: type[Made_co]
    work: Callable[[Report], Made_co]
    queue: Queue
    usable: Callable[[Any], bool] = _always
    """Can refuse a known result, for instance because a file that it names is gone."""
    settled: Callable[[Any], bool] = _always
    """Can refuse the result of another job where a new try may find more; the job that made it goes on with it."""
    needs_bytes: int = 0
    """Memory without which the step must not start; 0 if it is modest."""
    listens: bool = False
    """Whether it works on the decoded audio."""


class Known(Protocol):
    """What has been done."""

    def has(self, task: Task[Any]) -> bool:
        """Tell whether the step is done."""

    def result(self, task: Task[Result]) -> Result | None:
        """Return what the step made; none if it is not done, or its result is not usable."""


@dataclass(frozen=True)
class Ahead:
    """How far a plan has come."""

    ready: tuple[Task[Any], ...]
    """The steps that can be done now."""
    transcript: Transcript | None = None
    last: Task[Transcript] | None = None
    """The step that makes the transcript, once everything before it is known."""


@dataclass
class Walk:
    """A way through the plan: what is known is taken, what is ready is noted."""

    known: Known
    ready: list[Task[Any]] = field(default_factory=list)

    def need(self, task: Task[Result]) -> Result | None:
        """Return the step's result, or note that the step is ready."""
        result = self.known.result(task)
        if result is None:
            self.ready.append(task)
        return result

    def need_all(self, tasks: Sequence[Task[Result]]) -> tuple[Result, ...] | None:
        """Return all results; while one is missing, none is read, for there are many and they are large."""
        missing = [task for task in tasks if not self.known.has(task)]
        found = [] if missing else [self.known.result(task) for task in tasks]
        missing = missing or [task for task, result in zip(tasks, found, strict=True) if result is None]
        self.ready.extend(missing)
        return None if missing else tuple(result for result in found if result is not None)

    def ahead(self, last: Task[Transcript] | None = None) -> Ahead:
        """Return how far the plan has come; `last` is the step that makes the transcript, once everything before it is known."""
        transcript = self.need(last) if last is not None else None
        return Ahead(tuple(self.ready), transcript, last)
