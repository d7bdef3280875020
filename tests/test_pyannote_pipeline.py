"""Loading a pyannote.audio pipeline: from a folder, from the hub, and what is said when it cannot be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

from jobs.engines.pyannote_pipeline import DEFAULT_MODEL, Filtered, evenly_thinned, load_pipeline, local_folder
from storage.errors import EngineUnavailable, ModelInvalid, ModelMissing

REPOSITORY = Path(__file__).resolve().parent.parent


# ------------------------------------------------------------------ folders


def test_hub_ids_and_folders_are_told_apart(tmp_path: Path) -> None:
    """`owner/name` is a hub id unless such a folder exists."""
    assert local_folder(DEFAULT_MODEL) is None
    assert local_folder("./some/where") == Path("some/where")
    assert local_folder(tmp_path) == tmp_path
    assert local_folder("somewhere") == Path("somewhere")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """The path is in the message."""
    with pytest.raises(ModelMissing, match="nowhere"):
        load_pipeline(tmp_path / "nowhere", None, "cpu")


def test_a_folder_without_a_pipeline_is_refused(tmp_path: Path) -> None:
    """Any folder is not a pipeline."""
    with pytest.raises(ModelInvalid, match=r"no config\.yaml") as caught:
        load_pipeline(tmp_path, None, "cpu")
    assert DEFAULT_MODEL in caught.value.hint


@pytest.mark.slow
@pytest.mark.parametrize("config", ["pipeline: {name: no.such.Class}", "just words", "pipeline: [", "{}"])
def test_a_broken_config_is_explained(tmp_path: Path, config: str) -> None:
    """Whatever pyannote raises becomes one error that names the folder."""
    pytest.importorskip("torch")
    (tmp_path / "config.yaml").write_text(config)
    with pytest.raises((ModelInvalid, EngineUnavailable), match=tmp_path.name):
        load_pipeline(tmp_path, None, "cpu")


@pytest.mark.slow
def test_a_gpu_that_is_not_there_is_said() -> None:
    """`cuda` by name never falls back."""
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(EngineUnavailable, match="GPU"):
        load_pipeline(DEFAULT_MODEL, None, "cuda")


@pytest.mark.slow
def test_a_pipeline_that_lacks_a_model_is_explained(made_pipeline: Path, tmp_path: Path) -> None:
    """The folder is named, and what to do."""
    broken = shutil.copytree(made_pipeline, tmp_path / "broken")
    (broken / "embedding" / "pytorch_model.bin").unlink()
    with pytest.raises(ModelInvalid, match="broken") as caught:
        load_pipeline(broken, None, "cpu")
    assert "whole folder" in caught.value.hint


# ------------------------------------------------------------------ long recordings


@pytest.mark.slow
def test_clustering_of_a_long_recording_learns_from_a_bounded_number_of_voices(made_pipeline: Path) -> None:
    """Four hours' worth of voices of three people: the people are found, in memory for 500 voices instead of 14,400."""
    from pyannote.core import SlidingWindow, SlidingWindowFeature

    random, count = np.random.default_rng(2), 14_400
    owners = random.integers(0, 3, count)
    embeddings = (np.eye(16)[owners] + random.normal(0, 0.05, (count, 16)))[:, None, :]
    segmentations = SlidingWindowFeature(np.ones((count, 10, 1)), SlidingWindow(duration=4.0, step=1.0))
    clustering = load_pipeline(made_pipeline, None, "cpu").clustering
    clustering.filter_embeddings = evenly_thinned(clustering.filter_embeddings, 500)
    tracemalloc.start()
    labels, _, centroids = clustering(embeddings, segmentations, min_clusters=1, max_clusters=20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(centroids) == 3
    assert len(set(zip(owners.tolist(), labels[:, 0].tolist(), strict=True))) == 3
    assert peak < 60e6, "all against all would be 1.6 GB"


def test_few_voices_are_all_learned_from() -> None:
    """Thinning keeps order, ends, and which chunk each comes from; under the bound it changes nothing."""
    everything: Filtered = (np.arange(20, dtype=np.float32)[:, None], np.arange(20), np.arange(20) % 3)
    assert all(a is b for a, b in zip(evenly_thinned(lambda: everything, 20)(), everything, strict=True))
    embeddings, chunks, places = evenly_thinned(lambda: everything, 5)()
    assert chunks.tolist() == embeddings[:, 0].tolist() == [0, 5, 10, 14, 19]
    assert places.tolist() == [0, 2, 1, 2, 1]


# ------------------------------------------------------------------ the hub, played by a server on this machine


class Hub(BaseHTTPRequestHandler):
    """Answers as the model hub does; the owner part of the id says how."""

    folder = Path()
    """What the owner `open` offers to those who have accepted its conditions."""

    def do_HEAD(self) -> None:
        """Answer as the owner's name says."""
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        owner = self.path.split("/")[1] if "/api/" not in self.path else self.path.split("/")[3]
        if owner == "open" and token == "hf_accepted":
            self.give(self.folder / self.path.partition("/resolve/main/")[2])
            return
        status, code, message = {
            "open": (403 if token else 401, "GatedRepo", "Access to this model is restricted."),
            "gated": (403 if token else 401, "GatedRepo", "Access to this model is restricted."),
            "absent": (404, "RepoNotFound", "Repository not found"),
            "expired": (401, "", "Invalid credentials in Authorization header"),
            "other": (404, "EntryNotFound", "Entry not found"),
            "down": (503, "", "Service unavailable"),
        }[owner]
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-Error-Message", message)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815 - the name that http.server calls

    def give(self, file: Path) -> None:
        """Send a file as the hub does, or say that there is none."""
        content = file.read_bytes() if file.is_file() else b""
        self.send_response(200 if content else 404)
        self.send_header(*(("ETag", f'"{sha256(content).hexdigest()}"') if content else ("X-Error-Code", "EntryNotFound")))
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


PROBE = """
import json, sys, warnings
from jobs.engines.pyannote_pipeline import load_pipeline
from storage.errors import EarmarkError
for model, token in json.load(sys.stdin):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pipeline = load_pipeline(model, token, "cpu")
        print(json.dumps([type(pipeline).__name__]))
    except EarmarkError as error:
        print(json.dumps([type(error).__name__, error.message, error.hint]))
from pyannote.audio.telemetry.metrics import is_metrics_enabled
print(json.dumps(is_metrics_enabled()))
"""


def ask(endpoint: str, home: Path, *cases: tuple[str, str | None]) -> list[Any]:
    """Load pipelines in a process of its own whose hub is at `endpoint`."""
    keep = {key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if key in os.environ}
    environment = {**keep, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.slow
def test_each_refusal_of_the_hub_has_its_own_message(hub: str, tmp_path: Path) -> None:
    """Token absent, refused, of another kind; licence; no such model; not a pipeline; hub down; nothing else is printed."""
    pytest.importorskip("torch")
    answers = ask(
        hub, tmp_path, ("gated/x", None), ("gated/x", "hf_a"), ("expired/x", "hf_a"), ("absent/x", "hf_a"), ("other/x", "hf_a"),
        ("down/x", "hf_a"), ("gated/x", "sk-1"),
    )  # fmt: skip
    assert [answer[0] for answer in answers[:-1]] == [
        "AccessDenied", "AccessDenied", "AccessDenied", "ModelMissing", "ModelInvalid", "ModelMissing", "AccessDenied",
    ]  # fmt: skip
    wanted = [
        "no token was given",
        "have not been accepted",
        "refused the token",
        "no model",
        "not a pyannote pipeline",
        "cannot be reached",
        "begin with hf_",
    ]
    for (_, message, hint), text in zip(answers[:-1], wanted, strict=True):
        assert text in message
        assert hint
    assert answers[-1] is False, "telemetry is off"


@pytest.mark.slow
def test_a_gated_pipeline_is_fetched_from_the_hub(
    hub: str, made_pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused without, loaded by pyannote's own loader with it; what was fetched is used again without the hub."""
    monkeypatch.setattr(Hub, "folder", made_pipeline)
    answers = ask(hub, tmp_path, ("open/pipeline", None), ("open/pipeline", "hf_accepted"), ("open/pipeline", "hf_another"))
    assert [answer[0] for answer in answers[:2]] == ["AccessDenied", "SpeakerDiarization"]
    assert answers[-1] is False, "telemetry is off"
    nobody = ask("http://127.0.0.1:9", tmp_path, ("open/pipeline", None))
    assert nobody[0][0] == "SpeakerDiarization"


@pytest.mark.slow
def test_an_unreachable_hub_is_said(tmp_path: Path) -> None:
    """A port on which nobody listens."""
    pytest.importorskip("torch")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    port = server.server_port
    server.server_close()
    answer = ask(f"http://127.0.0.1:{port}", tmp_path, (DEFAULT_MODEL, "hf_a"))[0]
    assert answer[0] == "ModelMissing"
    assert "cannot be reached" in answer[1]
