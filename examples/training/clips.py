"""Spoken sentences as log-mel frames with word times, synthesised once and kept in a folder."""

from __future__ import annotations

import json
import math
import multiprocessing
import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from examples.training import grammar, sound
from examples.training.espeak import Espeak, Utterance, Voice

# The voices of the example with their pitch: host, guest, reader of the advertisement.
VOICES = (("en-us+Andy", 50), ("en+f5", 55), ("en-us+m1", 40))
_CLIP_LEVEL = 0.1  # root mean square
_MP3_SHARE = 0.03
_BATCHES = 40

LogMel = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Clip:
    """One sentence: word starts and ends in seconds, its length, and where its frames lie in the store."""

    text: str
    starts: list[float]
    ends: list[float]
    seconds: float
    voice: str
    first_frame: int = 0
    frames: int = 0


def _draw_text(rng: random.Random, held_out: bool) -> str:
    """Draw a sentence of the wanted side of the split, never one that the example says."""
    while True:
        kind = rng.random()
        if kind < 0.28:
            text = grammar.salad(rng)
        elif kind < 0.5:
            text = grammar.show_sentence(rng)
        else:
            text = grammar.interview_sentence(rng)
        if grammar.is_held_out(text) == held_out and not grammar.is_in_example(text):
            return text


def _draw_clip(espeak: Espeak, rng: random.Random, held_out: bool) -> tuple[LogMel, Clip]:
    """Speak one sentence at a random rate, pitch and range around a voice's own."""
    text = _draw_text(rng, held_out)
    name, pitch = rng.choice(VOICES)
    utterance = espeak.say(text, Voice(name, rng.randint(140, 182), pitch + rng.randint(-8, 8), rng.randint(40, 60)))
    samples = utterance.samples * np.float32(_CLIP_LEVEL / (float(np.sqrt(np.mean(utterance.samples**2))) + 1e-6))
    if rng.random() < _MP3_SHARE:
        samples = sound.through_mp3(samples, rng.choice([32, 48, 64]))
    frames = sound.log_mel(np.pad(samples, (240, 240)))[2 : 2 + math.ceil(utterance.seconds * 100)]
    return frames.astype(np.float16), _clip_of(text, utterance, name)


def _clip_of(text: str, utterance: Utterance, voice: str) -> Clip:
    return Clip(text, list(utterance.starts), list(utterance.ends), utterance.seconds, voice)


def _synthesise(job: tuple[int, int, bool]) -> list[tuple[LogMel, Clip]]:
    """Draw a batch of clips in a worker process."""
    seed, count, held_out = job
    espeak, rng = Espeak(), random.Random(seed)
    return [_draw_clip(espeak, rng, held_out) for _ in range(count)]


def _store(folder: Path, name: str, batches: Iterable[list[tuple[LogMel, Clip]]]) -> None:
    """Write clips as one array of frames and one list of what they say."""
    frames: list[LogMel] = []
    rows: list[dict[str, Any]] = []
    total = 0
    for batch in batches:
        for log_mel, clip in batch:
            rows.append(asdict(clip) | {"first_frame": total, "frames": len(log_mel)})
            frames.append(log_mel)
            total += len(log_mel)
    np.save(folder / f"{name}.npy", np.concatenate(frames))
    (folder / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
    print(f"{name}: {len(rows)} clips, {total / 100:.0f} s", flush=True)


def make_clips(folder: Path, training: int, held_out: int, processes: int = 2) -> None:
    """Synthesise clips for training and for checking, music and noise, into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    batches = min(_BATCHES, training)
    with multiprocessing.Pool(processes) as pool:
        jobs = [(3000 + index, training // batches, False) for index in range(batches)]
        _store(folder, "training", pool.imap(_synthesise, jobs))
        _store(folder, "held_out", pool.imap(_synthesise, [(5001, held_out // 2, True), (5002, held_out // 2, True)]))
    rng = random.Random(7)
    for name, make, count in (("noise", sound.noise, 40), ("music", sound.music, 80)):
        np.save(folder / f"{name}.npy", np.stack([sound.log_mel(make(rng, 10))[:1000] for _ in range(count)]).astype(np.float16))


@dataclass(frozen=True, slots=True)
class ClipStore:
    """The clips of one side of the split, with music and noise to put behind them."""

    clips: list[Clip]
    frames: LogMel
    noise: LogMel
    music: LogMel

    @classmethod
    def load(cls, folder: Path, name: str) -> ClipStore:
        """Read what `make_clips` wrote; raises FileNotFoundError before it ran."""
        rows = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        return cls(
            [Clip(**row) for row in rows],
            np.load(folder / f"{name}.npy"),
            np.load(folder / "noise.npy"),
            np.load(folder / "music.npy"),
        )

    def log_mel(self, clip: Clip) -> NDArray[np.float32]:
        """Return the frames of one clip (frames, 80)."""
        return self.frames[clip.first_frame : clip.first_frame + clip.frames].astype(np.float32)
