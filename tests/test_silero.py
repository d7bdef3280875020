"""Voice activity: where speech begins and ends, and that nothing is heard in what is not speech."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.audio import decode
from jobs.engines.silero import FRAME, FRAME_SECONDS, SileroDetector, SpeechThresholds, bundled_model, speech_regions
from jobs.pcm import Pcm, Pcm16
from storage.documents import Span
from storage.errors import EngineUnavailable
from tests.recordings import DATA, Sound, music, noise, silence


def pcm16(sound: Sound) -> Pcm16:
    """Return a 16 kHz sound as the detector hears it."""
    return np.clip(sound * 32767, -32768, 32767).astype(np.int16)


def regions(samples: Pcm16, block: int = 163_840) -> tuple[Span, ...]:
    """Judge a recording block by block."""
    detector = SileroDetector()
    for first in range(0, len(samples), block):
        detector.feed(samples[first : first + block])
    return speech_regions(detector.finish(), len(samples) / 16_000)


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Pcm16:
    """Decode the committed recording of two sentences."""
    wav = tmp_path_factory.mktemp("silero") / "two.wav"
    decode(DATA / "two_sentences.mp3", wav)
    with Pcm(wav) as pcm:
        return pcm.read_pcm(0, pcm.duration)


def test_sentences_begin_and_end_where_they_do(sentences: Pcm16) -> None:
    """Within 100 ms of the truth, so that chapter starts can be moved there."""
    truth = json.loads((DATA / "two_sentences.json").read_text(encoding="utf-8"))["sentences"]
    found = regions(sentences)
    for sentence in truth:
        inside = [span for span in found if span.start < sentence["end"] and span.end > sentence["start"]]
        assert inside[0].start == pytest.approx(sentence["start"], abs=0.1)
        assert inside[-1].end == pytest.approx(sentence["end"], abs=0.1)
    assert all(any(s["start"] - 0.1 <= span.start and span.end <= s["end"] + 0.1 for s in truth) for span in found)


@pytest.mark.parametrize("block", [1, 400, FRAME, 16_000, 10**9])
def test_the_size_of_the_blocks_does_not_matter(sentences: Pcm16, block: int) -> None:
    """The state goes from block to block; only rounding differs."""
    short = sentences[: 3000 if block == 1 else None]
    whole, pieces = SileroDetector(), SileroDetector()
    whole.feed(short)
    for first in range(0, len(short), block):
        pieces.feed(short[first : first + block])
    expected, found = whole.finish(), pieces.finish()
    assert len(expected) == -(-len(short) // FRAME)
    assert np.allclose(found, expected, atol=1e-4)


def test_faster_whisper_judges_the_same(sentences: Pcm16) -> None:
    """Its own way of running the model, which holds the whole recording in memory, agrees."""
    vad = pytest.importorskip("faster_whisper.vad")
    whole = sentences[: len(sentences) - len(sentences) % FRAME]
    detector = SileroDetector()
    detector.feed(whole)
    theirs = np.ravel(vad.get_vad_model()(whole.astype(np.float32) / 32768))
    # its context of the last frame is overwritten with zeros in place, so that one differs
    assert np.allclose(detector.finish()[:-1], theirs[:-1], atol=1e-3)


@pytest.mark.parametrize(
    "sound",
    [silence(20, 16_000), noise(20, 16_000), noise(20, 16_000, level=0.001), music(20, 16_000)],
    ids=["silence", "noise", "hiss", "music"],
)
def test_what_is_not_speech_is_not_heard_as_speech(sound: Sound) -> None:
    """No region at all."""
    assert regions(pcm16(sound)) == ()


def test_a_recording_shorter_than_a_frame_is_judged(sentences: Pcm16) -> None:
    """It is filled up; an empty one has no frames."""
    assert regions(np.zeros(100, np.int16)) == ()
    assert len(SileroDetector().finish()) == 0
    assert speech_regions(np.array([0.9], np.float32), 0.01) == (Span(start=0, end=0.01),)


def spans(values: list[float], **rule: float) -> list[tuple[int, int]]:
    """Return regions counted in frames."""
    probabilities = np.array(values, np.float32)
    thresholds = SpeechThresholds(**{"min_speech": 0.0, "min_silence": 0.0, **rule})
    found = speech_regions(probabilities, len(values) * FRAME_SECONDS, thresholds)
    return [(round(span.start / FRAME_SECONDS), round(span.end / FRAME_SECONDS)) for span in found]


def test_speech_holds_on_between_the_two_thresholds() -> None:
    """It takes a sure frame to be speech, and a clearly silent one to end it."""
    assert spans([0.1, 0.4, 0.6, 0.4, 0.4, 0.1, 0.4, 0.1]) == [(1, 5)]


def test_short_pauses_do_not_end_speech_and_long_ones_do() -> None:
    """Three frames are 96 ms, four are 128 ms."""
    assert spans([0.9, 0, 0, 0, 0.9], min_silence=0.1) == [(0, 5)]
    assert spans([0.9, 0, 0, 0, 0, 0.9], min_silence=0.1) == [(0, 1), (5, 6)]


def test_a_short_burst_counts_only_if_the_model_is_sure() -> None:
    """A short answer stays, a click goes."""
    assert spans([0, 0.7, 0.7, 0, 0, 0, 0, 0.6, 0.9, 0], min_speech=0.25, min_silence=0.1) == [(7, 9)]


@given(st.lists(st.floats(0, 1, width=32), max_size=300), st.floats(0, 0.5), st.floats(0, 0.5))
def test_regions_are_sorted_apart_and_inside(values: list[float], min_speech: float, min_silence: float) -> None:
    """Every certain frame that is not in a short burst is inside one."""
    duration = max(len(values) * FRAME_SECONDS - 0.01, 0)
    rule = SpeechThresholds(min_speech=min_speech, min_silence=min_silence)
    found = speech_regions(np.array(values, np.float32), duration, rule)
    edges = [time for span in found for time in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= duration + 0.0005 for edge in edges)
    assert all(later.start - earlier.end >= min_silence - 1e-6 for earlier, later in itertools.pairwise(found))
    for index, value in enumerate(values):
        middle = (index + 0.5) * FRAME_SECONDS
        if value >= rule.sure and middle < duration:
            assert any(span.start <= middle <= span.end for span in found)


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    """As is a model of another kind."""
    false = tmp_path / "false.onnx"
    false.write_bytes(b"no model")
    with pytest.raises(EngineUnavailable, match=r"false\.onnx"):
        SileroDetector(false)
    assert bundled_model().suffix == ".onnx"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ep1", "ep3"])
def test_real_episodes_have_their_sentences_found(shared: Path, tmp_path: Path, name: str) -> None:
    """Nineteen of twenty sentences begin within 100 ms of a region, and none is missed."""
    folder = shared / "models" / "toy-whisper" / "samples"
    truth = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["sentences"]
    detector = SileroDetector()
    decoded = decode(folder / f"{name}.mp3", tmp_path / "a.wav", listeners=[detector.feed])
    found = speech_regions(detector.finish(), decoded.duration)
    misses = [min(abs(span.start - sentence["start"]) for span in found) for sentence in truth]
    assert np.quantile(misses, 0.95) <= 0.1
    covered = [
        sum(max(0.0, min(span.end, s["end"]) - max(span.start, s["start"])) for span in found) / (s["end"] - s["start"])
        for s in truth
    ]
    assert min(covered) > 0.6
