"""pyannote.audio: what goes in, what comes out, and what is said when it cannot be loaded."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.protocols import SAMPLE_RATE, Samples, SpeakerHints
from jobs.engines.pyannote import DEFAULT_MODEL, PyannoteDiarizer, exclusive_turns, load_pipeline, local_folder
from storage.documents import Span, Turn
from storage.errors import EngineUnavailable, ModelInvalid, ModelMissing

REPOSITORY = Path(__file__).resolve().parent.parent


class Recording:
    """Audio in memory, read as an `AudioSource`."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self._samples) / SAMPLE_RATE

    def read(self, start: float, end: float) -> Samples:
        """Return the samples between two times."""
        return self._samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]


# ------------------------------------------------------------------ turns


def times() -> st.SearchStrategy[list[Turn]]:
    one = st.tuples(st.integers(0, 40), st.integers(1, 30), st.sampled_from("ABC"))
    return st.lists(one.map(lambda t: Turn(start=t[0], end=t[0] + t[1], speaker=t[2])), max_size=8)


@settings(max_examples=200, deadline=None)
@given(turns=times())
def test_exclusive_turns_cover_the_same_time_one_speaker_at_a_time(turns: list[Turn]) -> None:
    """At every half second exactly one of those who speak is left."""
    apart = exclusive_turns(turns)
    assert all(a.end <= b.start for a, b in itertools.pairwise(apart))
    for point in np.arange(0.5, 71):
        heard = {t.speaker for t in turns if t.start < point < t.end}
        left = [t.speaker for t in apart if t.start < point < t.end]
        assert len(left) == min(1, len(heard))
        assert set(left) <= heard


def test_a_back_channel_inside_a_long_turn_survives() -> None:
    """The shortest turn wins where several speak."""
    turns = [Turn(start=0, end=10, speaker="A"), Turn(start=4, end=5, speaker="B")]
    assert [(t.start, t.end, t.speaker) for t in exclusive_turns(turns)] == [(0, 4, "A"), (4, 5, "B"), (5, 10, "A")]


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


def test_no_speech_needs_no_model(tmp_path: Path) -> None:
    """Nothing is loaded for an episode without speech."""
    done: list[float] = []
    diarizer = PyannoteDiarizer(tmp_path / "nowhere")
    result = diarizer.diarize(Recording(np.zeros(16000, np.float32)), [], SpeakerHints(), done.append)
    assert result.turns == result.overlapping == ()
    assert done == [1.0]


def test_info_is_known_before_loading(tmp_path: Path) -> None:
    """The folder's name stands for the model."""
    pytest.importorskip("pyannote.metrics")
    info = PyannoteDiarizer(tmp_path / "mine", device="cpu").info
    assert (info.name, info.model, info.device) == ("pyannote", "mine", "cpu")
    assert info.version


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


# ------------------------------------------------------------------ the hub, played by a server on this machine


class Hub(BaseHTTPRequestHandler):
    """Answers as the model hub does; the owner part of the id says how."""

    def do_HEAD(self) -> None:
        """Answer as the owner's name says."""
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        owner = self.path.split("/")[1] if "/api/" not in self.path else self.path.split("/")[3]
        status, code, message = {
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
from jobs.engines.pyannote import load_pipeline
from storage.errors import EarmarkError
for model, token in json.load(sys.stdin):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            load_pipeline(model, token, "cpu")
    except EarmarkError as error:
        print(json.dumps([type(error).__name__, error.message, error.hint]))
import os
print(json.dumps(os.environ["PYANNOTE_METRICS_ENABLED"]))
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
    assert answers[-1] == "0", "telemetry is off"


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


# ------------------------------------------------------------------ a real pipeline


@pytest.fixture(scope="module")
def pipeline_folder(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a pipeline folder with the weights that lie beside the checkout."""
    script = shared / "models/diarization/make_pipeline.py"
    if not script.is_file():
        pytest.skip("the diarization weights are not beside this checkout")
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("pipeline")
    subprocess.run([sys.executable, str(script), str(folder)], check=True)
    return folder


@pytest.mark.slow
def test_a_real_pipeline_tells_two_voices_apart(shared: Path, pipeline_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loaded through pyannote's own loader; at least 85 % of the spoken time of a 30-s telephone call has the right speaker."""
    import av

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with av.open(str(shared / "audio/diarization/sample.wav")) as container:
        samples = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)]).astype(np.float32) / np.float32(
            32768
        )
    recording, done = Recording(samples.astype(np.float32)), list[float]()
    diarizer = PyannoteDiarizer(pipeline_folder, device="cpu")
    result = diarizer.diarize(recording, [Span(start=0, end=30)], SpeakerHints(exactly=2), done.append)
    assert next(t.speaker for t in result.turns) == "Speaker 1"
    assert {t.speaker for t in result.overlapping} == {"Speaker 1", "Speaker 2"} == set(result.embeddings)
    assert all(np.linalg.norm(vector) == pytest.approx(1) for vector in result.embeddings.values())
    assert all(a.end <= b.start + 1e-6 for a, b in zip(result.turns[:-1], result.turns[1:], strict=True))
    assert done == sorted(done)
    assert done[-1] == pytest.approx(30)
    truth = [
        (float(r[3]), float(r[3]) + float(r[4]), r[7])
        for r in map(str.split, (shared / "audio/diarization/sample.rttm").read_text().splitlines())
    ]
    points = [p for p in np.arange(0, 30, 0.05) if sum(s < p < e for s, e, _ in truth) == 1]
    said = [next(who for s, e, who in truth if s < p < e) for p in points]
    heard = [next((t.speaker for t in result.turns if t.start < p < t.end), "") for p in points]
    first, second = sorted(set(said))
    pairs = [{first: "Speaker 1", second: "Speaker 2"}, {first: "Speaker 2", second: "Speaker 1"}]
    assert max(np.mean([pair[a] == b for a, b in zip(said, heard, strict=True)]) for pair in pairs) >= 0.85
