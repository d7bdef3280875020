"""Voices for made-up conversations: readers of real books, and espeak-ng's synthesised ones."""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av
import numpy as np

from benchmarks.topics import manual_topics
from jobs.engines.protocols import SAMPLE_RATE, Samples
from jobs.engines.silero import SileroDetector, SpeechThresholds, speech_regions
from storage.documents import Span

TUNED_ON = {"test-other": 3, "train-clean-100": 9}
"""Readers of each folder, the first by name, on whom the thresholds of the embedded engine were chosen; never reported on."""
_LEVEL = 0.06
"""Root mean square to which every voice is brought."""
_PAUSE = 0.3
"""A pause of a reader that is shorter belongs to the speech, seconds."""
_PADDING = 0.06
_VARIANTS = ("m1", "f1", "m3", "f2", "m5", "f3", "m7", "f5", "klatt2", "Andrea", "Mike", "Annie", "Lee", "linda", "max", "steph")
_ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp")


@dataclass(frozen=True)
class Voice:
    """Everything that one person says, and where there is speech in it."""

    name: str
    samples: Samples
    speech: tuple[Span, ...]


def load_audio(path: Path) -> Samples:
    """Decode a file to 16 kHz mono."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    with av.open(str(path)) as container:
        frames = [out.to_ndarray() for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += [out.to_ndarray() for out in resampler.resample(None)]
    samples: Samples = np.concatenate(frames, axis=1)[0].astype(np.float32)
    return samples


def find_speech(samples: Samples) -> tuple[Span, ...]:
    """Return where a person speaks in a clean recording, short pauses included."""
    detector = SileroDetector()
    detector.feed((np.clip(samples, -1, 1) * 32767).astype(np.int16))
    duration = len(samples) / SAMPLE_RATE
    found = speech_regions(detector.finish(), duration, SpeechThresholds(min_silence=_PAUSE))
    return tuple(Span(start=max(0.0, span.start - _PADDING), end=min(duration, span.end + _PADDING)) for span in found)


def readers(folder: Path, shortest: float = 4.0) -> list[Voice]:
    """Return one voice per reader of a folder of `READER-CHAPTER-N.flac`, by name; readers with less speech are left out."""
    files: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.flac")):
        files.setdefault(path.name.split("-")[0], []).append(path)
    return [
        _levelled(name, samples)
        for name, paths in sorted(files.items())
        if len(samples := np.concatenate([load_audio(path) for path in paths])) >= shortest * SAMPLE_RATE
    ]


def unseen_readers(speakers: Path) -> list[Voice]:
    """Return the readers on whom nothing was tuned, those with most to say first."""
    unseen = [voice for name, first in TUNED_ON.items() for voice in readers(speakers / name)[first:]]
    return sorted(unseen, key=lambda voice: -len(voice.samples))


def espeak() -> str | None:
    """Return the program that synthesises speech; none where it is not installed."""
    return shutil.which("espeak-ng")


def synthesised(program: str, count: int, seconds: float, seed: int) -> list[Voice]:
    """Let espeak-ng read about `seconds` of the manual of Python in each of `count` voices."""
    return list(islice(_synthesised(program, seconds, seed), count))


def _synthesised(program: str, seconds: float, seed: int) -> Iterator[Voice]:
    draw = random.Random(seed)
    some = manual_topics(draw)
    with tempfile.TemporaryDirectory() as name:
        for number, variant in enumerate(_VARIANTS):
            words = [word for _ in range(8) for word in some(400)][: round(seconds * 2.6)]
            voice = f"{_ACCENTS[number % len(_ACCENTS)]}+{variant}"
            path = Path(name) / f"{number}.wav"
            options = ["-v", voice, "-p", str(draw.randint(30, 70)), "-s", str(draw.randint(145, 185)), "-w", str(path)]
            subprocess.run([program, *options, " ".join(words)], check=True, capture_output=True)
            yield _levelled(voice, load_audio(path))


def _levelled(name: str, samples: Samples) -> Voice:
    return Voice(name, (samples / np.sqrt(np.mean(samples**2)) * _LEVEL).astype(np.float32), find_speech(samples))
