"""The tools of the plan's steps, as the settings say."""

from __future__ import annotations

from jobs.audio import DecodeLimits
from jobs.engines.choose import Place
from jobs.engines.protocols import Diarizer, Transcriber
from jobs.tasks import EngineChoice, Engines, Tools
from storage.documents import EngineInfo
from storage.errors import EngineUnavailable
from worker.network import open_fetcher
from worker.settings import Settings
from worker.stores import Stores


def engine_place(settings: Settings) -> Place:
    """Return what this machine offers to engines."""
    return Place(settings.models_dir, settings.token, settings.pyannote_model)


def open_tools(settings: Settings, stores: Stores, engines: Engines | None = None) -> Tools:
    """Return the tools; without `engines` they serve for planning and for the steps that need none."""
    return Tools(
        blobs=stores.blobs,
        fetcher=open_fetcher(settings),
        engines=engines or _NoEngines(),
        decode_limits=DecodeLimits(max_seconds=settings.max_audio_hours * 3600),
        forget=stores.ledger.forget,
        keep_decoded=settings.keep_decoded,
        memory=stores.memory if settings.voice_memory else None,
    )


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
