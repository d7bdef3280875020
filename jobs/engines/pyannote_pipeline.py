"""Loading a pyannote.audio 4 pipeline from a folder or from the model hub; what stands in the way is said in plain words.

Nothing is reported to anybody: `PYANNOTE_METRICS_ENABLED=0` is set before the import.

torch must be imported before CTranslate2 loads CUDA libraries in the same process: both want CUDA 12, torch brings its own.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from storage.errors import AccessDenied, EarmarkError, EngineUnavailable, ModelInvalid, ModelMissing, OptionError

DEFAULT_MODEL = "pyannote/speaker-diarization-community-1"
MOST_VOICES = 8_000
"""Voices that are clustered together; a chunk of ten seconds has one or two, and there is one a second."""
_CONFIG = "config.yaml"
_ANOTHER_WAY = "or use --diarizer resemblyzer, which needs no account"

Filtered: TypeAlias = tuple[npt.NDArray[np.float32], npt.NDArray[np.intp], npt.NDArray[np.intp]]
"""Embeddings to learn from, and the chunk and the place in it that each comes from."""


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
    if hasattr(getattr(pipeline, "clustering", None), "filter_embeddings"):
        pipeline.clustering.filter_embeddings = evenly_thinned(pipeline.clustering.filter_embeddings, MOST_VOICES)
    return pipeline.to(target)


def evenly_thinned(learn_from: Callable[..., Filtered], most: int) -> Callable[..., Filtered]:
    """Return pyannote's `filter_embeddings` with at most `most` embeddings in its answer, evenly spread over the recording.

    pyannote compares each with each, so that its memory grows with the square of the length: 3 GB for four hours, 0.5 GB for
    8,000. All the others are given to the speakers so found, as those that the filter itself leaves out.
    """

    def thinned(*args: Any, **options: Any) -> Filtered:
        embeddings, chunks, places = learn_from(*args, **options)
        if len(embeddings) <= most:
            return embeddings, chunks, places
        rows = np.linspace(0, len(embeddings) - 1, most).round().astype(np.intp)
        return embeddings[rows], chunks[rows], places[rows]

    return thinned


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
        raise not_installed(str(error)) from error
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


def not_installed(why: str) -> EngineUnavailable:
    """Return the error that pyannote.audio cannot be imported."""
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
        return not_installed(str(error))
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
