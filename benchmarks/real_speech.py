"""Real speech through the embedded engines: word error rate, diarization error rate, number of speakers, speed.

    python -m benchmarks.real_speech [--folder ../shared]

PocketSphinx reads English speech (jfk, a narrated text), digits-whisper spoken digits; Resemblyzer, which earmark carries,
tells the speakers of conversations, of a telephone call and of far-field meetings apart, without being told how many they are.
Diarization errors are scored by pyannote.metrics with overlapped speech counted, without a collar and with the customary one of
0.25 s. The voice activity is earmark's own. There is no goal: the figures say what these engines can do.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.readers import load_audio
from benchmarks.recordings import SHARED, SaidWord, write_wav
from benchmarks.table import Report, Row, arguments, show
from benchmarks.turns import der, read_rttm
from benchmarks.wording import compare, spoken
from jobs.engines.pocketsphinx import PocketsphinxTranscriber
from jobs.engines.protocols import Diarizer, SpeakerHints, SpeechOptions, Transcriber
from jobs.engines.resemblyzer import ResemblyzerDiarizer
from jobs.engines.whisper import WhisperTranscriber
from jobs.pcm import Pcm
from jobs.prepare import prepare
from jobs.seams import join_parts, part_audio
from jobs.transcribe import transcribe_part
from storage.documents import Turn

MEETING_SECONDS = 30.0
"""The meetings' truth covers this much."""


def transcribed(audio: Path, text: str, transcriber: Transcriber) -> Row:
    """Transcribe a file and compare it with its text."""
    with tempfile.TemporaryDirectory() as name:
        wav = Path(name) / "decoded.wav"
        begin = time.perf_counter()
        prepared = prepare(audio, wav)
        options = SpeechOptions(language="en")
        with Pcm(wav) as pcm:
            heard = [
                transcribe_part(part.index, part_audio(pcm, part, prepared.speech), transcriber, options, lambda _: None)
                for part in prepared.parts
            ]
        seconds = time.perf_counter() - begin
    words = [word for segment in join_parts(prepared.parts, heard) for word in segment.words]
    said = spoken([SaidWord(word, 0.0, 0.0) for word in text.split()])
    found = compare(said, spoken([SaidWord(word.text, word.start, word.end) for word in words]))
    engine = transcriber.info
    name = engine.name if engine.name == engine.model else f"{engine.name}, {engine.model}"
    return {
        "recording": audio.parent.name if audio.stem == "audio" else audio.stem,
        "engine": name,
        "seconds": prepared.duration,
        "words": len(said),
        "WER %": found.wer,
        "real-time factor": seconds / prepared.duration,
    }


def diarized(audio: Path, truth: Sequence[Turn], diarizer: Diarizer, *, only: float | None = None) -> Row:
    """Tell the speakers of a file apart (of its first `only` seconds), and score it."""
    with tempfile.TemporaryDirectory() as name:
        source, wav = audio, Path(name) / "decoded.wav"
        if only is not None:
            source = write_wav(load_audio(audio)[: round(only * 16_000)], Path(name) / audio.with_suffix(".wav").name)
        begin = time.perf_counter()
        prepared = prepare(source, wav)
        with Pcm(wav) as pcm:
            found = diarizer.diarize(pcm, prepared.speech, SpeakerHints(), lambda _: None)
        seconds = time.perf_counter() - begin
    return {
        "recording": audio.stem,
        "engine": diarizer.info.name,
        "seconds": prepared.duration,
        "DER %": der(truth, found.turns, prepared.duration, collar=0.0),
        "DER % ±0.25 s": der(truth, found.turns, prepared.duration, collar=0.25),
        "speakers": len({turn.speaker for turn in truth}),
        "found": len({turn.speaker for turn in found.turns}),
        "real-time factor": seconds / prepared.duration,
    }


def speech_rows(audio: Path, models: Path) -> list[Row]:
    """Transcribe what there is to transcribe."""
    sphinx, rows = PocketsphinxTranscriber(), []
    rows.append(transcribed(audio / "jfk.flac", (audio / "jfk.txt").read_text("utf-8"), sphinx))
    narrated = audio / "languages" / "en-US-general"
    text = (narrated / "trans.txt").read_text("utf-8-sig").split("\t", 1)[1]
    rows.append(transcribed(narrated / "audio.wav", text, sphinx))
    digits = WhisperTranscriber(models / "digits-whisper", device="cpu", compute_type="int8")
    for name in ("digits_1spk", "digits_3spk"):
        path = audio / "conversations" / f"{name}.flac"
        truth = json.loads(path.with_suffix(".json").read_text("utf-8"))
        rows.append(transcribed(path, " ".join(word["word"] for word in truth["words"]), digits))
    return rows


def speaker_rows(audio: Path) -> list[Row]:
    """Diarize what there is to diarize."""
    voices, rows = ResemblyzerDiarizer(), []
    for name in ("digits_1spk", "digits_3spk", "librispeech_2spk"):
        path = audio / "conversations" / f"{name}.flac"
        rows.append(diarized(path, read_rttm(path.with_suffix(".rttm"), name), voices))
    sample = audio / "diarization" / "sample.wav"
    rows.append(diarized(sample, read_rttm(sample.with_suffix(".rttm"), "sample"), voices))
    for number in range(1, 6):
        path = audio / "diarization" / f"trn0{number}.wav"
        truth = [turn for turn in read_rttm(path.with_name("ami_train.rttm"), path.stem) if turn.start < MEETING_SECONDS]
        if truth:
            rows.append(diarized(path, truth, voices, only=MEETING_SECONDS))
    return rows


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("--folder", type=Path, default=SHARED)
    given = parser.parse_args()
    audio = given.folder / "audio"
    if not audio.is_dir():
        parser.error(f"the real recordings are not here: {audio} is no folder")
    rows = [*speech_rows(audio, given.folder / "models"), *speaker_rows(audio)]
    notes = ["Nothing here was tuned on; meetings are far-field, with much overlap, of which Resemblyzer hears little."]
    return show(Report("Real speech through the embedded engines", rows, (), notes), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
