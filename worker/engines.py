"""The engines of one child process: chosen by a job's options, loaded at their first use, kept for the jobs that follow."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from jobs.engines.choose import Place, choose_diarizer, choose_transcriber
from jobs.engines.protocols import Diarizer, Transcriber
from jobs.options import Options
from jobs.tasks import EngineChoice
from storage.documents import EngineInfo, Notice
from storage.errors import EngineDiffers, EngineUnavailable

T = TypeVar("T")

_KEPT = 1
"""Engines of one kind that are kept loaded: jobs with other options take turns on the memory."""


class _Shelf(Generic[T]):
    """The engines that were chosen last, by the options that they were chosen for."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[T, tuple[Notice, ...]]] = OrderedDict()

    def get(self, key: str) -> tuple[T, tuple[Notice, ...]] | None:
        return self._kept.get(key)

    def put(self, key: str, engine: tuple[T, tuple[Notice, ...]]) -> tuple[T, tuple[Notice, ...]]:
        self._kept[key] = engine
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return engine


class EngineRoom:
    """The engines of a process, for job after job."""

    def __init__(self, place: Place, *, threads: int = 0) -> None:
        self._place = place
        self._threads = threads
        self._transcribers: _Shelf[Transcriber] = _Shelf()
        self._diarizers: _Shelf[Diarizer | None] = _Shelf()

    def for_job(self, options: Options) -> JobEngines:
        """Return the way to the engines for a job's options; the threads are this worker's to say, if it says how many."""
        return JobEngines(self, options.model_copy(update={"threads": self._threads or options.threads}))

    def transcriber(self, options: Options) -> tuple[Transcriber, tuple[Notice, ...]]:
        """Return the transcriber for these options, the one from before if they ask for the same."""
        asked = options.model_dump_json(include={"engine", "model", "device", "compute_type", "threads", "workers", "language"})
        return self._transcribers.get(asked) or self._transcribers.put(asked, choose_transcriber(options, self._place))

    def diarizer(self, options: Options) -> tuple[Diarizer | None, tuple[Notice, ...]]:
        """Return the diarizer for these options, the one from before if they ask for the same."""
        asked = options.model_dump_json(include={"diarizer", "diarizer_model", "device", "threads", "model"})
        return self._diarizers.get(asked) or self._diarizers.put(asked, choose_diarizer(options, self._place))


class JobEngines:
    """The engines for one job (`jobs.plan.Engines`)."""

    def __init__(self, room: EngineRoom, options: Options) -> None:
        self._room = room
        self._options = options

    def choose_transcriber(self) -> EngineChoice:
        """Say which transcriber this machine takes."""
        engine, notices = self._room.transcriber(self._options)
        return EngineChoice(info=engine.info, notices=notices)

    def choose_diarizer(self) -> EngineChoice:
        """Say which diarizer this machine takes; no `info` if none."""
        engine, notices = self._room.diarizer(self._options)
        return EngineChoice(info=engine.info if engine is not None else None, notices=notices)

    def transcriber(self, chosen: EngineInfo) -> Transcriber:
        """Return the transcriber that was chosen; `EngineDiffers` if this machine has another."""
        engine, _ = self._room.transcriber(self._options)
        _require_same(chosen, engine.info)
        return engine

    def diarizer(self, chosen: EngineInfo) -> Diarizer:
        """Return the diarizer that was chosen; `EngineDiffers` if this machine has another."""
        engine, _ = self._room.diarizer(self._options)
        if engine is None:
            raise EngineUnavailable(
                f"The job was begun with {chosen.name}, which this worker lacks.", hint="Install the same on all workers."
            )
        _require_same(chosen, engine.info)
        return engine


def _require_same(chosen: EngineInfo, mine: EngineInfo) -> None:
    """Refuse to go on with another model; another device or number format is the same engine."""
    if (chosen.name, chosen.model, chosen.model_digest) != (mine.name, mine.model, mine.model_digest):
        raise EngineDiffers(
            f"The job was begun with {chosen.name} {chosen.model}, and this worker has {mine.name} {mine.model}.",
            hint="Give all workers of a queue the same models and settings.",
        )
