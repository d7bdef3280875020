"""What works on this machine, one look at a time."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from service.health import Finding, examine
from tests.desks import open_test_desk
from tests.yard import RedisServer
from worker.settings import Settings


def findings(**more: object) -> dict[str, Finding]:
    """Return all findings by name."""
    return {finding.name: finding for finding in examine(Settings(**more))}  # type: ignore[arg-type]  # spelled out by each test


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder that is not there yet."""
    return tmp_path / "data"


def test_models_on_disk_are_named_with_their_size(data: Path) -> None:
    """And without any, how to get one."""
    assert findings(data_dir=data)["models"].verdict == "missing"
    assert "earmark models pull" in findings(data_dir=data)["models"].words
    folder = data / "models" / "small"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"\0" * 2_000_000)
    assert findings(data_dir=data)["models"] == Finding("models", "ok", "small (2.0 MB)")


def test_the_hub_is_looked_for_where_the_environment_says(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers, it does not, or it is switched off."""
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert findings(data_dir=data)["model hub"] == Finding("model hub", "ok", "127.0.0.1 answers")
    assert findings(data_dir=data)["model hub"].verdict == "missing"
    assert "127.0.0.1 does not answer" in findings(data_dir=data)["model hub"].words
    monkeypatch.setenv("HF_HUB_OFFLINE", "true")
    assert findings(data_dir=data)["model hub"].words == "switched off by HF_HUB_OFFLINE=true"


def test_a_token_is_never_shown(data: Path) -> None:
    """Only that there is one."""
    made = findings(data_dir=data, EARMARK_HF_TOKEN="hf_secret")
    assert made["token"].verdict == "ok"
    assert not any("hf_secret" in finding.words for finding in made.values())
    assert findings(data_dir=data)["token"].verdict == "missing"


def test_a_data_folder_that_cannot_be_written_is_broken(tmp_path: Path) -> None:
    """It is the one thing that nothing works without."""
    (tmp_path / "file").write_text("", "utf-8")
    made = findings(data_dir=tmp_path / "file" / "data")
    assert made["data folder"].verdict == "broken"
    assert str(tmp_path / "file") in made["data folder"].words


def test_what_can_be_written_is_left_as_it_was(data: Path) -> None:
    """The trial file is removed."""
    assert findings(data_dir=data)["data folder"].verdict == "ok"
    assert list(data.iterdir()) == []


def test_pyannote_says_what_it_lacks(data: Path) -> None:
    """A token or a folder."""
    assert "HF_TOKEN" in findings(data_dir=data)["pyannote"].words
    assert findings(data_dir=data, pyannote_model="/a/folder")["pyannote"].words == "installed; uses /a/folder"


def test_the_broker_is_asked_and_its_password_never_shown(tmp_path: Path) -> None:
    """One that was set by hand and does not answer is broken; the usual one may be away."""
    server = RedisServer(tmp_path / "redis")
    assert findings(data_dir=tmp_path)["broker"].verdict in {"missing", "ok"}
    url = f"redis://:secret@127.0.0.1:{server.port}/0"
    away = findings(data_dir=tmp_path, broker_url=url)["broker"]
    assert away.verdict == "broken"
    assert away.words.startswith(f"redis://127.0.0.1:{server.port}/0 does not answer")
    server.start()
    try:
        assert findings(data_dir=tmp_path, broker_url=server.url)["broker"] == Finding("broker", "ok", f"{server.url} answers")
    finally:
        server.kill()
    assert findings(data_dir=tmp_path, broker_url="sentinel://u:secret@x")["broker"].verdict == "missing"


def test_workers_are_missed_when_steps_wait_and_nobody_takes_them(tmp_path: Path) -> None:
    """As the ledger shows; nothing is made to look."""
    data = tmp_path / "data"
    assert findings(data_dir=data)["workers"] == Finding("workers", "missing", "nothing was asked of the service yet")
    assert not (data / "ledger.db").exists()
    with open_test_desk(data) as work:
        assert findings(data_dir=data)["workers"] == Finding("workers", "ok", "there is nothing to do")
        work.submit()
        assert findings(data_dir=data)["workers"] == Finding("workers", "ok", "4 steps wait for a worker")
        claim = work.desk.stores.queue.claim_next(["fetch"], work.desk.stores.presence.owner)
        assert claim is not None
        assert findings(data_dir=data)["workers"] == Finding("workers", "ok", "1 steps are being done, 3 wait")
        with work.desk.stores.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE jobs SET updated_at = updated_at - 100")
        stood = findings(data_dir=data)["workers"]
        assert stood.verdict == "broken"
        assert "Nothing is at work on the queue asr" in stood.words
        assert "queue fetch" not in stood.words
