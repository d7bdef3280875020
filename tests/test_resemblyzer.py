"""The embedded diarizer: voices found by the data, edges by the cheapest path."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.readers import load_audio
from jobs.engines.clustering import VoiceWindows, find_voices
from jobs.engines.protocols import SAMPLE_RATE, Samples, SpeakerHints
from jobs.engines.resegmentation import Stretches, best_path, turns_along
from jobs.engines.resemblyzer import ResemblyzerDiarizer, joined
from jobs.speakers import assign_speakers
from storage.documents import Span, Turn, Word
from tests.alike_voices import alike

REPOSITORY = Path(__file__).resolve().parent.parent


class Recording:
    """Audio in memory, read as an `AudioSource`; remembers the longest piece that was asked for."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self.longest_read = 0.0

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self._samples) / SAMPLE_RATE

    def read(self, start: float, end: float) -> Samples:
        """Return the samples between two times."""
        self.longest_read = max(self.longest_read, end - start)
        return self._samples[max(0, round(start * SAMPLE_RATE)) : round(end * SAMPLE_RATE)]


def invented_windows(voices: int, minutes: float, seed: int, likeness: float = 0.6) -> tuple[VoiceWindows, list[int]]:
    """Make windows of voices whose centroids have a given cosine; windows of one voice have about 0.75, as Resemblyzer's do."""
    random = np.random.default_rng(seed)
    centres = alike(voices, likeness, random)
    count, who = int(minutes * 150), 0
    owners: list[int] = []
    stretches: list[int] = []
    while len(owners) < count:
        who = int(random.choice([v for v in range(voices) if v != who or voices == 1]))
        length = int(random.integers(6, 40))
        stretches += [len(stretches) and stretches[-1] + 1] * length
        owners += [who] * length
    owners, stretches = owners[:count], stretches[:count]
    noise = random.standard_normal((count, 256)) / 16 * 0.58
    embeddings = centres[owners] + noise
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return VoiceWindows(
        embeddings.astype(np.float32), np.arange(count, dtype=np.float64) * np.float64(0.4), np.array(stretches)
    ), owners


@pytest.mark.parametrize("voices", [1, 2, 3, 5])
@pytest.mark.parametrize("minutes", [2.0, 60.0])
def test_the_number_of_voices_does_not_depend_on_the_length(voices: int, minutes: float) -> None:
    """Neither collapse nor explosion between two minutes and an hour, and each voice is found."""
    windows, owners = invented_windows(voices, minutes, seed=voices)
    found = find_voices(windows, SpeakerHints())
    assert len(found) == voices
    labels = (windows.embeddings @ found.T).argmax(axis=1)
    assert len(set(zip(owners, labels.tolist(), strict=True))) <= voices + len(owners) // 200


def test_hints_bound_the_number_of_voices() -> None:
    """Exactly, at least, at most; and hints that hold already change nothing."""
    windows, _ = invented_windows(3, 4.0, seed=9)
    assert len(find_voices(windows, SpeakerHints(exactly=2))) == 2
    assert len(find_voices(windows, SpeakerHints(exactly=4))) == 4
    assert len(find_voices(windows, SpeakerHints(at_most=2))) == 2
    assert len(find_voices(windows, SpeakerHints(at_least=5))) == 5
    assert len(find_voices(windows, SpeakerHints(at_least=2, at_most=6))) == 3


def heard(centres: np.ndarray[Any, np.dtype[np.float64]], owners: list[int], seed: int) -> VoiceWindows:
    """Make windows of one unbroken stretch, each near the centre of its owner."""
    noise = np.random.default_rng(seed).standard_normal((len(owners), 256)) / 16 * 0.58
    embeddings = centres[owners] + noise
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    times = np.arange(len(owners), dtype=np.float64) * np.float64(0.4)
    return VoiceWindows(embeddings.astype(np.float32), times, np.zeros(len(owners), dtype=np.intp))


def test_two_voices_at_once_are_no_third_voice() -> None:
    """Where both speak the window lies between theirs, for some seconds at each of twelve changes."""
    centres = alike(2, 0.3)
    both = centres.sum(axis=0) / np.linalg.norm(centres.sum(axis=0))
    owners = ([0] * 30 + [2] * 8 + [1] * 30 + [2] * 8) * 6
    found = find_voices(heard(np.vstack([centres, both]), owners, 1), SpeakerHints())
    assert len(found) == 2
    assert np.sort((found @ centres.T).max(axis=1))[0] > 0.95


def test_a_third_voice_is_not_taken_for_two_at_once() -> None:
    """Three voices that are all much alike stay three, though each lies not far from the plane of the others."""
    owners = ([0] * 30 + [1] * 30 + [2] * 16) * 6
    assert len(find_voices(heard(alike(3, 0.75), owners, 2), SpeakerHints())) == 3


def test_odd_moments_do_not_hide_two_voices_that_are_alike() -> None:
    """Laughs, doors and crosstalk, each its own sound over the voice, leave room for the voices."""
    voices = alike(2, 0.8)
    odd = np.linalg.qr(np.random.default_rng(8).standard_normal((256, 16)))[0].T
    owners: list[int] = []
    for moment in range(16):
        owners += [0] * 20 + [2 + moment] * 6 + [1] * 20
    found = find_voices(heard(np.vstack([voices, 0.78 * voices[0] + 0.62 * odd]), owners, 3), SpeakerHints())
    assert len(found) == 2


@pytest.mark.parametrize(("phrase", "voices"), [(2, 1), (10, 2)])
def test_a_few_short_phrases_that_sound_much_like_a_voice_are_that_voice(phrase: int, voices: int) -> None:
    """Of 60 windows, each phrase between pauses; the same windows in turns of ten are somebody else."""
    centres = alike(2, 0.83)
    owners: list[int] = []
    stretches: list[int] = []
    for number in range(60 // phrase):
        owners += [0] * (30 * phrase) + [1] * phrase
        stretches += [2 * number] * (30 * phrase) + [2 * number + 1] * phrase
    windows = heard(centres, owners, 4)
    paused = windows.times + 3.0 * np.array(stretches)
    found = find_voices(replace(windows, times=paused, stretches=np.array(stretches)), SpeakerHints())
    assert len(found) == voices


def test_few_windows_are_one_voice() -> None:
    """A handful of windows is not enough to tell people apart; none at all is nobody."""
    windows, _ = invented_windows(1, 0.02, seed=1)
    assert len(find_voices(windows, SpeakerHints())) == 1
    assert find_voices(windows.at(np.zeros(len(windows), dtype=bool)), SpeakerHints()).shape == (0, 256)


@settings(max_examples=100, deadline=None)
@given(
    scores=st.lists(st.tuples(*[st.integers(0, 9)] * 3), min_size=1, max_size=6),
    costs=st.lists(st.integers(0, 12), min_size=6, max_size=6),
)
def test_the_best_path_is_the_best_of_all_paths(scores: list[tuple[int, int, int]], costs: list[int]) -> None:
    """Compared with every path there is."""
    table, price = np.array(scores, dtype=float), np.array(costs[: len(scores)], dtype=float)

    def worth(path: tuple[int, ...]) -> float:
        changes = sum(price[i] for i in range(1, len(path)) if path[i] != path[i - 1])
        return float(sum(table[i, v] for i, v in enumerate(path)) - changes)

    best = max(worth(path) for path in itertools.product(range(3), repeat=len(scores)))
    assert worth(tuple(best_path(table, price).tolist())) == pytest.approx(best)


@settings(max_examples=100, deadline=None)
@given(data=st.data(), spans=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 800)), max_size=8))
def test_turns_cover_the_speech_and_never_overlap(data: st.DataObject, spans: list[tuple[int, int]]) -> None:
    """Whatever the path says, speech has exactly one speaker at a time."""
    speech = [Span(start=s / 100, end=(s + n) / 100) for s, n in spans]
    stretches = Stretches(joined(speech, 35.0))
    path = np.array(data.draw(st.lists(st.integers(0, 2), min_size=(n := int(stretches.firsts[-1])), max_size=n)), dtype=np.intp)
    turns = turns_along(stretches, path, ["A", "B", "C"])
    assert all(a.end <= b.start + 1e-9 for a, b in itertools.pairwise(turns))
    for span in speech:
        end = min(span.end, 35.0)
        covered = sum(max(0.0, min(t.end, end) - max(t.start, span.start)) for t in turns)
        assert covered == pytest.approx(max(0.0, end - span.start), abs=1e-6)


def test_no_speech_has_no_turns() -> None:
    """Nothing is loaded and the progress still ends at the end."""
    done: list[float] = []
    result = ResemblyzerDiarizer().diarize(Recording(np.zeros(32000, np.float32)), [], SpeakerHints(), done.append)
    assert result.turns == ()
    assert done == [2.0]


@pytest.mark.slow
def test_a_long_recording_is_read_in_pieces_and_the_result_repeats() -> None:
    """Noise for three minutes: bounded reads, rising progress, the same answer twice, fewer voices than asked for is said."""
    pytest.importorskip("torch")
    pytest.importorskip("scipy")
    noise = (np.random.default_rng(3).standard_normal(180 * SAMPLE_RATE) * 0.05).astype(np.float32)
    speech = [Span(start=1, end=150), Span(start=155, end=155.1), Span(start=160, end=160.9)]
    recording, done = Recording(noise), list[float]()
    diarizer = ResemblyzerDiarizer(threads=1)
    first = diarizer.diarize(recording, speech, SpeakerHints(), done.append)
    assert recording.longest_read <= 61
    assert done == sorted(done)
    assert done[-1] == pytest.approx(180)
    assert [t.speaker for t in first.turns] == ["Speaker 1"] * 3
    assert np.linalg.norm(first.embeddings["Speaker 1"]) == pytest.approx(1)
    assert first == diarizer.diarize(recording, speech, SpeakerHints(), done.append)
    lonely = diarizer.diarize(recording, speech[1:2], SpeakerHints(exactly=2), done.append)
    assert [notice.code for notice in lonely.warnings] == ["fewer_speakers"]


def test_info_names_the_weights() -> None:
    """Version and digest are known before anything is loaded."""
    pytest.importorskip("torch")
    info = ResemblyzerDiarizer().info
    assert (info.name, info.model, len(info.model_digest or "")) == ("resemblyzer", "pretrained.pt", 16)


SAME_AS_LIBRARY = """
import numpy as np, torch
from resemblyzer import VoiceEncoder as Theirs, audio
from jobs.engines.voiceprint import VoiceEncoder, mel_frames
samples = (np.random.default_rng(0).standard_normal(40000) * np.hanning(40000) * 0.1).astype(np.float32)
mine, theirs = mel_frames(samples), audio.wav_to_mel_spectrogram(samples)
assert mine.shape == theirs.shape
stretch = theirs[None, :160]
a = VoiceEncoder().embed(stretch)
b = Theirs("cpu", verbose=False)(torch.from_numpy(stretch)).detach().numpy()
print(float(np.abs(mine - theirs).max() / theirs.max()), float(np.abs(a - b).max()))
"""


@pytest.mark.slow
def test_mel_and_embeddings_are_those_of_the_library() -> None:
    """The rebuilt front end and network differ from Resemblyzer's own by rounding alone."""
    pytest.importorskip("torch")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", SAME_AS_LIBRARY], capture_output=True, text=True, check=False, env=environment, timeout=240
    )
    if "ModuleNotFoundError" in done.stderr:
        pytest.skip("Resemblyzer itself cannot be imported here: " + done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    mel, embedding = map(float, done.stdout.split())
    assert mel < 1e-5
    assert embedding < 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ep1", "ep4"])
def test_two_synthetic_voices_are_told_apart(shared: Path, name: str) -> None:
    """At least 95 % of the words of a three-minute episode have the right speaker, and there are two."""
    pytest.importorskip("torch")
    path = shared / f"models/toy-whisper/samples/{name}.mp3"
    if not path.is_file():
        pytest.skip("the synthetic episodes are not beside this checkout")
    truth = json.loads(path.with_suffix(".json").read_text())
    words = [
        Word(start=w["start"], end=w["end"], text=w["word"], speaker=s["speaker"]) for s in truth["sentences"] for w in s["words"]
    ]
    speech = [Span(start=s["start"], end=s["end"]) for s in truth["sentences"]]
    result = ResemblyzerDiarizer().diarize(Recording(load_audio(path)), speech, SpeakerHints(), lambda _: None)
    assert {t.speaker for t in result.turns} == {"Speaker 1", "Speaker 2"}
    assert first_appearances(result.turns) == ["Speaker 1", "Speaker 2"]
    pairs = [(w.speaker, a.speaker) for w, a in zip(words, assign_speakers(words, result.turns), strict=True)]
    right = max(sum(p in {("S1", x), ("S2", y)} for p in pairs) for x, y in itertools.permutations(["Speaker 1", "Speaker 2"]))
    assert right / len(words) >= 0.95


def first_appearances(turns: tuple[Turn, ...]) -> list[str]:
    return list(dict.fromkeys(turn.speaker for turn in turns))
