"""An episode from its address to its transcript in one process, without a broker: `process` walks the plan step by step.

The steps and their order stand in `jobs/plan.py`; workers walk the same plan (`worker/`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path
from typing import Any, Self

from jobs.audio import DecodeLimits
from jobs.engines.protocols import Diarizer, Transcriber
from jobs.events import EpisodeBegan, Listener
from jobs.fetch import Fetcher
from jobs.intake import Given
from jobs.options import Options
from jobs.plan import Plan
from jobs.request import JobRequest
from jobs.steps import Report, StepRunner
from jobs.tasks import EngineChoice, Result, Task, Tools
from storage.blobs import Blobs
from storage.documents import Document, EngineInfo, Note, Notice, Publication, Transcript
from storage.errors import Cancelled, EarmarkError, LeaseLost, NotFound, StepBusy
from storage.ledger import Ledger
from storage.presence import Presence
from storage.records import IN_PARTS
from storage.voices import VoiceMemory


@dataclass(frozen=True)
class Workshop:
    """Everything that `process` works with."""

    ledger: Ledger
    blobs: Blobs
    presence: Presence
    fetcher: Fetcher
    transcriber: Transcriber
    diarizer: Diarizer | None
    notices: tuple[Notice, ...] = ()
    """What the choice of engines has to say; it goes into every transcript."""
    decode_limits: DecodeLimits = field(default_factory=DecodeLimits)
    keep_decoded: bool = False
    memory: VoiceMemory | None = None
    """The voices of each show; none where nothing of them may be kept."""


@dataclass(frozen=True)
class Outcome:
    """A finished episode."""

    transcript: Transcript
    worked: bool
    """False if everything was done before."""


def process(
    publication: Publication,
    options: Options,
    shop: Workshop,
    *,
    listener: Listener,
    given: Given | None = None,
    force: bool = False,
) -> Outcome:
    """Turn one published episode into a transcript, doing only what has not been done yet.

    Raises an `EarmarkError` that says what is wrong with the episode; what was finished is kept, and the next call goes on
    from there.
    """
    episode = publication.episode
    listener(EpisodeBegan(episode))
    shop.ledger.remember(episode)
    job = shop.ledger.open_job(episode.id, options.key(), episode.title)
    if force:
        shop.ledger.reset_attempts(job.id)
    runner = StepRunner(shop.ledger, shop.blobs, shop.presence, job.id, listener, force=force)
    asked = given or Given()
    request = JobRequest(
        publication=publication,
        options=options,
        chapters=asked.chapters,
        reference=asked.reference,
        notes=given_notes(asked.notes),
    )
    shop.ledger.set_job(job.id, "running")
    try:
        transcript, key = _all_steps(request, shop, runner)
    except Cancelled as error:
        shop.ledger.set_job(job.id, "cancelled", reason=str(error))
        raise
    except (StepBusy, LeaseLost):
        raise  # the job is another process's, and so is its state
    except EarmarkError as error:
        shop.ledger.set_job(job.id, "failed", reason=str(error))
        raise
    except KeyboardInterrupt:
        shop.ledger.release_all(job.id, shop.presence.owner)
        shop.ledger.set_job(job.id, "queued", reason="interrupted")
        raise
    except BaseException as error:
        shop.ledger.set_job(job.id, "failed", reason=repr(error))
        raise
    shop.ledger.set_job(job.id, "done", output=shop.ledger.finished(key))
    return Outcome(transcript, runner.worked)


def _all_steps(request: JobRequest, shop: Workshop, runner: StepRunner) -> tuple[Transcript, str]:
    """Run every step; return the transcript and the key under which it is known."""
    known = _Results(shop)
    tools = Tools(shop.blobs, shop.fetcher, _Engines(shop), shop.decode_limits, shop.ledger.forget, memory=shop.memory)
    with _Beside() as beside, Plan(request, tools) as plan:
        ahead, at_once = plan.ahead(known), 1
        while ahead.transcript is None or ahead.last is None:
            first = ahead.ready[0].step
            alike = list(takewhile(lambda task: task.step.name == first.name, ahead.ready))  # noqa: B023 - used at once
            if first.name == "prepare":
                alike = [replace(task, work=beside.started_with(task.work, shop.transcriber.get_ready)) for task in alike]
            if first.name == "transcribe":
                at_once = shop.transcriber.expect(first.parts)  # bridges are heard by as many afterwards
            known.keep(alike, _run(alike, runner, at_once))
            ahead = plan.ahead(known)
        _clean_up(plan.decoded_blob(known), shop, runner.job_id)
    return ahead.transcript, ahead.last.step.key


class _Beside:
    """What is done in a thread beside the work of a step, and waited for at the end of all steps."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []

    def started_with(self, work: Callable[[Report], Document], other: Callable[[], None]) -> Callable[[Report], Document]:
        """Return the work, with which the other begins; neither is done if the step turns out to be done already."""

        def both(report: Report) -> Document:
            thread = threading.Thread(target=other, name="earmark-beside")
            self._threads.append(thread)
            thread.start()
            return work(report)

        return both

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join()


def _run(tasks: list[Task[Any]], runner: StepRunner, at_once: int) -> tuple[Document, ...]:
    """Run steps of one name; those that are done for parts, up to so many at once."""
    first = tasks[0]
    if first.step.name in IN_PARTS:
        return runner.run_all([(task.step, task.work) for task in tasks], first.kind, at_once=at_once)
    return tuple(runner.run(task.step, task.kind, task.work, usable=_usable(task)) for task in tasks)


def _usable(task: Task[Any]) -> Callable[[Any], bool]:
    """Say whether what an earlier run made will do."""
    return lambda known: task.usable(known) and task.settled(known)


def _clean_up(decoded: str | None, shop: Workshop, job_id: str) -> None:
    """Remove the decoded audio, which is large and can be made again, unless another job of the episode may be using it."""
    if decoded is not None and not (shop.keep_decoded or shop.ledger.has_others(job_id)):
        shop.blobs.remove(decoded)


class _Results:
    """What this process has done, or found done; the engines are chosen before it begins."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop
        self._made: dict[str, Document] = {}

    def keep(self, tasks: list[Task[Any]], results: tuple[Document, ...]) -> None:
        """Take note of what steps made."""
        self._made.update(zip((task.step.key for task in tasks), results, strict=True))

    def has(self, task: Task[Any]) -> bool:
        """Tell whether the step is done."""
        return self.result(task) is not None

    def result(self, task: Task[Result]) -> Result | None:
        """Return what the step made."""
        engines = {"transcriber": self._shop.transcriber, "diarizer": self._shop.diarizer}
        if task.step.name in engines:
            engine = engines[task.step.name]
            said = self._shop.notices if task.step.name == "transcriber" else ()
            made: Document | None = EngineChoice(info=engine.info if engine else None, notices=said)
        else:
            made = self._made.get(task.step.key)
        assert made is None or isinstance(made, task.kind)
        return made


@dataclass(frozen=True)
class _Engines:
    """The engines of this process."""

    shop: Workshop

    def choose_transcriber(self) -> EngineChoice:
        return EngineChoice(info=self.shop.transcriber.info)

    def choose_diarizer(self) -> EngineChoice:
        return EngineChoice(info=self.shop.diarizer.info if self.shop.diarizer else None)

    def transcriber(self, chosen: EngineInfo) -> Transcriber:
        assert chosen == self.shop.transcriber.info
        return self.shop.transcriber

    def diarizer(self, chosen: EngineInfo) -> Diarizer:
        assert self.shop.diarizer is not None
        assert chosen == self.shop.diarizer.info
        return self.shop.diarizer


def given_notes(path: Path | None) -> tuple[Note, ...]:
    """Read the show notes that a person gave; raises `NotFound` if they cannot be read."""
    if path is None:
        return ()
    try:
        return (Note(field="file", html=path.read_text("utf-8", errors="replace")),)
    except OSError as error:
        raise NotFound(f"The show notes {path} cannot be read: {error.strerror}.", hint="Check the path.") from error
