"""Which engines run: the ones asked for, or the best that this machine can have.

An engine asked for by name never falls back. `auto` does, step by step, and every step down says so in a notice that goes into
the output: another Whisper model on disk, then PocketSphinx.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from jobs.engines import models
from jobs.engines.devices import resolve_device
from jobs.engines.pocketsphinx import PocketsphinxTranscriber
from jobs.engines.protocols import Diarizer, Transcriber
from jobs.engines.pyannote import PyannoteDiarizer
from jobs.engines.pyannote_pipeline import DEFAULT_MODEL
from jobs.engines.resemblyzer import ResemblyzerDiarizer
from jobs.engines.scripted import ScriptedDiarizer, ScriptedTranscriber, read_script
from jobs.engines.whisper import WhisperTranscriber
from jobs.language import primary_subtag
from jobs.options import Options
from storage.documents import Notice
from storage.errors import EngineError, EngineUnavailable, ModelMissing, NetworkError, OptionError


@dataclass(frozen=True)
class Place:
    """What this machine offers to engines."""

    models: Path
    """Folder of Whisper models that were copied here by hand."""
    token: str | None = None
    """Token for the model hub."""
    pyannote_model: str | None = None
    """pyannote pipeline from the settings: a folder or a hub id."""


@dataclass(frozen=True)
class Chosen:
    """The engines of a run, and what their choice has to say."""

    transcriber: Transcriber
    diarizer: Diarizer | None
    notices: tuple[Notice, ...]


def choose_engines(options: Options, place: Place) -> Chosen:
    """Return the engines for these options; models are found and fetched here, but loaded only when they are used."""
    transcriber, heard = choose_transcriber(options, place)
    diarizer, told = choose_diarizer(options, place)
    return Chosen(transcriber, diarizer, (*heard, *told))


# ------------------------------------------------------------------ speech


def choose_transcriber(options: Options, place: Place) -> tuple[Transcriber, tuple[Notice, ...]]:
    """Return the engine that hears, and what its choice has to say."""
    if options.engine == "scripted":
        return _scripted(options), ()
    if options.engine == "pocketsphinx":
        return PocketsphinxTranscriber(), ()
    name = options.model or _default_model(options)
    if options.engine == "whisper" or options.model is not None:
        return _with_notice(_whisper(options, name, _model_folder(name, place)))
    return _best_there_is(options, place, name)


def _model_folder(name: str, place: Place) -> Path:
    return models.find_model(name, place.models) or models.pull_model(name, token=place.token)


def _best_there_is(options: Options, place: Place, name: str) -> tuple[Transcriber, tuple[Notice, ...]]:
    try:
        return _with_notice(_whisper(options, name, _model_folder(name, place)))
    except (NetworkError, EngineUnavailable) as error:
        other = None if isinstance(error, EngineUnavailable) else models.best_local_model(place.models)
        if other is not None:
            text = f"Whisper's {name} could not be fetched; {other.name}, which is here, was used. {error}"
            return _whisper(options, other.name, other.folder), (Notice(code="asr_other_model", message=text),)
        return _pocketsphinx(options, name, error)


def _pocketsphinx(options: Options, name: str, error: Exception) -> tuple[Transcriber, tuple[Notice, ...]]:
    if options.language is not None and primary_subtag(options.language) != "en":
        raise ModelMissing(
            f"Without a Whisper model, {options.language!r} cannot be transcribed. {error}",
            hint=f"Fetch one with `earmark models pull {name}` on a machine with a connection, and copy it here.",
        ) from error
    text = (
        "PocketSphinx transcribed this: English only, and rough, many words will be wrong. "
        f"Whisper's model {name} is not on this machine and could not be fetched. "
        f"Fetch it with `earmark models pull {name}`, or give a folder with --model. {error}"
    )
    transcriber = PocketsphinxTranscriber(fallback=True)
    _ = transcriber.info  # raises here, not in the middle of an episode, if it is not installed
    return transcriber, (Notice(code="asr_fallback", message=text),)


def _whisper(options: Options, name: str, folder: Path) -> WhisperTranscriber:
    shown = name if name in models.PREFERENCE or "/" not in name.strip("/") else folder.name
    return WhisperTranscriber(
        folder,
        name=os.fspath(shown),
        device=options.device,
        compute_type=options.compute_type,
        threads=options.threads,
        workers=options.workers,
    )


def _with_notice(transcriber: WhisperTranscriber) -> tuple[Transcriber, tuple[Notice, ...]]:
    said = transcriber.notice
    return transcriber, (Notice(code="model_notice", message=said),) if said else ()


def _default_model(options: Options) -> str:
    return models.DEFAULT_ON_GPU if _device(options) == "cuda" else models.DEFAULT_ON_CPU


def _device(options: Options) -> str:
    """Return what `auto` means here; without CTranslate2 nobody can tell, and the CPU is there."""
    try:
        return resolve_device(options.device)
    except EngineUnavailable:
        if options.device == "cuda":
            raise
        return "cpu"


def _scripted(options: Options) -> ScriptedTranscriber:
    if options.model is None:
        raise OptionError("The scripted engine needs a script.", hint="Give its JSON file with --model.")
    return ScriptedTranscriber(read_script(Path(options.model)), name=Path(options.model).name)


# ------------------------------------------------------------------ speakers


def choose_diarizer(options: Options, place: Place) -> tuple[Diarizer | None, tuple[Notice, ...]]:
    """Return the engine that tells voices apart, if one is wanted and there is one, and what its choice has to say."""
    if options.diarizer == "none":
        return None, ()
    if options.diarizer == "scripted":
        if options.model is None:
            raise OptionError("The scripted diarizer needs a script.", hint="Give its JSON file with --model.")
        return ScriptedDiarizer(read_script(Path(options.model)), name=Path(options.model).name), ()
    pipeline = options.diarizer_model or place.pyannote_model
    if options.diarizer == "pyannote":
        return _pyannote(options, pipeline, place), ()
    if options.diarizer == "resemblyzer":
        return _resemblyzer(options), ()
    return _best_diarizer(options, pipeline, place)


def _best_diarizer(options: Options, pipeline: str | None, place: Place) -> tuple[Diarizer | None, tuple[Notice, ...]]:
    notices: list[Notice] = []
    if pipeline is not None or place.token is not None:
        try:
            wanted = _pyannote(options, pipeline, place)
            wanted.load()
        except (NetworkError, EngineError) as error:
            if options.diarizer_model is not None:
                raise
            text = f"pyannote could not be used, so the embedded Resemblyzer told the speakers apart. {error}"
            notices.append(Notice(code="diarizer_fallback", message=text))
        else:
            return wanted, ()
    try:
        return _resemblyzer(options), tuple(notices)
    except EngineUnavailable as error:
        text = f"The speakers were not told apart: no diarizer is installed. {error}"
        return None, (*notices, Notice(code="no_diarizer", message=text))


def _pyannote(options: Options, pipeline: str | None, place: Place) -> PyannoteDiarizer:
    return PyannoteDiarizer(pipeline or DEFAULT_MODEL, place.token, _device(options))


def _resemblyzer(options: Options) -> ResemblyzerDiarizer:
    diarizer = ResemblyzerDiarizer(_device(options), threads=options.threads)
    _ = diarizer.info  # raises here, not in the middle of an episode, if it is not installed
    return diarizer
