"""Measure how well a model reads the example: `python -m examples.training.evaluate FOLDER` from the root of the repository."""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from examples.training.sound import SAMPLE_RATE, Samples

EXAMPLE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word without case or punctuation, and when it is said."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Word error counts against the truth, and how far the starts of the right words are off, in seconds."""

    words: int
    substituted: int
    deleted: int
    inserted: int
    start_errors: tuple[float, ...]

    @property
    def error_rate(self) -> float:
        """The share of wrong words."""
        return (self.substituted + self.deleted + self.inserted) / self.words

    def __str__(self) -> str:
        median, ninetieth = np.percentile(self.start_errors, [50, 90])
        return (
            f"WER {100 * self.error_rate:.2f} % ({self.substituted} substituted, {self.deleted} deleted, {self.inserted} "
            f"inserted of {self.words}), word starts off by {median:.3f} s (median), {ninetieth:.3f} s (90th percentile)"
        )


def plain(word: str) -> str:
    """Return a word as it is compared: small letters, digits and apostrophes."""
    return re.sub(r"[^a-z0-9']", "", word.lower())


def true_words(truth: dict[str, Any]) -> list[TimedWord]:
    """Return the words of the truth in order."""
    return [TimedWord(plain(w["word"]), w["start"], w["end"]) for sentence in truth["sentences"] for w in sentence["words"]]


def heard_words(segments: Iterable[Any], offset: float = 0.0) -> list[TimedWord]:
    """Return the words of faster-whisper's segments, moved by `offset` seconds."""
    words = [word for segment in segments for word in segment.words or ()]
    return [TimedWord(plain(w.word), w.start + offset, w.end + offset) for w in words if plain(w.word)]


def measure(truth: list[TimedWord], heard: list[TimedWord]) -> Measured:
    """Compare words by jiwer's alignment."""
    import jiwer

    output = jiwer.process_words(" ".join(word.text for word in truth), " ".join(word.text for word in heard))
    pairs = [
        (chunk.ref_start_idx + index, chunk.hyp_start_idx + index)
        for chunk in output.alignments[0]
        if chunk.type == "equal"
        for index in range(chunk.ref_end_idx - chunk.ref_start_idx)
    ]
    errors = tuple(abs(truth[expected].start - heard[got].start) for expected, got in pairs)
    return Measured(len(truth), output.substitutions, output.deletions, output.insertions, errors)


def parts(samples: Samples, truth: dict[str, Any], seconds: float) -> list[tuple[float, Samples]]:
    """Cut the episode into parts of at most about `seconds`, each in the middle of a pause; return starts and samples."""
    sentences = truth["sentences"]
    pauses = [(a["end"] + b["start"]) / 2 for a, b in pairwise(sentences)]
    cuts = [0.0]
    for pause, following in zip(pauses, [*pauses[1:], truth["duration"]], strict=True):
        if following - cuts[-1] > seconds:
            cuts.append(pause)
    ends = [*cuts[1:], len(samples) / SAMPLE_RATE]
    return [(start, samples[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]) for start, end in zip(cuts, ends, strict=True)]


def main() -> None:
    """Print one line for each way of transcribing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    from faster_whisper import BatchedInferencePipeline, WhisperModel
    from faster_whisper.audio import decode_audio

    truth = json.loads((EXAMPLE / "truth.json").read_text(encoding="utf-8"))
    samples = decode_audio(str(EXAMPLE / "episode.mp3"))
    model = WhisperModel(str(options.model), device="cpu", compute_type="int8", cpu_threads=options.threads)
    settings = {"vad_filter": True, "word_timestamps": True}
    alone = settings | {"condition_on_previous_text": False}

    def in_parts(seconds: float, **changed: Any) -> list[TimedWord]:
        return [
            word
            for start, part in parts(samples, truth, seconds)
            for word in heard_words(model.transcribe(part, **alone | changed)[0], start)
        ]

    def batched(**changed: Any) -> list[TimedWord]:
        return heard_words(BatchedInferencePipeline(model).transcribe(samples, batch_size=8, **settings | changed)[0])

    ways: dict[str, Callable[[], list[TimedWord]]] = {
        "whole, beam 5": lambda: in_parts(1e9),
        "whole, beam 1": lambda: in_parts(1e9, beam_size=1),
        "parts of 60 s, beam 5": lambda: in_parts(60),
        "parts of 20 s, beam 5": lambda: in_parts(20),
        "batched with timestamps": lambda: batched(without_timestamps=False),
        "batched": batched,
    }
    for name, transcribe in ways.items():
        began = time.monotonic()
        measured = measure(true_words(truth), transcribe())
        taken = time.monotonic() - began
        print(f"{name}: {measured}, {truth['duration'] / taken:.0f} times real time", flush=True)


if __name__ == "__main__":
    main()
