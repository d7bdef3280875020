"""The conversations of the diarization bench are what they say they are, and its scores are right."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import diarization, turn_edges
from benchmarks.conversations import Conversation, Recipe, converse, write_mp3
from benchmarks.peers import PeerMissing
from benchmarks.readers import Voice, espeak, load_audio, synthesised
from benchmarks.table import Row
from benchmarks.turns import words_right
from jobs.engines.protocols import SAMPLE_RATE
from jobs.speakers import mark_overlaps
from storage.documents import Span, Turn, Word
from tests.pipelines import voice


def voices() -> list[Voice]:
    """Return two made-up voices that pause after two seconds."""
    spans = (Span(start=0.2, end=2.0), Span(start=2.4, end=5.8))
    return [Voice(who, voice(who, 6.0), spans) for who in ("low", "high")]


def conversation(seed: int = 3, *, music: bool = True) -> Conversation:
    return converse("talk", voices(), Recipe(speakers=2, seconds=300, music=music), seed)


def test_a_tenth_of_the_time_belongs_to_two() -> None:
    """Whatever pauses the voices make; and words that both say at once are known."""
    talk = conversation()
    spoken = sum(span.end - span.start for span in diarization.spoken(talk.turns))
    total = sum(turn.end - turn.start for turn in talk.turns)
    assert 0.06 < total / spoken - 1 < 0.14
    crowded = mark_overlaps(talk.words, talk.turns)
    assert 0.1 < np.mean(crowded) < 0.35, "each of the two says words there"


def test_the_truth_lies_where_the_voices_are() -> None:
    """Loud inside the turns, silent elsewhere, music left out of the truth."""
    talk = conversation(music=False)
    inside = np.zeros(len(talk.samples), dtype=bool)
    for turn in talk.turns:
        inside[round(turn.start * SAMPLE_RATE) : round(turn.end * SAMPLE_RATE)] = True
    power = talk.samples**2
    assert power[inside].mean() > 20 * power[: int(0.4 * SAMPLE_RATE)].mean()
    assert talk.turns[-1].end < talk.duration
    with_music = conversation()
    assert with_music.turns[0].start > 4
    assert np.square(with_music.samples[2 * SAMPLE_RATE : 4 * SAMPLE_RATE]).mean() > 1e-5


def test_a_seed_makes_the_same_conversation_again() -> None:
    """And another seed another one."""
    assert conversation().turns == conversation().turns
    assert np.array_equal(conversation().samples, conversation().samples)
    assert conversation(seed=4).turns != conversation().turns


def test_a_lossy_codec_keeps_the_times(tmp_path: Path) -> None:
    """A click at 61 s is there after MP3, within 10 ms."""
    samples = np.zeros(65 * SAMPLE_RATE, np.float32)
    samples[61 * SAMPLE_RATE : 61 * SAMPLE_RATE + 160] = 0.8
    heard = load_audio(write_mp3(samples, tmp_path / "click.mp3", 48))
    assert abs(int(np.abs(heard).argmax()) - 61 * SAMPLE_RATE) < 0.02 * SAMPLE_RATE


def test_words_are_right_under_the_best_pairing_of_labels() -> None:
    """Labels may have any names; a word without a speaker is wrong; only scored words count."""
    truth = [Word(start=i, end=i + 1, text="a", speaker=who) for i, who in enumerate("AABBB")]
    found = [replace(word, speaker=who) for word, who in zip(truth, ["x", "x", "y", None, "x"], strict=True)]
    assert words_right(truth, found) == pytest.approx(60)
    assert words_right(truth, found, [True, True, True, False, False]) == pytest.approx(100)
    assert words_right(truth, [replace(word, speaker=None) for word in truth]) == 0


def test_made_up_talk_has_what_goes_wrong_at_edges() -> None:
    """Back-channels without a turn, overlapping turns, words in order; the truth itself scores no error."""
    talk = turn_edges.made_up(3000, seed=5)
    assert [word.start for word in talk.words] == sorted(word.start for word in talk.words)
    assert any(a.end > b.start for a, b in zip(talk.turns, talk.turns[1:], strict=False))
    row = turn_edges.scored("truth", talk, talk.said_by, [1.0])
    assert row["wrong %"] == 0
    assert 0.3 < turn_edges.at_edges(talk).count(True) / len(talk.words) < 0.6
    assert 0 < float(turn_edges.ours(talk, 1)[0]["wrong at edges %"] or 0) < 10


def test_what_reading_alone_takes_is_told_without_a_peer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And why there is none to compare with."""

    def missing(*_: object, **__: object) -> None:
        raise PeerMissing("whisperx cannot be installed here: no network")

    monkeypatch.setattr(turn_edges, "installed", missing)
    monkeypatch.setattr(sys, "argv", ["turn_edges", "--words", "200", "--rounds", "1"])
    assert turn_edges.main() == 0
    told = " ".join(capsys.readouterr().out.split())
    assert re.search(r"no more, takes 0\.\d*[1-9]\d* s", told)
    assert "LEFT OUT: whisperx cannot be installed here: no network" in told


def test_a_python_without_whisperx_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The command ends with a message instead of a traceback."""
    monkeypatch.setattr(sys, "argv", ["turn_edges", "--words", "200", "--rounds", "1", "--peer-python", sys.executable])
    with pytest.raises(SystemExit):
        turn_edges.main()
    assert f"whisperX does not run in {sys.executable}" in capsys.readouterr().err


def test_synthesised_voices_are_left_out_where_there_is_no_espeak(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the report says so."""
    monkeypatch.setenv("PATH", "")
    cases, notes = diarization.chosen_cases(["espeak"], shared, 1, full=False)
    assert list(cases) == []
    assert any("espeak-ng" in note for note in notes)


def test_synthesised_voices_differ() -> None:
    """Each reads its own words in its own voice."""
    program = espeak()
    if program is None:
        pytest.skip("espeak-ng is not installed")
    first, second = synthesised(program, 2, 4.0, seed=1)
    assert first.name != second.name
    assert first.speech
    assert not np.array_equal(first.samples[:16000], second.samples[:16000])


def test_goals_are_about_readers_and_two_hours() -> None:
    """A recording with a wrong count, or a collapse, is a goal that is not met."""
    row: Row = {"minutes": 5.0, "speakers": 3, "found": 1, "words right %": 50.0, "DER %": 30.0, "overlap %": 10.0}
    row |= {"DER %, overlap not scored": 20.0, "DER %, no collar": 30.0, "with overlapped %": 40.0, "real-time factor": 0.1}
    goals = diarization.goals({"readers": [row], "2 hours": [row], "telephone": [row]})
    assert len(goals) == 6
    assert not any(goal.met for goal in goals)


def test_turns_are_merged_over_speakers() -> None:
    """Where anybody speaks is one stretch."""
    turns = (Turn(start=0, end=2, speaker="A"), Turn(start=1, end=3, speaker="B"), Turn(start=4, end=5, speaker="A"))
    assert diarization.spoken(turns) == (Span(start=0, end=3), Span(start=4, end=5))
