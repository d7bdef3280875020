"""The embedded fallback for English, on real speech."""

from __future__ import annotations

import json

import pytest

from jobs.audio import decode
from jobs.engines.pocketsphinx import PocketsphinxTranscriber
from jobs.engines.protocols import PartAudio, SpeechOptions
from jobs.pcm import Pcm
from storage.documents import Span
from storage.errors import OptionError
from tests.recordings import DATA


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> PartAudio:
    """Return the two sentences, placed an hour into a file."""
    wav = tmp_path_factory.mktemp("pocketsphinx") / "a.wav"
    decode(DATA / "two_sentences.mp3", wav)
    truth = json.loads((DATA / "two_sentences.json").read_text("utf-8"))["sentences"]
    pcm = Pcm(wav)
    samples = pcm.read(0.0, pcm.duration)
    pcm.close()
    return PartAudio(samples, 3600.0, tuple(Span(start=3600 + s["start"], end=3600 + s["end"]) for s in truth))


@pytest.mark.slow
def test_real_speech_becomes_words_inside_their_sentences(part: PartAudio) -> None:
    """Rough, but in order, in the file's time, and with some of the words right."""
    said: list[float] = []
    segments = PocketsphinxTranscriber().transcribe(part, SpeechOptions(language="en-US"), said.append)
    words = [word for segment in segments for word in segment.words]
    assert 12 <= len(words) <= 40
    assert {"people", "think"} <= {word.text for word in words}
    assert all(3600.3 <= word.start <= word.end <= 3610.5 for word in words)
    assert [word.start for word in words] == sorted(word.start for word in words)
    assert all(word.probability is not None for word in words)
    assert not any(mark in word.text for word in words for mark in "<[(+")
    assert said == sorted(said)
    assert said[-1] == pytest.approx(part.end - part.start)


def test_another_language_is_refused(part: PartAudio) -> None:
    """With the way to have it."""
    with pytest.raises(OptionError, match="only English, and 'de-AT'") as caught:
        PocketsphinxTranscriber().transcribe(part, SpeechOptions(language="de-AT"), lambda _: None)
    assert "earmark models pull" in caught.value.hint


def test_silence_is_not_decoded() -> None:
    """Nothing is heard where no speech was found."""
    import numpy as np

    quiet = PartAudio(np.zeros(16_000, np.float32), 0.0, ())
    assert PocketsphinxTranscriber().transcribe(quiet, SpeechOptions(), lambda _: None) == ()
