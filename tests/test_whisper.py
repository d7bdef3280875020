"""The real faster-whisper path, on small real models that lie beside the checkout."""

from __future__ import annotations

import json
import re
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest

from benchmarks.recordings import EXAMPLE, EXAMPLE_MODEL
from jobs.bridges import bridges
from jobs.doubts import doubtful_seams
from jobs.engines.protocols import PartAudio, SpeechOptions
from jobs.engines.streams import streams
from jobs.engines.whisper import WINDOW, WhisperTranscriber, check_model_folder
from jobs.language import places, read_clips
from jobs.onsets import refine_onsets
from jobs.pcm import Pcm
from jobs.prepare import Prepared, PrepareOptions, prepare
from jobs.seams import join_parts, part_audio
from jobs.split import cut_parts
from jobs.transcribe import hear_bridges, transcribe_part
from storage.documents import Segment, Span, Word
from storage.errors import ModelInvalid, OptionError

Recording = tuple[Prepared, Pcm]


@pytest.fixture(scope="module")
def toy(shared: Path) -> WhisperTranscriber:
    """Return the English-only toy model."""
    return WhisperTranscriber(shared / "models" / "toy-whisper", device="cpu", threads=2)


@pytest.fixture(scope="module")
def digits(shared: Path) -> WhisperTranscriber:
    """Return the multilingual model that knows digits."""
    return WhisperTranscriber(shared / "models" / "digits-whisper", device="cpu", threads=2)


@pytest.fixture(scope="module")
def episode(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Return an episode that the toy model has never seen, decoded."""
    wav = tmp_path_factory.mktemp("episode") / "a.wav"
    made = prepare(shared / "models" / "toy-whisper" / "samples" / "ep3.mp3", wav, options=PrepareOptions(part_seconds=60))
    return made, Pcm(wav)


@pytest.fixture(scope="module")
def truth(shared: Path) -> list[dict[str, Any]]:
    """Return the words of that episode."""
    told = json.loads((shared / "models" / "toy-whisper" / "samples" / "ep3.json").read_text("utf-8"))
    return [word for sentence in told["sentences"] for word in sentence["words"]]


def plain(texts: list[str]) -> str:
    """Return words without case and punctuation."""
    return " ".join(re.sub(r"[^\w']", "", text.lower()) for text in texts)


def errors(truth: list[dict[str, Any]], words: list[Word], until: float = 1e9) -> float:
    """Return the word error rate."""
    wanted = [word["word"] for word in truth if word["end"] < until]
    heard = [word.text for word in words if word.end < until]
    return float(jiwer.wer(plain(wanted), plain(heard)))


def hear(engine: WhisperTranscriber, recording: Recording, part: int, options: SpeechOptions) -> tuple[Segment, ...]:
    """Transcribe one part."""
    made, pcm = recording
    return engine.transcribe(part_audio(pcm, made.parts[part], made.speech), options, lambda _: None)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 4])
def test_words_come_in_order_with_times_of_the_file(
    batch: int, toy: WhisperTranscriber, episode: Recording, truth: list[dict[str, Any]]
) -> None:
    """One by one or batched; the middle part of the file, so that times must be shifted; in the range of the model's figures."""
    part = episode[0].parts[1]
    segments = hear(toy, episode, 1, SpeechOptions(batch_size=batch))
    words = [word for segment in segments for word in segment.words]
    assert all(part.start - 0.5 <= word.start <= word.end <= part.end + 0.5 for word in words)
    assert all(before.start <= after.start + 0.05 for before, after in pairwise(words))
    inside = [word for word in truth if part.start <= word["start"] < part.end]
    assert errors(inside, words) <= 0.2
    matched = [min(abs(word.start - true["start"]) for true in inside) for word in words]
    assert float(np.median(matched)) <= 0.15


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Return the episode that ships, decoded, as one part."""
    wav = tmp_path_factory.mktemp("example") / "a.wav"
    return prepare(EXAMPLE / "episode.mp3", wav, options=PrepareOptions(part_seconds=600)), Pcm(wav)


@pytest.mark.parametrize("batch", [2, 8])
def test_the_size_of_a_batch_changes_no_word(batch: int, example: Recording) -> None:
    """Nor when it is said: so no step's key has it. One worker, which would else share the windows with others."""
    engine = WhisperTranscriber(EXAMPLE_MODEL, device="cpu", threads=1, workers=1)
    made, pcm = example
    assert len(streams(part_audio(pcm, made.parts[0], made.speech), WINDOW)) > 2
    alone, together = (
        [(word.start, word.end, word.text) for segment in hear(engine, example, 0, options) for word in segment.words]
        for options in (SpeechOptions(batch_size=1), SpeechOptions(batch_size=batch))
    )
    assert len(alone) > 200
    assert together == alone


@pytest.fixture(scope="module")
def episodes(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Prepared, Pcm, list[str]]]:
    """Return the episodes of the voices that the toy model knows, decoded, with their words."""
    samples = shared / "models" / "toy-whisper" / "samples"
    decoded = []
    for name in ("ep1", "ep3", "ep4", "ep6"):
        wav = tmp_path_factory.mktemp("episodes") / f"{name}.wav"
        made = prepare(samples / f"{name}.mp3", wav)
        told = json.loads((samples / f"{name}.json").read_text("utf-8"))
        decoded.append((made, Pcm(wav), [word["word"] for sentence in told["sentences"] for word in sentence["words"]]))
    return decoded


@pytest.fixture(scope="module")
def whole(shared: Path, episodes: list[tuple[Prepared, Pcm, list[str]]]) -> list[int]:
    """Return the word errors of one call of faster-whisper on each whole file, for four places of its windows.

    Where windows are decoded at a higher temperature the library samples: the same call on the same audio after some more silence
    makes between 9 and 15 errors in a hundred words. One draw is no yardstick; four are the least.
    """
    from faster_whisper import WhisperModel

    model = WhisperModel(str(shared / "models" / "toy-whisper"), device="cpu", compute_type="int8", cpu_threads=2)
    made = []
    for shift in (0, 3, 5, 8):
        count = 0
        for _, pcm, said in episodes:
            samples = np.concatenate([np.zeros(shift * 16_000, dtype=np.float32), pcm.read(0.0, pcm.duration)])
            heard, _ = model.transcribe(
                samples, vad_filter=True, word_timestamps=True, condition_on_previous_text=False, language="en"
            )
            count += wrong(said, [word.word for segment in heard for word in segment.words or ()])
        made.append(count)
    return made


def wrong(said: list[str], heard: list[str]) -> int:
    """Count the words that were changed, lost or added."""
    found = jiwer.process_words(plain(said), plain(heard))
    return int(found.substitutions + found.deletions + found.insertions)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [20.0, 60.0, 300.0])
def test_parts_lose_and_double_no_word_at_their_seams(
    seconds: float, toy: WhisperTranscriber, episodes: list[tuple[Prepared, Pcm, list[str]]], whole: list[int]
) -> None:
    """Word errors over all episodes within a point of the whole-file calls, and no pile of words or gap at a seam.

    `benchmarks.seams` counts each word that is lost or doubled there, and what the model alone loses and doubles.
    """
    options = SpeechOptions(language="en")
    errors_made = 0
    for made, pcm, said in episodes:
        parts = cut_parts(made.duration, made.speech, target=seconds)
        heard = [transcribe_part(part.index, part_audio(pcm, part, made.speech), toy, options, lambda _: None) for part in parts]
        crossings = [
            hear_bridges(part.index, bridges(pcm, part, made.speech), toy, options, lambda _: None)
            for part in doubtful_seams(parts, heard)
        ]
        words = [word for segment in refine_onsets(join_parts(parts, heard, crossings), made.speech) for word in segment.words]
        assert all(before.start <= after.start + 0.05 for before, after in pairwise(words))
        errors_made += wrong(said, [word.text for word in words])
    count = sum(len(said) for _, _, said in episodes)
    print(f"parts of {seconds:g} s: {errors_made} of {count} words wrong; whole files {whole}")
    assert errors_made <= max(whole) + 0.01 * count


@pytest.mark.slow
def test_a_multilingual_model_judges_the_language_by_several_clips(
    digits: WhisperTranscriber, shared: Path, tmp_path: Path
) -> None:
    """Between 0 and 1, and a code that it knows."""
    wav = tmp_path / "a.wav"
    made = prepare(shared / "audio" / "conversations" / "digits_1spk.flac", wav)
    with_clips = read_clips(Pcm(wav), places(made.speech, made.duration))
    guess = digits.detect_language(with_clips)
    assert digits.is_multilingual
    assert re.fullmatch(r"[a-z]{2,3}", guess.language)
    assert 0 < guess.probability <= 1
    segments = digits.transcribe(
        part_audio(Pcm(wav), made.parts[0], made.speech), SpeechOptions(language="en", batch_size=1), lambda _: None
    )
    told = json.loads((shared / "audio" / "conversations" / "digits_1spk.json").read_text("utf-8"))
    heard = [word.text.lower().strip(".,") for segment in segments for word in segment.words]
    assert abs(len(heard) - len(told["words"])) <= 0.5 * len(told["words"])


def test_an_english_model_says_english_and_refuses_other_languages(toy: WhisperTranscriber) -> None:
    """Before it hears anything."""
    part = PartAudio(np.zeros(16_000, np.float32), 0.0, (Span(start=0, end=1),))
    assert toy.detect_language([part.samples]) == toy.detect_language([])
    assert toy.detect_language([part.samples]).language == "en"
    with pytest.raises(OptionError, match="knows only English, and 'de'") as caught:
        toy.transcribe(part, SpeechOptions(language="de"), lambda _: None)
    assert "multilingual" in caught.value.hint


def test_a_language_that_nobody_speaks_is_refused_and_a_region_is_not(digits: WhisperTranscriber) -> None:
    """Codes are checked before the engine meets them."""
    quiet = PartAudio(np.zeros(16_000, np.float32), 0.0, ())
    with pytest.raises(OptionError, match="no language 'xx'"):
        digits.transcribe(quiet, SpeechOptions(language="xx"), lambda _: None)
    assert digits.transcribe(quiet, SpeechOptions(language="pt-BR"), lambda _: None) == ()


def test_silence_is_not_heard(toy: WhisperTranscriber) -> None:
    """The model alone would invent words; progress still comes to its end."""
    said: list[float] = []
    part = PartAudio(np.zeros(16_000 * 10, np.float32), 0.0, ())
    for batch in (1, 4):
        assert toy.transcribe(part, SpeechOptions(batch_size=batch), said.append) == ()
    assert said == [10.0, 10.0]


def test_a_model_that_cannot_be_loaded_is_told_of_by_whoever_hears_first(tmp_path: Path) -> None:
    """Not in the thread that loads it ahead."""
    for name in ("model.bin", "config.json"):
        (tmp_path / name).write_bytes(b"{}")
    broken = WhisperTranscriber(tmp_path, device="cpu", compute_type="int8")
    broken.get_ready()
    part = PartAudio(np.zeros(16_000, np.float32), 0.0, (Span(start=0, end=1),))
    with pytest.raises(ModelInvalid, match="not a Whisper model that CTranslate2 can load"):
        broken.transcribe(part, SpeechOptions(), lambda _: None)


def test_the_model_is_named_by_name_and_digest(toy: WhisperTranscriber, digits: WhisperTranscriber) -> None:
    """Before it is loaded."""
    assert (toy.info.name, toy.info.model, toy.info.device) == ("faster-whisper", "toy-whisper", "cpu")
    assert toy.info.model_digest != digits.info.model_digest
    assert toy.info.compute_type in {"int8", "float32"}


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    """By what it lacks."""
    with pytest.raises(ModelInvalid, match=r"has no model\.bin and no config\.json") as caught:
        check_model_folder(tmp_path)
    assert str(tmp_path) in caught.value.message


@pytest.mark.parametrize("name", ["model.bin", "config.json", "vocabulary.json"])
def test_a_model_that_is_damaged_is_named(name: str, shared: Path, tmp_path: Path) -> None:
    """The library's own words, and what to do."""
    folder = tmp_path / "model"
    shutil.copytree(shared / "models" / "toy-whisper", folder, ignore=shutil.ignore_patterns("samples", "training"))
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    (folder / name).write_bytes(b"not what it was")
    engine = WhisperTranscriber(folder, device="cpu")
    part = PartAudio(np.zeros(16_000, np.float32), 0.0, (Span(start=0, end=1),))
    with pytest.raises(ModelInvalid, match="not a Whisper model that CTranslate2 can load"):
        engine.transcribe(part, SpeechOptions(), lambda _: None)


@pytest.mark.parametrize(("device", "compute_type"), [("tpu", "auto"), ("cpu", "int3")])
def test_devices_and_number_formats_that_are_none_are_refused(device: str, compute_type: str, shared: Path) -> None:
    """With those that are."""
    with pytest.raises(OptionError) as caught:
        WhisperTranscriber(shared / "models" / "toy-whisper", device=device, compute_type=compute_type)
    assert caught.value.hint
