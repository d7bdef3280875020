"""Diarization by pyannote.audio 4 (Bredin 2023): a hub id with a token, or a folder on disk.

The waveform goes in from memory, because pyannote's own decoding needs torchcodec and ffmpeg libraries that are often
absent; four hours are 0.9 GB. Nothing is reported to anybody: `PYANNOTE_METRICS_ENABLED=0` is set before the import.

torch must be imported before CTranslate2 loads CUDA libraries in the same process: both want CUDA 12, torch brings its own.
"""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from io import StringIO
from pathlib import Path
from typing import Any

from jobs.engines.protocols import SAMPLE_RATE, AudioSource, Diarization, Progress, SpeakerHints
from storage.documents import EngineInfo, Notice, Span, Turn
from storage.errors import AccessDenied, EarmarkError, EngineUnavailable, ModelInvalid, ModelMissing, OptionError

DEFAULT_MODEL = "pyannote/speaker-diarization-community-1"
_CONFIG = "config.yaml"
_STAGES = {"segmentation": (0.0, 0.3), "embeddings": (0.3, 1.0)}
"""Share of the work that each of the pipeline's slow stages is, for progress."""
_ANOTHER_WAY = "or use --diarizer resemblyzer, which needs no account"


class PyannoteDiarizer:
    """Tells voices apart with a pyannote.audio pipeline."""

    def __init__(self, model: str | Path = DEFAULT_MODEL, token: str | None = None, device: str = "auto") -> None:
        """Keep the settings; nothing is loaded before the first `diarize`.

        `model` is a folder or a hub id; `token` opens gated models, without one the login kept by huggingface_hub is used;
        `device` is `auto`, `cpu` or `cuda`.
        """
        self._model = model
        self._token = token
        self._device = device

    @property
    def info(self) -> EngineInfo:
        """Which engine and pipeline this is; raises `EngineUnavailable` where pyannote.audio is not installed."""
        try:
            release = version("pyannote.audio")
        except PackageNotFoundError as error:
            raise _not_installed(str(error)) from error
        folder = local_folder(self._model)
        name = folder.resolve().name if folder is not None else str(self._model)
        return EngineInfo(name="pyannote", version=release, model=name, device=self._device)

    def load(self) -> None:
        """Load the pipeline now, so that what stands in its way is known before an episode is begun; raises as `diarize`."""
        _ = self._pipeline

    @cached_property
    def _pipeline(self) -> Any:
        return load_pipeline(self._model, self._token, self._device)

    def diarize(self, audio: AudioSource, speech: Sequence[Span], hints: SpeakerHints, progress: Progress) -> Diarization:
        """Return who speaks when. The pipeline finds speech itself; `speech` only tells whether there is any."""
        if not speech:
            progress(audio.duration)
            return Diarization(turns=(), overlapping=())
        import torch

        waveform = torch.from_numpy(audio.read(0.0, audio.duration))[None]
        with _known_warnings() as seen:
            output = self._pipeline(
                {"waveform": waveform, "sample_rate": SAMPLE_RATE, "uri": "episode"},
                hook=_reporter(audio.duration, progress),
                **_bounds(hints),
            )
        progress(audio.duration)
        return _diarization(output, tuple(seen))


def load_pipeline(model: str | Path, token: str | None, device: str) -> Any:
    """Load a pipeline and move it to a device.

    Raises `EngineUnavailable` (library or device missing), `ModelMissing` (no such folder or pipeline, hub out
    of reach), `ModelInvalid` (not a pipeline) or `AccessDenied` (token missing or refused, licence not accepted).
    """
    folder = local_folder(model)
    if folder is not None:
        _check_folder(folder)
    elif token is not None and not token.startswith("hf_"):
        raise AccessDenied(
            "The token given for pyannote is not a Hugging Face token: those begin with hf_.",
            hint=f"Create one at hf.co/settings/tokens, {_ANOTHER_WAY}.",
        )
    torch, pipeline_class = _import_pyannote()
    target = _torch_device(torch, device)
    try:
        with redirect_stdout(StringIO()):  # pyannote prints its advice; ours is in the error
            pipeline = pipeline_class.from_pretrained(folder if folder is not None else str(model), token=token)
    except Exception as error:
        raise (_broken_folder(folder, error) if folder is not None else _refused(str(model), token, error)) from error
    if pipeline is None:
        raise ModelInvalid(f"{model} is not a pyannote pipeline.", hint=f"Name one, such as {DEFAULT_MODEL}.")
    return pipeline.to(target)


def local_folder(model: str | Path) -> Path | None:
    """Return the folder that `model` names, whether it exists or not; none for a hub id (`owner/name`)."""
    path = Path(model).expanduser()
    looks_local = isinstance(model, Path) or path.exists() or path.is_absolute() or str(model).startswith((".", "~"))
    return path if looks_local or str(model).count("/") != 1 else None


def _check_folder(folder: Path) -> None:
    if not folder.exists():
        raise ModelMissing(f"There is no pyannote pipeline at {folder}: no such folder.", hint="Check the path.")
    if not folder.is_dir() or not (folder / _CONFIG).is_file():
        raise ModelInvalid(
            f"{folder} is not a pyannote pipeline: it holds no {_CONFIG}.",
            hint="Name the folder of a pyannote.audio 4 pipeline, such as a clone of " + DEFAULT_MODEL + ".",
        )


def _import_pyannote() -> tuple[Any, Any]:
    """Import torch, then pyannote.audio, with telemetry off."""
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
    try:
        import torch

        with warnings.catch_warnings():
            # audio goes in from memory, so its decoder need not be there
            warnings.filterwarnings("ignore", message=r"\s*torchcodec is not installed correctly", category=UserWarning)
            from pyannote.audio import Pipeline
    except ImportError as error:
        raise _not_installed(str(error)) from error
    return torch, Pipeline


def _torch_device(torch: Any, device: str) -> Any:
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise EngineUnavailable("pyannote was asked to run on a GPU, but torch finds none.", hint="Use --device cpu or auto.")
    try:
        return torch.device(device)
    except RuntimeError as error:
        raise OptionError(f"{device!r} is not a device.", hint="Use auto, cpu or cuda.") from error


# ------------------------------------------------------------------ what can go wrong while loading


def _not_installed(why: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"pyannote.audio cannot be imported: {why}.",
        hint=f"Install earmark with its `diarize` extra (torch and torchaudio of one version, below 2.11), {_ANOTHER_WAY}.",
    )


def _broken_folder(folder: Path, error: Exception) -> EarmarkError:
    if isinstance(error, ImportError):
        return EngineUnavailable(f"The pipeline in {folder} needs what is not installed: {error}.", hint="Install it.")
    return ModelInvalid(
        f"The pyannote pipeline in {folder} cannot be loaded: {_first_line(error)}.",
        hint="Get the whole folder again; it must be of pyannote.audio 4, and what its config.yaml names must be there.",
    )


def _refused(model: str, token: str | None, error: Exception) -> EarmarkError:
    """Say in plain words why the hub gave no pipeline."""
    from huggingface_hub import errors, get_token

    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.GatedRepoError | errors.HfHubHTTPError) and status in {401, 403}:
        return _access_denied(
            model, has_token=bool(token or get_token()), gated=isinstance(error, errors.GatedRepoError), status=status
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return ModelMissing(f"The hub has no model {model}.", hint=f"Check the name; the usual one is {DEFAULT_MODEL}.")
    if isinstance(error, errors.LocalEntryNotFoundError | errors.OfflineModeIsEnabled) or _is_connection_error(error):
        return ModelMissing(
            f"The pyannote pipeline {model} is not on this machine, and the model hub cannot be reached.",
            hint=f"Go online once, name a folder that holds the pipeline, {_ANOTHER_WAY}.",
        )
    if isinstance(error, errors.EntryNotFoundError | errors.RevisionNotFoundError):
        return ModelInvalid(f"{model} is on the hub but is not a pyannote pipeline.", hint=f"The usual one is {DEFAULT_MODEL}.")
    if isinstance(error, ImportError):
        return _not_installed(str(error))
    return ModelInvalid(
        f"The pyannote pipeline {model} cannot be loaded: {_first_line(error)}.", hint=f"The usual one is {DEFAULT_MODEL}."
    )


def _access_denied(model: str, *, has_token: bool, gated: bool, status: int) -> AccessDenied:
    if not has_token:
        return AccessDenied(
            f"{model} is gated, and no token was given.",
            hint=f"Accept its conditions at hf.co/{model}, give earmark a token from hf.co/settings/tokens, {_ANOTHER_WAY}.",
        )
    if gated and status == 403:
        return AccessDenied(
            f"The conditions of {model} have not been accepted by the owner of the token.",
            hint=f"Sign in, accept them at hf.co/{model} (a fine-grained token must allow gated repositories), {_ANOTHER_WAY}.",
        )
    return AccessDenied(
        f"The hub refused the token for {model}.",
        hint=f"It may have expired or lack read access: create another at hf.co/settings/tokens, {_ANOTHER_WAY}.",
    )


def _is_connection_error(error: Exception) -> bool:
    """Tell failures of the connection apart, whichever client huggingface_hub brings (requests, httpx, httpx2)."""
    family = {kind.__name__ for kind in type(error).__mro__ if kind.__module__.split(".")[0] in {"httpx", "httpx2", "requests"}}
    return isinstance(error, ConnectionError | TimeoutError) or bool(family & {"TransportError", "ConnectionError", "Timeout"})


def _first_line(error: Exception) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".:")


# ------------------------------------------------------------------ what goes in and what comes out


def _bounds(hints: SpeakerHints) -> dict[str, int]:
    if hints.exactly is not None:
        return {"num_speakers": hints.exactly}
    bounds = {"min_speakers": hints.at_least, "max_speakers": hints.at_most}
    return {name: value for name, value in bounds.items() if value is not None}


def _reporter(duration: float, progress: Progress) -> Any:
    """Return a pyannote hook that reports seconds of audio."""

    def hook(step: str, _artefact: object, *, total: int | None = None, completed: int | None = None, **_: object) -> None:
        if step in _STAGES and total and completed is not None:
            begin, end = _STAGES[step]
            progress(duration * (begin + (end - begin) * min(1.0, completed / total)))

    return hook


@contextmanager
def _known_warnings() -> Iterator[list[Notice]]:
    """Turn pyannote's warning about the number of speakers into a notice; quieten its arithmetic on very short speech."""
    notices: list[Notice] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield notices
    for warning in caught:
        text = " ".join(str(warning.message).split())
        if "detected number of speakers" in text:
            found = text.partition("(")[2].partition(")")[0]
            message = f"pyannote found {found} speakers, which is outside the number asked for."
            notices.append(Notice(code="fewer_speakers", message=message))
        elif "degrees of freedom" not in text:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _diarization(output: Any, notices: tuple[Notice, ...]) -> Diarization:
    """Read pyannote's result: `DiarizeOutput`, or the bare annotation of a pipeline in legacy mode."""
    annotation = getattr(output, "speaker_diarization", output)
    heard = _turns(annotation)
    apart = getattr(output, "exclusive_speaker_diarization", None)
    exclusive = exclusive_turns(heard) if apart is None else _turns(apart)
    order = dict.fromkeys(turn.speaker for turn in (*exclusive, *heard))
    names = {label: f"Speaker {number}" for number, label in enumerate(order, start=1)}
    return Diarization(
        turns=_named(exclusive, names),
        overlapping=_named(heard, names),
        embeddings=_embeddings(annotation, getattr(output, "speaker_embeddings", None), names),
        warnings=notices,
    )


def _turns(annotation: Any) -> tuple[Turn, ...]:
    tracks = annotation.itertracks(yield_label=True)
    turns = [Turn(start=max(0.0, span.start), end=span.end, speaker=str(label)) for span, _, label in tracks if span.end > 0]
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end)))


def _named(turns: Sequence[Turn], names: dict[str, str]) -> tuple[Turn, ...]:
    return tuple(turn.model_copy(update={"speaker": names[turn.speaker]}) for turn in turns)


def _embeddings(annotation: Any, rows: Any, names: dict[str, str]) -> dict[str, tuple[float, ...]]:
    """Return unit embeddings per speaker; a speaker for whom the pipeline has none (all zero or not a number) is left out."""
    if rows is None:
        return {}
    import numpy as np

    embeddings = {}
    for label, row in zip(annotation.labels(), rows, strict=False):
        length = float(np.linalg.norm(row))
        if np.isfinite(length) and length > 0 and str(label) in names:
            embeddings[names[str(label)]] = tuple((row / length).tolist())
    return embeddings


def exclusive_turns(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return turns of which no two overlap: where several speak, the shortest turn wins, so that a back-channel is kept."""
    edges = sorted({time for turn in turns for time in (turn.start, turn.end)})
    pending = sorted(turns, key=lambda turn: turn.start, reverse=True)
    active: list[Turn] = []
    apart: list[Turn] = []
    for start, end in itertools.pairwise(edges):
        while pending and pending[-1].start <= start:
            active.append(pending.pop())
        active = [turn for turn in active if turn.end > start]
        if not active:
            continue
        speaker = min(active, key=lambda turn: (turn.end - turn.start, turn.start, turn.speaker)).speaker
        if apart and apart[-1].speaker == speaker and apart[-1].end == start:
            apart[-1] = Turn(start=apart[-1].start, end=end, speaker=speaker)
        else:
            apart.append(Turn(start=start, end=end, speaker=speaker))
    return tuple(apart)
