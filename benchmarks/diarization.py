"""Who speaks when, measured: python benchmarks/diarization.py [--set real|readers|hour] [--count N] [--shared DIR].

`real`: the recordings with truth beside the repository. `readers`: conversations put together from readers' recordings; the
thresholds of the embedded engine were chosen on other readers and other seeds (`TUNED_ON`). `hour`: one long conversation,
for collapse and memory. DER is given with a collar of ±0.25 s (overlap scored) and without; "words" are the truth's words
given to the right speaker.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import numpy as np  # noqa: E402 - like those below: the repository must be on the path first

from benchmarks.conversations import Conversation, Recipe, Voice, converse, find_speech, load_audio, load_voices, words_in  # noqa: E402 - see above
from jobs.engines.protocols import Diarizer, SpeakerHints  # noqa: E402 - see above
from jobs.engines.resemblyzer import ResemblyzerDiarizer  # noqa: E402 - see above
from jobs.speakers import assign_speakers  # noqa: E402 - see above
from storage.documents import Turn, Word  # noqa: E402 - see above

TUNED_ON = {"test-other": 3, "train-clean-100": 9}
"""Readers of each folder, the first by name, on whom the thresholds were chosen; never reported on."""
EXCERPT = 30.0


@dataclass(frozen=True)
class Result:
    """What one diarization was worth."""

    der: float
    der_without_collar: float
    words_right: float
    found: int
    real_time_factor: float


def score(diarizer: Diarizer, talk: Conversation, *, given: int | None, true_speech: bool) -> Result:
    """Diarize a conversation and compare it with its truth."""
    speech = talk.speech if true_speech else find_speech(talk.samples)
    begin = perf_counter()
    result = diarizer.diarize(talk, speech, SpeakerHints(exactly=given), lambda _: None)
    seconds = perf_counter() - begin
    words = assign_speakers([word.model_copy(update={"speaker": None}) for word in talk.words], result.turns)
    return Result(
        der=error_rate(talk.turns, result.overlapping, collar=0.5),
        der_without_collar=error_rate(talk.turns, result.overlapping, collar=0.0),
        words_right=words_right(talk.words, words),
        found=len({turn.speaker for turn in result.turns}),
        real_time_factor=seconds / talk.duration,
    )


def error_rate(truth: tuple[Turn, ...], guess: tuple[Turn, ...], collar: float) -> float:
    """Return the diarization error rate; pyannote.metrics counts a collar's whole width, so ±0.25 s is 0.5."""
    from pyannote.metrics.diarization import DiarizationErrorRate

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it approximates the evaluated region by the union, as wanted
        return float(DiarizationErrorRate(collar=collar)(_annotation(truth), _annotation(guess)))


def _annotation(turns: tuple[Turn, ...]) -> Any:
    from pyannote.core import Annotation, Segment

    annotation = Annotation()
    for track, turn in enumerate(turns):
        annotation[Segment(turn.start, turn.end), track] = turn.speaker
    return annotation


def words_right(truth: tuple[Word, ...], guess: tuple[Word, ...]) -> float:
    """Return the share of words with the right speaker under the best pairing of labels."""
    from scipy.optimize import linear_sum_assignment

    names = sorted({word.speaker or "" for word in truth})
    labels = sorted({word.speaker or "" for word in guess})
    table = np.zeros((len(names), len(labels)))
    for word, given in zip(truth, guess, strict=True):
        table[names.index(word.speaker or ""), labels.index(given.speaker or "")] += bool(given.speaker)
    rows, columns = linear_sum_assignment(-table)
    return float(table[rows, columns].sum() / max(1, len(truth)))


def real_recordings(shared: Path) -> Iterator[tuple[Conversation, bool]]:
    """Yield conversations and whether to take speech regions from the truth (far-field meetings that no VAD hears)."""
    for path in sorted((shared / "models/toy-whisper/samples").glob("*.json")):
        truth = json.loads(path.read_text())
        turns = tuple(Turn(start=s["start"], end=s["end"], speaker=s["speaker"]) for s in truth["sentences"])
        words = tuple(
            Word(start=w["start"], end=w["end"], text=w["word"], speaker=s["speaker"])
            for s in truth["sentences"]
            for w in s["words"]
        )
        yield Conversation(path.stem, load_audio(path.with_suffix(".mp3")), turns, words), False
    for path in sorted((shared / "audio/conversations").glob("*.json")):
        truth = json.loads(path.read_text())
        turns = tuple(Turn(start=t["start"], end=t["end"], speaker=t["speaker"]) for t in truth["turns"])
        yield Conversation(path.stem, load_audio(path.with_suffix(".flac")), turns, tuple(words_in(turns))), False
    for path in sorted((shared / "audio/diarization").glob("*.wav")):
        turns = read_rttm(path.parent / ("sample.rttm" if path.stem == "sample" else "ami_train.rttm"), path.stem)
        samples = load_audio(path)[: int(EXCERPT * 16_000)]
        yield Conversation(path.stem, samples, turns, tuple(words_in(turns))), path.stem.startswith("trn")


def read_rttm(path: Path, name: str) -> tuple[Turn, ...]:
    """Return the turns of one recording, cut to the excerpt that is scored."""
    rows = [line.split() for line in path.read_text().splitlines()]
    times = [(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in rows if len(row) > 7 and row[1] == name]
    turns = [Turn(start=start, end=min(end, EXCERPT), speaker=who) for start, end, who in times if start < EXCERPT - 0.1]
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end)))


def unseen_voices(shared: Path) -> list[Voice]:
    """Return the readers on whom nothing was tuned."""
    return [voice for name, first in TUNED_ON.items() for voice in load_voices(shared / "audio/speakers" / name)[first:]]


def reader_conversations(shared: Path, count: int, seed: int = 5000) -> Iterator[tuple[Conversation, bool]]:
    """Yield conversations of 1 to 6 readers, 1 to 7.5 minutes, turns of 1 to 30 s."""
    voices, random = unseen_voices(shared), np.random.default_rng(seed)
    for number in range(count):
        speakers = (2, 3, 1, 4, 5, 6, 2, 3)[number % 8]
        recipe = Recipe(
            speakers=speakers,
            seconds=float(random.choice([60, 120, 180, 300])) * (1.5 if speakers > 4 else 1),
            longest=float(random.choice([8, 15, 30])),
            overlap=float(random.choice([0, 0.1])),
            noise_db=float(random.choice([-60, -50, -42])),
            uneven=float(random.choice([0, 0.5, 0.8])),
        )
        yield converse(f"readers{number}", voices, recipe, seed + number), False


def long_conversation(shared: Path, hours: float = 1.0) -> Iterator[tuple[Conversation, bool]]:
    """Yield one long conversation of three readers."""
    voices = load_voices(shared / "audio/speakers/test-other")[TUNED_ON["test-other"] :]
    recipe = Recipe(speakers=3, seconds=3600 * hours, longest=60, overlap=0.05, uneven=0.3)
    yield converse(f"{hours:g} h", voices, recipe, seed=7), False


def report(diarizer: Diarizer, talks: Iterator[tuple[Conversation, bool]], *, given: bool) -> None:
    """Print one row a conversation and the means."""
    print(
        "| recording | seconds | speakers | found | DER ±0.25 s | DER | words right | real-time factor |"
        "\n|---|---|---|---|---|---|---|---|"
    )
    rows = []
    for talk, true_speech in talks:
        speakers = len({turn.speaker for turn in talk.turns})
        result = score(diarizer, talk, given=speakers if given else None, true_speech=true_speech)
        rows.append(
            (result.der, result.der_without_collar, result.words_right, result.found == speakers, result.real_time_factor)
        )
        print(
            f"| {talk.name} | {talk.duration:.0f} | {speakers} | {result.found} | {result.der:.1%} "
            f"| {result.der_without_collar:.1%} "
            f"| {result.words_right:.1%} | {result.real_time_factor:.3f} |",
            flush=True,
        )
    der, bare, words, counted, factor = np.mean(rows, axis=0)
    print(f"| **mean of {len(rows)}** | | | count right {counted:.0%} | {der:.1%} | {bare:.1%} | {words:.1%} | {factor:.3f} |")


def main() -> None:
    """Read the options and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", choices=["real", "readers", "hour"], default="real")
    parser.add_argument("--count", type=int, default=24, help="conversations of the set `readers`")
    parser.add_argument("--given", action="store_true", help="tell the engine how many speakers there are")
    parser.add_argument("--pyannote", type=Path, help="folder of a pyannote pipeline to measure instead of the embedded engine")
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared")
    options = parser.parse_args()
    if not (options.shared / "audio").is_dir():
        parser.error(f"there are no recordings at {options.shared}; name their folder with --shared")
    diarizer: Diarizer = ResemblyzerDiarizer(threads=1)
    if options.pyannote:
        from jobs.engines.pyannote import PyannoteDiarizer

        diarizer = PyannoteDiarizer(options.pyannote, device="cpu")
    talks = {
        "real": lambda: real_recordings(options.shared),
        "readers": lambda: reader_conversations(options.shared, options.count),
        "hour": lambda: long_conversation(options.shared),
    }[options.set]()
    report(diarizer, talks, given=options.given)
    print(
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB (the conversations themselves included)"
    )


if __name__ == "__main__":
    main()
