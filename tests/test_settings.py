"""What the environment decides."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from worker.settings import Settings


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Leave nothing of this machine's settings."""
    for name in list(os.environ):
        if name.startswith("EARMARK_") or name == "HF_TOKEN":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_without_any_everything_has_a_value() -> None:
    """Private networks are closed, the device decides about batches, and decoded audio is not kept."""
    settings = Settings()
    assert settings.data_dir.is_absolute()
    assert (settings.allow_private_networks, settings.batch_size, settings.keep_decoded) == (False, 0, False)
    assert settings.token is None
    assert settings.models_dir == settings.data_dir / "models"


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`.env` lies beside the command; what it says besides is somebody else's."""
    (tmp_path / ".env").write_text("EARMARK_THREADS=3\nEARMARK_PART_SECONDS=60\nOTHER=1\n", "utf-8")
    monkeypatch.setenv("EARMARK_THREADS", "2")
    settings = Settings()
    assert (settings.threads, settings.part_seconds) == (2, 60.0)


@pytest.mark.parametrize("name", ["EARMARK_HF_TOKEN", "HF_TOKEN"])
def test_the_hub_s_own_token_is_honoured_and_not_printed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours goes first."""
    monkeypatch.setenv("HF_TOKEN", "hf_theirs")
    monkeypatch.setenv(name, "hf_secret")
    assert Settings().token == "hf_secret"
    assert "hf_secret" not in repr(Settings())


@pytest.mark.parametrize(
    ("name", "value"),
    [("THREADS", "-1"), ("PART_SECONDS", "1"), ("MAX_AUDIO_BYTES", "0"), ("ALLOW_PRIVATE_NETWORKS", "perhaps")],
)
def test_values_that_make_no_sense_are_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name."""
    monkeypatch.setenv(f"EARMARK_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_settings_do_not_change() -> None:
    """They are read once and passed down."""
    with pytest.raises(ValidationError, match="frozen"):
        setattr(Settings(), "threads", 4)  # noqa: B010 - an assignment that the type checker would refuse first
