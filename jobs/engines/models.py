"""Where Whisper models come from: a folder, a name on disk, or the hub."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobs.engines.whisper import check_model_folder
from storage.errors import AccessDenied, EngineUnavailable, ModelInvalid, ModelMissing, NetworkError

DEFAULT_ON_GPU = "large-v3-turbo"
DEFAULT_ON_CPU = "small"

PREFERENCE = (
    "large-v3-turbo", "large-v3", "distil-large-v3.5", "distil-large-v3", "large-v2", "large-v1", "medium", "distil-medium.en",
    "medium.en", "small", "distil-small.en", "small.en", "base", "base.en", "tiny", "tiny.en",
)  # fmt: skip
"""Best first: which model on disk to take where the default one is not there and cannot be fetched."""


@dataclass(frozen=True)
class LocalModel:
    """A Whisper model on this machine."""

    name: str
    folder: Path
    bytes: int


def hub_names() -> dict[str, str]:
    """Return the short names that faster-whisper knows, with the repositories on the hub that they stand for."""
    try:
        from faster_whisper import utils
    except ImportError as error:
        raise EngineUnavailable(
            "Whisper's library is not installed.", hint="Install it with `pip install 'earmark[speech]'`."
        ) from error
    return dict(utils._MODELS)  # noqa: SLF001 - the library offers the names, but not what they stand for


def find_model(name: str, models: Path) -> Path | None:
    """Return the folder of a model on this machine: a path, a folder in `models`, or the hub's cache; none if it is not here.

    A path to something that is not a model raises `ModelInvalid`.
    """
    if _is_path(name):
        return _checked_folder(Path(name).expanduser())
    if (models / name).is_dir():
        return _checked_folder(models / name)
    cached = _cached(_repository(name))
    return cached if cached is not None and (cached / "model.bin").is_file() else None


def pull_model(name: str, *, token: str | None = None) -> Path:
    """Return the folder of a model from the hub's cache, after fetching what is missing."""
    if _is_path(name):
        return _checked_folder(Path(name).expanduser())
    repository = _repository(name)
    from faster_whisper.utils import download_model
    from huggingface_hub import errors

    try:
        folder = Path(download_model(repository, use_auth_token=token))
    except errors.GatedRepoError as error:
        raise AccessDenied(
            f"The model {repository} asks for an accepted licence.", hint="Accept it on the hub's page and set HF_TOKEN."
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelMissing(
            f"The hub has no model {repository}, or it is private.", hint="Check the name; for a private one set HF_TOKEN."
        ) from error
    except (errors.LocalEntryNotFoundError, errors.HfHubHTTPError, OSError) as error:
        raise NetworkError(
            f"The model hub could not be reached for {repository}: {_first_line(error)}.",
            hint="Check the connection, or copy a model folder here and give its path with --model.",
        ) from error
    check_model_folder(folder)
    return folder


def local_models(models: Path) -> tuple[LocalModel, ...]:
    """Return the Whisper models on this machine: in `models` and in the hub's cache."""
    return tuple(LocalModel(name, folder, _size(folder)) for name, folder in _local_folders(models))


def _local_folders(models: Path) -> Iterator[tuple[str, Path]]:
    if models.is_dir():
        for folder in sorted(models.iterdir()):
            if (folder / "model.bin").is_file():
                yield folder.name, folder
    try:
        names = hub_names()
    except EngineUnavailable:
        return
    seen: set[Path] = set()
    for name, repository in names.items():
        cached = _cached(repository)
        if cached is not None and cached not in seen and (cached / "model.bin").is_file():
            seen.add(cached)
            yield name, cached


def best_local_model(models: Path) -> LocalModel | None:
    """Return the best general model on this machine, or none."""
    here = {model.name: model for model in local_models(models)}
    return next((here[name] for name in PREFERENCE if name in here), None)


def _repository(name: str) -> str:
    names = hub_names()
    if name in names:
        return names[name]
    if name.count("/") == 1:
        return name
    raise ModelMissing(
        f"There is no Whisper model called {name!r}.",
        hint=f"Give a folder, an `owner/name` on the hub, or one of: {', '.join(sorted(names))}.",
    )


def _cached(repository: str) -> Path | None:
    from huggingface_hub import errors, snapshot_download

    try:
        return Path(snapshot_download(repository, local_files_only=True))
    except (errors.LocalEntryNotFoundError, OSError, ValueError):
        return None


def _is_path(name: str) -> bool:
    """A name with one slash may be a hub id: it is a path only if something is there, or if it is written like one."""
    written_like_one = name.startswith((".", "~", os.sep)) or name.endswith(os.sep) or name.count(os.sep) > 1
    return written_like_one or (os.sep in name and Path(name).exists())


def _checked_folder(folder: Path) -> Path:
    if not folder.exists():
        raise ModelMissing(f"There is no model folder {folder}.", hint="Check the path given with --model.")
    if not folder.is_dir():
        raise ModelInvalid(f"{folder} is a file, not a model folder.", hint="Give the folder that holds model.bin.")
    check_model_folder(folder)
    return folder


def _size(folder: Path) -> int:
    return sum(item.stat().st_size for item in folder.rglob("*") if item.is_file())


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else type(error).__name__
