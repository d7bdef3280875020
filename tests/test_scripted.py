"""Engines that say what a script says."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.engines.protocols import SAMPLE_RATE, PartAudio, SpeakerHints, SpeechOptions
from jobs.engines.scripted import Script, ScriptedDiarizer, ScriptedSentence, ScriptedTranscriber, ScriptedWord, read_script
from jobs.pcm import Pcm, write_pcm
from storage.documents import Span
from storage.errors import Cancelled, EarmarkError, ModelInvalid, ModelMissing
from tests.workshop import SCRIPT


def part(start: float, seconds: float) -> PartAudio:
    """Return silent audio; the script knows what is said."""
    return PartAudio(np.zeros(round(seconds * SAMPLE_RATE), np.float32), start, (Span(start=start, end=start + seconds),))


def test_parts_share_the_words_of_the_script_between_them() -> None:
    """Wherever the file is cut, each word once."""
    engine = ScriptedTranscriber(read_script(SCRIPT))
    cuts = [0.0, 33.3, 100.05, 217.0]
    heard = []
    for start, end in itertools.pairwise(cuts):
        segments = engine.transcribe(part(start, end - start), SpeechOptions(), lambda _: None)
        heard += [word.text for segment in segments for word in segment.words]
    truth = json.loads(SCRIPT.read_text("utf-8"))["sentences"]
    assert heard == [word["word"] for sentence in truth for word in sentence["words"]]


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=3), max_size=6),
    st.integers(0, 30),
    st.integers(1, 9),
)
def test_every_word_whose_middle_lies_in_a_part_is_heard(told: list[list[tuple[int, int]]], begin: int, length: int) -> None:
    """In whatever order the script has its sentences, and wherever they overlap."""
    words = [
        tuple(ScriptedWord(word=f"{n}-{m}", start=a, end=a + d) for m, (a, d) in enumerate(some)) for n, some in enumerate(told)
    ]
    script = Script(sentences=tuple(ScriptedSentence(speaker="A", words=some) for some in words))
    heard = ScriptedTranscriber(script).transcribe(part(begin, length), SpeechOptions(), lambda _: None)
    inside = [w.word for some in words for w in some if begin <= (w.start + w.end) / 2 < begin + length]
    assert [word.text for segment in heard for word in segment.words] == inside


def test_the_turns_of_the_script_are_told_with_labels_in_order(tmp_path: Path) -> None:
    """The first to speak is Speaker 1; who goes on speaking has one turn."""
    with write_pcm(tmp_path / "a.wav") as writer:
        writer.write(np.zeros(SAMPLE_RATE, np.int16))
    found = ScriptedDiarizer(read_script(SCRIPT)).diarize(Pcm(tmp_path / "a.wav"), (), SpeakerHints(), lambda _: None)
    assert found.turns[0].speaker == "Speaker 1"
    assert {turn.speaker for turn in found.turns} == {"Speaker 1", "Speaker 2", "Speaker 3"}
    assert all(a.speaker != b.speaker for a, b in zip(found.turns, found.turns[1:], strict=False))


def test_a_paced_script_takes_its_time_and_can_be_stopped(tmp_path: Path) -> None:
    """Second by second; the progress may raise."""
    path = tmp_path / "slow.json"
    path.write_text(json.dumps(json.loads(SCRIPT.read_text("utf-8")) | {"pace": 0.001}), "utf-8")
    said: list[float] = []

    def stop(done: float) -> None:
        said.append(done)
        if done >= 3:
            raise Cancelled("Enough.")

    with pytest.raises(Cancelled):
        ScriptedTranscriber(read_script(path)).transcribe(part(0, 30), SpeechOptions(), stop)
    assert said == [1.0, 2.0, 3.0]


def test_the_script_names_itself_in_results_by_what_it_says(tmp_path: Path) -> None:
    """The pace is no part of that; another word is."""
    story = json.loads(SCRIPT.read_text("utf-8"))
    digests = []
    for change in ({}, {"pace": 1.0}, {"language": "de"}):
        (tmp_path / "s.json").write_text(json.dumps(story | change), "utf-8")
        digests.append(ScriptedTranscriber(read_script(tmp_path / "s.json")).info.model_digest)
    assert digests[0] == digests[1] != digests[2]
    assert ScriptedTranscriber(read_script(SCRIPT)).info.name == "scripted"


@pytest.mark.parametrize(
    ("text", "error"),
    [(None, ModelMissing), ("{", ModelInvalid), ("[]", ModelInvalid), ('{"sentences": [{"speaker": "A"}]}', ModelInvalid)],
)
def test_what_is_no_script_is_named(text: str | None, error: type[EarmarkError], tmp_path: Path) -> None:
    """Missing, or without what it needs."""
    path = tmp_path / "story.json"
    if text is not None:
        path.write_text(text, "utf-8")
    with pytest.raises(error, match=r"story\.json") as caught:
        read_script(path)
    assert caught.value.hint
