"""Where Whisper models come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.engines.models import best_local_model, find_model, hub_names, local_models, pull_model
from storage.errors import EarmarkError, ModelInvalid, ModelMissing, NetworkError


def put_model(folder: Path) -> Path:
    """Put the files that make a folder a model."""
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"weights")
    (folder / "config.json").write_bytes(b"{}")
    return folder


def half_a_model(folder: Path) -> None:
    """Make a folder that has the configuration alone."""
    folder.mkdir()
    (folder / "config.json").write_text("{}", "utf-8")


def test_a_name_is_found_in_the_folder_of_models_and_a_path_where_it_leads(tmp_path: Path) -> None:
    """Names first in our folder."""
    folder = put_model(tmp_path / "models" / "small")
    assert find_model("small", tmp_path / "models") == folder
    assert find_model(str(folder), tmp_path / "elsewhere") == folder
    assert find_model("base", tmp_path / "models") is None


def test_a_relative_path_is_a_path_if_something_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`owner/name` may be either."""
    monkeypatch.chdir(tmp_path)
    put_model(tmp_path / "mine" / "tiny")
    assert find_model("mine/tiny", tmp_path / "models") == Path("mine/tiny")
    assert find_model("nobody/nothing", tmp_path / "models") is None


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (Path.exists, ModelMissing, "no model folder"),
        (Path.touch, ModelInvalid, "is a file"),
        (Path.mkdir, ModelInvalid, "has no model.bin and no config.json"),
        (half_a_model, ModelInvalid, "has no model.bin"),
    ],
)
def test_a_path_that_is_no_model_is_named(
    make: Callable[[Path], object], error: type[EarmarkError], said: str, tmp_path: Path
) -> None:
    """By find and by pull alike."""
    place = tmp_path / "folder"
    make(place)
    with pytest.raises(error, match=said) as found:
        find_model(str(place), tmp_path)
    with pytest.raises(error, match=said) as pulled:
        pull_model(str(place))
    for caught in (found.value, pulled.value):
        assert str(place) in caught.message
        assert caught.hint


def test_models_on_disk_are_listed_by_name_and_the_best_is_known(tmp_path: Path) -> None:
    """What is no model is passed over; a model of another kind is listed but never chosen."""
    for name in ("tiny", "medium", "my-own"):
        put_model(tmp_path / name)
    (tmp_path / "notes").mkdir()
    assert [model.name for model in local_models(tmp_path)] == ["medium", "my-own", "tiny"]
    best = best_local_model(tmp_path)
    assert best is not None
    assert (best.name, best.bytes) == ("medium", 9)
    assert best_local_model(tmp_path / "nowhere") is None


def test_a_name_that_nobody_knows_is_told_apart_from_a_hub_that_does_not_answer(tmp_path: Path) -> None:
    """The first will never work; the second may."""
    with pytest.raises(ModelMissing, match="no Whisper model called 'smoll'") as unknown:
        find_model("smoll", tmp_path)
    assert "small" in unknown.value.hint
    with pytest.raises(NetworkError, match="hub could not be reached") as unreachable:
        pull_model("small")
    assert "--model" in unreachable.value.hint


def test_the_names_of_the_library_are_known() -> None:
    """With the repositories that they stand for."""
    assert {"tiny", "small", "large-v3-turbo"} <= set(hub_names())
    assert all(repository.count("/") == 1 for repository in hub_names().values())
