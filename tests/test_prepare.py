"""The step `prepare`: one file in, decoded audio and one document out."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from mutagen.id3 import APIC, ID3

from jobs.audio import DecodeLimits
from jobs.coverage import with_words
from jobs.pcm import Pcm, Pcm16
from jobs.prepare import Prepared, PrepareOptions, prepare
from storage.documents import Segment
from storage.errors import BrokenAudio, Cancelled, TooLarge
from tests.recordings import DATA, Sound, music, noise, silence, write_audio

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Prepare the committed recording of two sentences, in parts of about 6 s."""
    folder = tmp_path_factory.mktemp("prepare")
    return prepare(DATA / "two_sentences.mp3", folder / "a.wav", options=PrepareOptions(part_seconds=6, demuxer="mp3"))


def test_the_document_says_what_is_in_the_file(prepared: Prepared) -> None:
    """Measured, described, and whole."""
    assert prepared.duration == pytest.approx(10.47, abs=0.002)
    assert prepared.samples == round(prepared.duration * 16_000)
    assert (prepared.container, prepared.codec, prepared.sample_rate, prepared.channels) == ("mp3", "mp3", 22_050, 1)
    assert prepared.tags["title"] == "Two sentences"
    assert prepared.claimed_duration == pytest.approx(10.47, abs=0.01)
    assert prepared.warnings == ()
    assert prepared.loudness.rms_dbfs is not None
    assert prepared.loudness.speech_dbfs is not None
    assert -30 < prepared.loudness.rms_dbfs < prepared.loudness.speech_dbfs < -10


def test_the_cut_lies_between_the_sentences(prepared: Prepared) -> None:
    """And coverage knows speech from the silence around it."""
    truth = json.loads((DATA / "two_sentences.json").read_text(encoding="utf-8"))["sentences"]
    assert len(prepared.parts) == 2
    assert truth[0]["end"] < prepared.parts[1].start < truth[1]["start"]
    assert not prepared.parts[1].forced
    assert [tile.kind for tile in prepared.coverage] == ["silence", "speech", "silence", "speech", "silence"]


def test_the_document_survives_being_written(prepared: Prepared) -> None:
    """Nothing changes by rounding to milliseconds."""
    written = prepared.model_dump_json()
    assert Prepared.model_validate_json(written) == prepared
    assert json.loads(written)["schema"] == "earmark.prepared/1"


@pytest.mark.parametrize(
    ("sound", "kind"),
    [(silence(20, 16_000), "silence"), (noise(20, 16_000), "music"), (music(20, 16_000), "music")],
    ids=["silence", "noise", "music"],
)
def test_a_file_without_speech_is_a_valid_result(tmp_path: Path, sound: Sound, kind: str) -> None:
    """Parts without speech, coverage of one kind, and no error."""
    path = write_audio(tmp_path / "a.mp3", sound, 16_000)
    result = prepare(path, tmp_path / "a.wav", options=PrepareOptions(part_seconds=8))
    assert result.speech == ()
    assert [tile.kind for tile in result.coverage] == [kind]
    assert [part.speech for part in result.parts] == [(), ()]
    assert result.loudness.speech_dbfs is None
    assert [tile.kind for tile in with_words(result.coverage, ())] == [kind]


def test_the_cover_is_described(tmp_path: Path) -> None:
    """Its bytes stay in the file."""
    path = write_audio(tmp_path / "a.mp3", noise(1), tags={"title": "x"})
    tags = ID3(path)
    tags.add(APIC(encoding=3, mime="image/png", type=3, data=b"\xff\xd8\xff" + bytes(500)))
    tags.save(path)
    cover = prepare(path, tmp_path / "a.wav").cover
    assert cover is not None
    assert (cover.media_type, cover.bytes, len(cover.sha256)) == ("image/jpeg", 503, 64)


def test_errors_of_decoding_come_out_and_leave_no_thread(tmp_path: Path) -> None:
    """The detector's thread ends with them."""
    path = write_audio(tmp_path / "a.flac", silence(60, 8000), 8000)
    before = threading.active_count()
    with pytest.raises(TooLarge):
        prepare(path, tmp_path / "a.wav", options=PrepareOptions(limits=DecodeLimits(max_seconds=30)))
    path.write_bytes(b"")
    with pytest.raises(BrokenAudio, match="empty"):
        prepare(path, tmp_path / "a.wav")
    assert threading.active_count() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.flac"]


def test_cancelling_leaves_no_half_file(tmp_path: Path) -> None:
    """From the progress callback, as the ledger's flag is looked at."""

    def cancel(seconds: float) -> None:
        if seconds > 20:
            raise Cancelled("Stopped by a person.")

    path = write_audio(tmp_path / "a.flac", silence(60, 8000), 8000)
    with pytest.raises(Cancelled):
        prepare(path, tmp_path / "a.wav", progress=cancel)
    assert [file.name for file in tmp_path.iterdir()] == ["a.flac"]


class LoudIsSpeech:
    """A detector that takes everything loud for speech."""

    def __init__(self) -> None:
        self.heard: list[Pcm16] = []

    def feed(self, block: Pcm16) -> None:
        """Keep the block."""
        self.heard.append(block)

    def finish(self) -> npt.NDArray[np.float32]:
        """Return one where a frame is loud."""
        samples = np.concatenate(self.heard)
        frames = samples[: len(samples) - len(samples) % 512].reshape(-1, 512)
        loud = np.abs(frames.astype(np.float32)).max(axis=1) > 1000
        return np.where(loud, np.float32(1), np.float32(0))


def test_speech_without_a_pause_is_cut_in_its_quietest_place(tmp_path: Path) -> None:
    """Any detector may be given; the seam is marked as forced and lies in the dip."""
    dip = noise(0.2, 16_000, level=0.07)
    path = write_audio(
        tmp_path / "a.flac", np.concatenate([noise(11, 16_000, level=0.2), dip, noise(9, 16_000, level=0.2)]), 16_000
    )
    result = prepare(path, tmp_path / "a.wav", options=PrepareOptions(part_seconds=10), detector=LoudIsSpeech())
    assert [part.forced for part in result.parts] == [False, True]
    assert result.parts[1].start == pytest.approx(11.1, abs=0.06)


def test_importing_the_step_loads_no_speech_library() -> None:
    """They come when they are needed."""
    heavy = ["onnxruntime", "faster_whisper", "pydub", "torch"]
    script = f"import sys, jobs.prepare, jobs.clips; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_turns_of_real_digits_begin_where_they_do(shared: Path, tmp_path: Path) -> None:
    """Nine of ten within 100 ms, although many begin with an "s" or an "f"."""
    folder = shared / "audio" / "conversations"
    turns = json.loads((folder / "digits_3spk.json").read_text(encoding="utf-8"))["turns"]
    speech = prepare(folder / "digits_3spk.flac", tmp_path / "a.wav").speech
    misses = [min(abs(span.start - turn["start"]) for span in speech) for turn in turns]
    assert np.mean(np.array(misses) <= 0.1) >= 0.9


@pytest.mark.slow
@pytest.mark.parametrize("target", [20.0, 60.0])
def test_real_episodes_are_cut_between_words(shared: Path, tmp_path: Path, target: float) -> None:
    """No seam inside a word of the truth, and nearly all of the speech is covered as speech."""
    folder = shared / "models" / "toy-whisper" / "samples"
    truth = json.loads((folder / "ep1.json").read_text(encoding="utf-8"))
    result = prepare(folder / "ep1.mp3", tmp_path / "a.wav", options=PrepareOptions(part_seconds=target))
    words = [word for sentence in truth["sentences"] for word in sentence["words"]]
    assert len(result.parts) >= 3
    for part in result.parts[1:]:
        assert not part.forced
        assert not any(word["start"] + 0.03 < part.start < word["end"] - 0.03 for word in words)
    assert all(before.end == after.start for before, after in itertools.pairwise(result.parts))
    text = Segment(start=0, end=1, text="x")
    spoken = tuple(text.model_copy(update={"start": w["start"], "end": w["end"]}) for w in truth["sentences"])
    kinds: dict[str, float] = {}
    for tile in with_words(result.coverage, spoken):
        kinds[tile.kind] = kinds.get(tile.kind, 0) + tile.end - tile.start
    assert kinds.get("unclear", 0) < 3
    pauses = (after["start"] - before["end"] for before, after in itertools.pairwise(truth["sentences"]))
    expected = sum(s["end"] - s["start"] for s in truth["sentences"]) + sum(pause for pause in pauses if pause < 1)
    assert kinds["speech"] == pytest.approx(expected, rel=0.05)
    with Pcm(tmp_path / "a.wav") as pcm:
        assert pcm.duration == result.duration
