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
from urllib.parse import SplitResult, urlsplit

from jobs.engines.devices import gpu_count
from jobs.engines.models import local_models
from service.own_redis import find_server
from service.standing import all_standing
from service.wording import size
from storage.errors import EarmarkError, OptionError
from storage.files import write_atomically
from worker.settings import Settings
from worker.stores import open_stores

Verdict = Literal["ok", "missing", "broken"]

_PATIENCE = 2.0
"""Seconds that the broker may take to answer."""

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
    try:
        program = find_server()
    except OptionError:
        return Finding("Redis", "missing", "no server to run for `earmark up`; `earmark run` does not need it")
    return Finding("Redis", "ok", f"{program}, for `earmark up`; `earmark run` does not need it")


def _broker(settings: Settings) -> Finding:
    """Ask the Redis through which workers hear of work; it is needed only by those who want the service."""
    by_hand = "broker_url" in settings.model_fields_set
    parts = urlsplit(settings.broker_url)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        return Finding("broker", "missing", f"{_without_password(parts)} cannot be asked from here")
    if not _has("redis"):
        return Finding("broker", "missing", "its library is not installed: pip install 'earmark[service]'")
    import redis

    client = redis.Redis.from_url(settings.broker_url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE, retry=None)
    try:
        client.ping()
    except redis.RedisError as error:
        words = f"{_without_password(parts)} does not answer ({error})"
        return Finding("broker", "broken" if by_hand else "missing", f"{words}; `earmark up` starts one")
    finally:
        client.close()
    return Finding("broker", "ok", f"{_without_password(parts)} answers")


def _workers(settings: Settings) -> Finding:
    """Look whether jobs move: the ledger shows it, on whichever machine the workers are."""
    if settings.database_url is None and not (settings.data_dir / "ledger.db").exists():
        return Finding("workers", "missing", "nothing was asked of the service yet")
    with open_stores(settings, owner=False) as stores:
        standing = all_standing(stores)
        running = sum(queue.running for queue in stores.queue.backlog())
        waiting = sum(queue.waiting for queue in stores.queue.backlog())
    if standing:
        return Finding("workers", "broken", " ".join(standing))
    if running:
        return Finding("workers", "ok", f"{running} steps are being done, {waiting} wait")
    return Finding("workers", "ok", f"{waiting} steps wait for a worker" if waiting else "there is nothing to do")


def _without_password(parts: SplitResult) -> str:
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


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
    "broker": _broker,
    "workers": _workers,
}
