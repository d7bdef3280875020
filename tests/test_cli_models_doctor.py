"""`earmark models`, `earmark doctor`, and the command as a whole."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.commands import Terminal


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Return the command line with folders of its own."""
    return Terminal(tmp_path)


def put_model(terminal: Terminal, name: str) -> Path:
    """Put the files that make a folder a model where models are copied by hand."""
    folder = terminal.data / "models" / name
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(b"\0" * 1_500)
    (folder / "config.json").write_bytes(b"{}" * 250)
    return folder


def test_models_on_disk_are_listed(terminal: Terminal) -> None:
    """Name, size and folder; as a table or as one document."""
    folder = put_model(terminal, "small")
    listed = json.loads(terminal.earmark("models", "--json").out)
    assert listed["models"] == [{"name": "small", "folder": str(folder), "bytes": 2_000}]
    assert "large-v3-turbo" in listed["known"]
    assert str(folder) in terminal.earmark("models").out.replace("\n", "")


def test_without_models_it_says_how_to_get_one(terminal: Terminal) -> None:
    """An empty list is no dead end."""
    assert json.loads(terminal.earmark("models", "--json").out)["models"] == []
    assert "earmark models pull NAME" in terminal.earmark("models").out


@pytest.mark.parametrize(
    ("name", "said"),
    [("no-such-model", "no Whisper model called 'no-such-model'"), ("small", "hub could not be reached"), ("./here", "here")],
)
def test_a_model_that_cannot_be_pulled_is_explained(name: str, said: str, terminal: Terminal) -> None:
    """With what to do instead."""
    ended = terminal.earmark("models", "pull", name)
    assert (ended.status, ended.out, "Traceback" in ended.err) == (1, "", False)
    assert said in ended.err


@pytest.mark.slow
def test_a_hub_that_does_not_answer_is_said(terminal: Terminal) -> None:
    """Not switched off, but unreachable: a port of the loopback on which nobody listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        alone = Terminal(terminal.folder, {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": address, "HF_HOME": str(terminal.folder / "hf")})
        ended = alone.child("models", "pull", "small")
    assert (ended.status, "Traceback" in ended.err) == (1, False), ended.err
    assert "hub could not be reached" in ended.err
    assert "--model" in ended.err


def test_the_doctor_looks_at_everything_that_a_transcription_may_need(terminal: Terminal) -> None:
    """One document, one verdict for each thing, in words."""
    ended = terminal.earmark("doctor", "--json")
    findings = {finding["name"]: finding for finding in json.loads(ended.out)["findings"]}
    assert {"Python", "decoder", "Whisper", "GPU", "models", "PocketSphinx", "Resemblyzer", "pyannote", "model hub", "token",
            "data folder", "disk", "Redis", "broker", "workers"} == set(findings)  # fmt: skip
    assert all(finding["verdict"] in {"ok", "missing", "broken"} and finding["words"] for finding in findings.values())
    assert findings["model hub"]["words"] == "switched off by HF_HUB_OFFLINE=1"
    assert findings["decoder"]["verdict"] == findings["data folder"]["verdict"] == "ok"


def test_the_doctor_fails_for_what_is_broken(terminal: Terminal) -> None:
    """A data folder that cannot be written stops everything."""
    terminal.data.write_text("a file", "utf-8")
    ended = terminal.earmark("doctor")
    assert ended.status == 1
    assert "BROKEN" in ended.out


def test_the_doctor_says_what_is_missing_in_words_for_people(terminal: Terminal) -> None:
    """And how to get it; what is only missing is no failure."""
    ended = terminal.earmark("doctor")
    assert "earmark models pull small" in ended.out
    assert ended.status == 0 or "BROKEN" in ended.out


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["models", "pull", "--help"], ["--version"]])
def test_help_and_version_end_well(arguments: list[str], terminal: Terminal) -> None:
    """Status 0 and some words."""
    ended = terminal.earmark(*arguments)
    assert ended.status == 0
    assert len(ended.out) > 5


@pytest.mark.parametrize("arguments", [["--nonsense"], ["fly"], ["run"], ["export", "x.json"]])
def test_what_the_command_does_not_know_ends_with_status_2(arguments: list[str], terminal: Terminal) -> None:
    """Usage errors are told apart from failures."""
    assert terminal.earmark(*arguments).status == 2
