"""A desk for commands that only take requests: it runs no step, and leaves it to the sweeper to give word to the workers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from jobs.audio import DecodeLimits
from jobs.engines.protocols import Diarizer, Transcriber
from jobs.fetch import Fetcher
from jobs.plan import EngineChoice, Tools
from storage.documents import EngineInfo
from storage.errors import EngineUnavailable
from storage.records import Hint
from worker.desk import Desk
from worker.settings import Settings
from worker.stores import Stores


def front_desk(settings: Settings, stores: Stores, fetcher: Fetcher) -> Desk:
    """Return a desk that takes requests."""
    limits = DecodeLimits(max_seconds=settings.max_audio_hours * 3600)
    tools = Tools(stores.blobs, fetcher, _NoEngines(), limits, keep_decoded=settings.keep_decoded)
    return _FrontDesk(stores, tools, _nobody)


def _nobody(hints: Iterable[Hint]) -> tuple[Hint, ...]:  # noqa: ARG001 - the protocol's
    return ()


class _FrontDesk(Desk):
    def tell(self, hints: Sequence[Hint]) -> None:
        """Say nothing: the sweeper announces what waits in a queue."""


class _NoEngines:
    """The engines of a process that only plans."""

    def choose_transcriber(self) -> EngineChoice:
        raise _no_engines()

    def choose_diarizer(self) -> EngineChoice:
        raise _no_engines()

    def transcriber(self, chosen: EngineInfo) -> Transcriber:  # noqa: ARG002 - the protocol's
        raise _no_engines()

    def diarizer(self, chosen: EngineInfo) -> Diarizer:  # noqa: ARG002 - the protocol's
        raise _no_engines()


def _no_engines() -> EngineUnavailable:
    return EngineUnavailable("This process runs no engines.", hint="Steps are run by `earmark worker`.")
