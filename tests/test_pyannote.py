"""pyannote.audio: what goes in, what comes out, and what is said when it cannot be loaded."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.engines.protocols import SAMPLE_RATE, Samples, SpeakerHints
from jobs.engines.pyannote import PyannoteDiarizer, exclusive_turns
from storage.documents import Span, Turn
from storage.errors import Cancelled
from tests.pipelines import talk

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


# ------------------------------------------------------------------ a pipeline made here


TURNS = (("low", 0.5, 5.0), ("high", 5.4, 9.0), ("low", 8.0, 13.0), ("high", 13.5, 14.5), ("low", 14.8, 19.5))


@pytest.fixture(scope="module")
def diarizer(made_pipeline: Path) -> PyannoteDiarizer:
    return PyannoteDiarizer(made_pipeline, device="cpu")


@pytest.mark.slow
def test_a_pipeline_folder_tells_voices_apart(diarizer: PyannoteDiarizer) -> None:
    """One speaker at a time for words, both where both speak for overlaps, an embedding for each, progress to the end."""
    recording, done = Recording(talk(*TURNS, seconds=20)), list[float]()
    result = diarizer.diarize(recording, [Span(start=0, end=20)], SpeakerHints(), done.append)
    points = [point for point in np.arange(0.1, 20, 0.1) if len(at(point)) == 1]
    pairs = [({t.speaker for t in result.turns if t.start < p < t.end}, at(p)) for p in points]
    low = Counter(next(iter(heard)) for heard, said in pairs if said == {"low"} and heard).most_common(1)[0][0]
    assert np.mean([(heard == {low}) == (said == {"low"}) for heard, said in pairs]) >= 0.9
    assert all(a.end <= b.start + 1e-6 for a, b in itertools.pairwise(result.turns))
    both = [len({t.speaker for t in result.overlapping if t.start < p < t.end}) for p in np.arange(8.1, 9.0, 0.1)]
    assert both.count(2) >= len(both) / 2, "8 to 9 s belong to both"
    assert set(result.embeddings) == {"Speaker 1", "Speaker 2"}
    assert np.dot(result.embeddings["Speaker 1"], result.embeddings["Speaker 2"]) < 0.9
    assert all(np.linalg.norm(vector) == pytest.approx(1) for vector in result.embeddings.values())
    assert done == sorted(done)
    assert len(set(done)) > 5
    assert done[-1] == pytest.approx(20)


def at(point: float) -> set[str]:
    return {who for who, start, end in TURNS if start < point < end}


@pytest.mark.slow
def test_the_number_of_speakers_may_be_given(diarizer: PyannoteDiarizer) -> None:
    """One was asked for, one is found; more than there can be is said."""
    recording = Recording(talk(*TURNS[:2], seconds=10))
    one = diarizer.diarize(recording, [Span(start=0, end=10)], SpeakerHints(exactly=1), lambda _: None)
    assert {turn.speaker for turn in one.turns} == {"Speaker 1"} == set(one.embeddings)
    short = Recording(talk(("low", 0.2, 1.0), seconds=1.2))
    many = diarizer.diarize(short, [Span(start=0, end=1.2)], SpeakerHints(at_least=5), lambda _: None)
    assert [notice.code for notice in many.warnings] == ["fewer_speakers"]


@pytest.mark.slow
def test_the_work_can_be_stopped_from_progress(diarizer: PyannoteDiarizer) -> None:
    """What the progress function raises comes out, and the next recording is done as if nothing had happened."""

    def stop(_: float) -> None:
        raise Cancelled("Enough.")

    recording = Recording(talk(*TURNS[:1], seconds=6))
    with pytest.raises(Cancelled):
        diarizer.diarize(recording, [Span(start=0, end=6)], SpeakerHints(), stop)
    assert diarizer.diarize(recording, [Span(start=0, end=6)], SpeakerHints(), lambda _: None).turns


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
