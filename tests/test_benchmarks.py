"""The benchmarks run, on tiny input, and can fail."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from benchmarks import bare, hard_speech, listing, nothing_lost, pages, seams, speed, tools, word_speakers
from benchmarks import prepare as preparing
from benchmarks.children import Cost, run_python
from benchmarks.oracle import OracleTranscriber
from benchmarks.peers import PeerMissing, installed
from benchmarks.recordings import (
    EXAMPLE_MODEL,
    Recording,
    SaidWord,
    joined,
    read_recording,
    repeat_mp3,
    without_pauses,
    write_wav,
)
from benchmarks.table import Goal, Report, show
from benchmarks.turns import der, read_rttm
from benchmarks.wording import compare, spoken
from jobs.prepare import PrepareOptions, prepare
from storage.documents import Coverage, Turn
from tests.transcripts import long_transcript

REPOSITORY = Path(__file__).resolve().parent.parent
SENTENCES = REPOSITORY / "tests" / "data" / "audio" / "two_sentences.mp3"


def words(text: str, step: float = 0.5) -> list[SaidWord]:
    """Return words, one every `step` seconds."""
    return [SaidWord(word, at * step, at * step + 0.4 * step) for at, word in enumerate(text.split())]


def test_a_goal_that_is_missed_makes_the_command_fail(capsys: pytest.CaptureFixture[str]) -> None:
    """Status 0 only if all goals are met; a figure that is no number is not."""
    assert show(Report("t", [{"a": 1}], [Goal("x", 1.0, 1.0)]), as_json=False) == 0
    assert "met" in capsys.readouterr().out
    assert show(Report("t", [{"a": 1}], [Goal("x", 1.0, 1.0), Goal("y", 1.01, 1.0)]), as_json=False) == 1
    assert "NOT MET" in capsys.readouterr().out
    assert show(Report("t", [], [Goal("x", float("nan"), 1.0)]), as_json=True) == 1
    assert json.loads(capsys.readouterr().out)["met"] == [False]
    assert not Goal("z", 1.0, 2.0, "", "least").met


def test_a_child_is_measured_by_itself() -> None:
    """Wall time, processor time and memory are those of the process, and its failure is told with its errors."""
    ballast = bytearray(b"x") * (300 << 20)  # ours is not counted
    cost = run_python(["-c", "import time; block = bytearray(80 << 20); time.sleep(0.3); print(len(block))"])
    assert cost.output.strip() == str(80 << 20)
    assert cost.wall > 0.3 > cost.cpu
    assert 80 < cost.peak < 200 < len(ballast) >> 20
    with pytest.raises(RuntimeError, match="No module named"):
        run_python(["-c", "import nothing_of_this_name"])


def test_words_are_compared_with_what_was_said() -> None:
    """Errors, missed and added words are counted, whatever the case and punctuation."""
    said, heard = spoken(words("One two, three four, five six.")), spoken(words("one three FOUR five six seven"))
    found = compare(said, heard)
    assert found.wer == pytest.approx(100 / 3)
    assert [said[i].text for i in found.missed] == ["two"]
    assert {heard[i].text for i in found.added} == {"seven"}
    assert compare(said, []).wer == 100.0


def test_the_listing_counts_the_items_that_were_put_in() -> None:
    """The made feed is listed whole, with the chapters of three of four items; too slow a command would be told."""
    report = listing.measure(12, rounds=1, seed=3)
    assert [row["items"] for row in report.rows] == [12, 12]
    assert [row["with chapters"] for row in report.rows] == [9, 9]
    assert [goal.met for goal in report.goals[1:]] == [True, True]
    assert not Goal(report.goals[0].what, report.goals[0].value, 0.001).met


def test_every_page_is_asked_for(tmp_path: Path) -> None:
    """Over a small archive; a page that is not there would fail."""
    report = pages.measure(tmp_path, count=400, words=200, shows_with_words=2, requests=2, seed=1)
    assert len(report.rows) == 18
    assert all(float(row["cpu p95 ms"] or 0) > 0 for row in report.rows)


def test_the_made_feed_is_the_same_for_the_same_seed() -> None:
    """Cases are drawn from the seed alone."""
    assert listing.make_feed(8, 5) == listing.make_feed(8, 5)
    assert listing.make_feed(8, 5) != listing.make_feed(8, 6)


def test_words_of_an_episode_are_given_to_speakers() -> None:
    """The small case has all its words, almost all with a speaker."""
    report = word_speakers.measure(400, 30, rounds=2, seed=1)
    assert report.rows[0]["words"] == 400
    assert all(goal.met for goal in report.goals)


def test_prepare_is_measured_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Length, parts and memory are told."""
    row = preparing.measure(repeat_mp3(SENTENCES, tmp_path / "long.mp3", 20.0), tmp_path / "decoded.wav")
    assert float(row["hours"] or 0) * 3600 == pytest.approx(20, abs=5)
    assert 40 < float(row["peak MiB"] or 0) < preparing.GOAL_MIB


def test_ratios_are_medians_of_pairs_run_in_turns() -> None:
    """The goal is the median over rounds, so that one slow round decides nothing; a slow earmark misses it."""
    said = json.dumps({"event": "summary", "episodes": [{"words": 7}]})
    costs = [speed.Pair(Cost(wall, 1, 1, said), Cost(2.0, 1, 1, json.dumps({"words": 7}))) for wall in (2.0, 2.1, 9.0)]
    report = speed.report(costs, minutes=1, settings={})
    assert report.goals[0].value == 1.05
    assert report.goals[0].met
    assert not speed.report([costs[2]], minutes=1, settings={}).goals[0].met


@pytest.mark.slow
def test_earmark_and_bare_whisper_hear_the_same_file(tmp_path: Path) -> None:
    """Both commands run and count their words."""
    if not EXAMPLE_MODEL.is_dir():
        pytest.skip("the example's model is not here")
    audio = repeat_mp3(REPOSITORY / "examples" / "episode.mp3", tmp_path / "episode.mp3", 60)
    pairs = speed.measure(audio, EXAMPLE_MODEL, threads=1, rounds=1)
    rows = speed.report(pairs, minutes=1, settings={}).rows
    assert all(int(row["words"] or 0) > 50 for row in rows)


def test_recordings_are_joined_with_their_words() -> None:
    """Words move with their audio; phrases without pauses lie one after the other."""
    tone = np.sin(np.arange(32_000) / 9).astype(np.float32) * 0.3
    said = tuple(words("one two three four"))
    recording = Recording("r", tone, said, (said[:2], said[2:]))
    double = joined("d", [recording], at_least=3.0)
    assert double.duration == 4.0
    assert [word.start for word in double.words] == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    dense = without_pauses("w", [recording], seconds=3.0, seed=1)
    assert dense.duration >= 3.0
    assert all(word.end <= dense.duration + 0.02 for word in dense.words)
    assert sum(b.start - a.end > 0.35 for a, b in zip(dense.words, dense.words[1:], strict=False)) == 0


def example() -> Recording:
    """Return the example with its truth."""
    return read_recording(REPOSITORY / "examples" / "episode.mp3", REPOSITORY / "examples" / "truth.json")


@pytest.mark.slow
@pytest.mark.parametrize("length", [6.0, 8.0, 20.0])
def test_no_word_of_the_oracle_is_lost_or_doubled_at_a_seam(tmp_path: Path, length: float) -> None:
    """Neither at cuts in pauses nor at cuts through speech."""
    recordings = [example(), without_pauses("dense", [example()], seconds=90.0, seed=2)]
    for recording in recordings:
        audio = write_wav(recording.samples, tmp_path / "recording.wav")
        prepared = prepare(audio, tmp_path / "decoded.wav", options=PrepareOptions(part_seconds=length))
        case = seams.Case(EXAMPLE_MODEL, recording)
        assert len(prepared.parts) > 3
        assert seams.by_oracle(case, prepared, tmp_path / "decoded.wav", seed=1) == 0
    assert any(part.forced for part in prepared.parts)


def test_the_oracle_notices_words_that_are_cut_off(tmp_path: Path) -> None:
    """Forced cuts that are not reconciled lose or double words, and that is counted."""
    dense = without_pauses("dense", [example()], seconds=60.0, seed=2)
    wav = tmp_path / "decoded.wav"
    prepared = prepare(write_wav(dense.samples, tmp_path / "a.wav"), wav, options=PrepareOptions(part_seconds=6.0))
    assert any(part.forced for part in prepared.parts)
    # the same parts, but each taken to begin a little late: what lies before is lost
    broken = tuple(p if not p.index else p.model_copy(update={"start": p.start + 1.5, "forced": False}) for p in prepared.parts)
    case = seams.Case(EXAMPLE_MODEL, dense)
    assert seams.by_oracle(case, prepared.model_copy(update={"parts": broken}), wav, seed=1) > 5


def test_the_oracle_is_a_transcriber() -> None:
    """It says who it is and takes one part at a time."""
    oracle = OracleTranscriber(words("one two"), 1)
    assert (oracle.info.name, oracle.expect(5), oracle.detect_language([]).language) == ("oracle", 1, "en")


def test_diarization_errors_are_scored(tmp_path: Path) -> None:
    """The same turns under other names have no error; one speaker where there are two has half."""
    (tmp_path / "a.rttm").write_text("SPEAKER a 1 0.0 5.0 <NA> <NA> x <NA> <NA>\nSPEAKER a 1 5.0 5.0 <NA> <NA> y <NA> <NA>\n")
    truth = read_rttm(tmp_path / "a.rttm", "a")
    renamed = [replace(turn, speaker=turn.speaker * 2) for turn in truth]
    assert der(truth, renamed, 10.0, collar=0.0) == 0.0
    assert der(truth, [Turn(start=0, end=10, speaker="z")], 10.0, collar=0.0) == pytest.approx(50.0)
    late = [Turn(start=0, end=5.2, speaker="x"), Turn(start=5.2, end=10, speaker="y")]
    assert der(truth, late, 10.0, collar=0.0) == pytest.approx(2.0)
    assert der(truth, late, 10.0, collar=0.25) == 0.0


def test_bare_whisper_is_one_call_over_the_file() -> None:
    """The example's model hears the two sentences; without a model it is skipped."""
    if not EXAMPLE_MODEL.is_dir():
        pytest.skip("the example's model is not here")
    heard, info = bare.hear(bare.load(EXAMPLE_MODEL, threads=1), str(REPOSITORY / "examples" / "episode.mp3"), beam=1)
    assert info.duration > 60
    assert len(heard) > 100


def test_words_too_many_are_doubled_or_invented_and_where_two_talk_there_is_no_order() -> None:
    """An equal word nearby makes it a double; a word that nobody said is invented; a set of words has no order."""
    silence = np.zeros(16_000, np.float32)
    said = hard_speech.Case("one", silence, ("Good", "morning", "to", "you"))
    assert nothing_lost.faults(said, ("good", "morning", "you")) == nothing_lost.Faults(lost=1, doubled=0, invented=0)
    heard = ("good", "morning,", "morning", "to", "you", "there")
    assert nothing_lost.faults(said, heard) == nothing_lost.Faults(lost=0, doubled=1, invented=1)
    both = hard_speech.Case("two", silence, ("one", "two", "three"), at_once=True)
    assert nothing_lost.faults(both, ("three", "one", "four")) == nothing_lost.Faults(lost=1, doubled=0, invented=1)


def test_every_case_of_nothing_lost_has_words_and_sound() -> None:
    """Each is as long as asked, give or take a sentence, and the same for the same seed."""
    made = list(hard_speech.cases(20.0, seed=3))
    assert len({case.name for case in made}) == 5
    for case, again in zip(made, hard_speech.cases(20.0, seed=3), strict=True):
        assert 20 <= len(case.samples) / 16_000 < 160
        assert case.words
        assert np.array_equal(case.samples, again.samples)


def test_seams_through_speech_are_told_and_those_without_words_beside_them_miss_the_goal(tmp_path: Path) -> None:
    """Speech without pauses is cut through; a seam in silence has nobody on either side."""
    dense = next(iter(hard_speech.cases(60.0, seed=3)))
    cut = nothing_lost.seams(dense, write_wav(dense.samples, tmp_path / "a.wav"), 15.0)
    assert cut.count >= 3
    assert cut.count == cut.between_words
    assert cut.through_speech > 0
    late = tuple(SaidWord(word.text, word.start + 600, word.end + 600) for word in dense.times)
    apart = nothing_lost.seams(hard_speech.Case("late", dense.samples, dense.words, times=late), tmp_path / "a.wav", 15.0)
    assert apart.between_words == 0
    took = tools.Took(1.0, 1.0, (), 0.0)
    found = [
        nothing_lost.Outcome(dense, "whole", took, nothing_lost.Faults(1, 2, 3)),
        nothing_lost.Outcome(dense, "ours", took, nothing_lost.Faults(1, 1, 1), cut),
    ]
    report = nothing_lost.report(found, "whole", (), {})
    assert [goal.met for goal in report.goals] == [True, True, True]
    assert [row["case"] for row in report.rows] == [dense.name, dense.name, "all", "all"]
    assert (report.rows[2].get("seams"), report.rows[3]["seams"]) == (None, cut.count)
    worse = [found[0], nothing_lost.Outcome(dense, "ours", took, nothing_lost.Faults(9, 1, 1), apart)]
    assert [goal.met for goal in nothing_lost.report(worse, "whole", (), {}).goals] == [True, False, False]


def test_a_whisper_has_no_voice() -> None:
    """The harmonics of a tone are gone, its loudness is a quarter."""
    time = np.arange(16_000) / 16_000
    tone = np.sum([np.sin(2 * np.pi * 150 * n * time) / n for n in range(1, 20)], axis=0).astype(np.float32)
    heard = hard_speech.whisper(tone, np.random.default_rng(1))
    assert np.sqrt(np.mean(heard**2) / np.mean(tone**2)) == pytest.approx(0.25, abs=0.01)
    spectrum = np.abs(np.fft.rfft(heard)) ** 2
    in_harmonics = sum(spectrum[150 * n - 2 : 150 * n + 3].sum() for n in range(1, 20)) / spectrum.sum()
    assert in_harmonics < 0.2


def test_a_second_in_no_stretch_of_the_coverage_is_unaccounted() -> None:
    """So is one that is in two."""
    told = long_transcript(hours=1, total=100)
    end = told.audio.duration
    for edges, seconds in (((0.0, 5.0, 5.0, end), 0.0), ((1.0, 5.0, 6.5, end), 2.5), ((0.0, 5.0, 4.0, end - 2.0), 3.0)):
        stretches = tuple(Coverage(start=a, end=b, kind="speech") for a, b in (edges[:2], edges[2:]))
        assert tools.unaccounted(told.model_copy(update={"coverage": stretches})) == pytest.approx(seconds)


def test_a_peer_can_be_installed_without_what_it_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into a folder of its own, once."""
    wheel = tmp_path / "tinypeer-1.0-py3-none-any.whl"
    with ZipFile(wheel, "w") as file:
        file.writestr("tinypeer.py", "HERE = True\n")
        about = "tinypeer-1.0.dist-info"
        file.writestr(
            f"{about}/METADATA",
            "Metadata-Version: 2.1\nName: tinypeer\nVersion: 1.0\nRequires-Dist: no-such-package-of-earmark\n",
        )
        file.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{about}/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    peers = {"EARMARK_PEERS": str(tmp_path / "peers")}
    with pytest.raises(PeerMissing, match="no-such-package-of-earmark"):
        installed(("tinypeer==1.0",), environment=peers)
    peer = installed(("tinypeer==1.0",), alone=True, environment=peers)
    assert peer.version == "1.0"
    assert subprocess.run([peer.python, "-c", "import tinypeer; assert tinypeer.HERE"], check=False).returncode == 0
    wheel.unlink()
    assert installed(("tinypeer==1.0",), alone=True, environment=peers) == peer


def test_a_peer_that_cannot_be_installed_says_so(tmp_path: Path) -> None:
    """So a table can leave it out with the reason."""
    with pytest.raises(PeerMissing, match=r"no-such-package-of-earmark==1\.0 cannot be installed here"):
        installed(("no-such-package-of-earmark==1.0",), environment={"EARMARK_PEERS": str(tmp_path)})
