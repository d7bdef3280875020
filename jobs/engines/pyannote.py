"""Diarization by pyannote.audio 4 (Bredin 2023): who speaks when, with overlaps, and a voice embedding per speaker.

The waveform goes in from memory, because pyannote's own decoding needs torchcodec and ffmpeg libraries that are often
absent. Memory for four hours: 0.9 GB of waveform, and what pyannote makes of it (README has the figure).
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from jobs.engines.protocols import SAMPLE_RATE, AudioSource, Diarization, Progress, Samples, SpeakerHints
from jobs.engines.pyannote_pipeline import DEFAULT_MODEL, load_pipeline, local_folder, not_installed
from jobs.speakers import renamed_speakers
from storage.documents import EngineInfo, Notice, Span, Turn

_STAGES = {"segmentation": (0.0, 0.3), "embeddings": (0.3, 1.0)}
"""Share of the work that each of the pipeline's slow stages is, for progress."""
_ARITHMETIC = ("degrees of freedom", "TensorFloat-32")
"""What pyannote warns of that is of no use to a listener: very short speech, and how a GPU multiplies."""
_BLOCK = 600.0
"""Seconds of audio read at once."""


class PyannoteDiarizer:
    """Tells voices apart with a pyannote.audio pipeline."""

    def __init__(self, model: str | Path = DEFAULT_MODEL, token: str | None = None, device: str = "auto") -> None:
        """Keep the settings; nothing is loaded before the first `diarize`.

        `model` is a folder or a hub id; `token` opens gated models, without one the login kept by huggingface_hub is used;
        `device` is `auto`, `cpu` or `cuda`.
        """
        self._model = model
        self._token = token
        self._device = device

    @property
    def info(self) -> EngineInfo:
        """Which engine and pipeline this is; raises `EngineUnavailable` where pyannote.audio is not installed."""
        try:
            release = version("pyannote.audio")
        except PackageNotFoundError as error:
            raise not_installed(str(error)) from error
        folder = local_folder(self._model)
        name = folder.resolve().name if folder is not None else str(self._model)
        return EngineInfo(name="pyannote", version=release, model=name, device=self._device)

    def load(self) -> None:
        """Load the pipeline now, so that what stands in its way is known before an episode is begun; raises as `diarize`."""
        _ = self._pipeline

    @cached_property
    def _pipeline(self) -> Any:
        return load_pipeline(self._model, self._token, self._device)

    def diarize(self, audio: AudioSource, speech: Sequence[Span], hints: SpeakerHints, progress: Progress) -> Diarization:
        """Return who speaks when. The pipeline finds speech itself; `speech` only tells whether there is any."""
        if not speech:
            progress(audio.duration)
            return Diarization(turns=(), overlapping=())
        import torch

        waveform = torch.from_numpy(_whole(audio))[None]
        with _known_warnings() as seen:
            output = self._pipeline(
                {"waveform": waveform, "sample_rate": SAMPLE_RATE, "uri": "episode"},
                hook=_reporter(audio.duration, progress),
                **_bounds(hints),
            )
        progress(audio.duration)
        return _diarization(output, tuple(seen))


# ------------------------------------------------------------------ what goes in and what comes out


def _whole(audio: AudioSource) -> Samples:
    """Return all samples, without a second copy of them on the way."""
    count = round(audio.duration * SAMPLE_RATE)
    samples = np.zeros(count, dtype=np.float32)
    for start in np.arange(0.0, audio.duration, _BLOCK).tolist():
        first = round(start * SAMPLE_RATE)
        block = audio.read(start, min(audio.duration, start + _BLOCK))[: count - first]
        samples[first : first + len(block)] = block
    return samples


def _bounds(hints: SpeakerHints) -> dict[str, int]:
    if hints.exactly is not None:
        return {"num_speakers": hints.exactly}
    bounds = {"min_speakers": hints.at_least, "max_speakers": hints.at_most}
    return {name: value for name, value in bounds.items() if value is not None}


def _reporter(duration: float, progress: Progress) -> Any:
    """Return a pyannote hook that reports seconds of audio."""

    def hook(step: str, _artefact: object, *, total: int | None = None, completed: int | None = None, **_: object) -> None:
        if step in _STAGES and total and completed is not None:
            begin, end = _STAGES[step]
            progress(duration * (begin + (end - begin) * min(1.0, completed / total)))

    return hook


@contextmanager
def _known_warnings() -> Iterator[list[Notice]]:
    """Turn pyannote's warning about the number of speakers into a notice; quieten its arithmetic on very short speech."""
    notices: list[Notice] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield notices
    for warning in caught:
        text = " ".join(str(warning.message).split())
        if "detected number of speakers" in text:
            found = text.partition("(")[2].partition(")")[0]
            message = f"pyannote found {found} speakers, which is outside the number asked for."
            notices.append(Notice(code="fewer_speakers", message=message))
        elif not any(words in text for words in _ARITHMETIC):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _diarization(output: Any, notices: tuple[Notice, ...]) -> Diarization:
    """Read pyannote's result: `DiarizeOutput`, or the bare annotation of a pipeline in legacy mode."""
    annotation = getattr(output, "speaker_diarization", output)
    heard = _turns(annotation)
    apart = getattr(output, "exclusive_speaker_diarization", None)
    # pyannote closes short gaps inside a speaker's talk (min_duration_off) even where another speaks in them
    exclusive = exclusive_turns(heard if apart is None else _turns(apart))
    order = dict.fromkeys(turn.speaker for turn in (*exclusive, *heard))
    names = {label: f"Speaker {number}" for number, label in enumerate(order, start=1)}
    return Diarization(
        turns=renamed_speakers(exclusive, names),
        overlapping=renamed_speakers(heard, names),
        embeddings=_embeddings(annotation, getattr(output, "speaker_embeddings", None), names),
        warnings=notices,
    )


def _turns(annotation: Any) -> tuple[Turn, ...]:
    tracks = annotation.itertracks(yield_label=True)
    turns = [Turn(start=max(0.0, span.start), end=span.end, speaker=str(label)) for span, _, label in tracks if span.end > 0]
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end)))


def _embeddings(annotation: Any, rows: Any, names: dict[str, str]) -> dict[str, tuple[float, ...]]:
    """Return unit embeddings per speaker; a speaker for whom the pipeline has none (all zero or not a number) is left out."""
    if rows is None:
        return {}
    embeddings = {}
    for label, row in zip(annotation.labels(), rows, strict=False):
        length = float(np.linalg.norm(row))
        if np.isfinite(length) and length > 0 and str(label) in names:
            embeddings[names[str(label)]] = tuple((row / length).tolist())
    return embeddings


def exclusive_turns(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Return turns of which no two overlap: where several speak, the shortest turn wins, so that a back-channel is kept."""
    edges = sorted({time for turn in turns for time in (turn.start, turn.end)})
    pending = sorted(turns, key=lambda turn: turn.start, reverse=True)
    active: list[Turn] = []
    apart: list[Turn] = []
    for start, end in itertools.pairwise(edges):
        while pending and pending[-1].start <= start:
            active.append(pending.pop())
        active = [turn for turn in active if turn.end > start]
        if not active:
            continue
        speaker = min(active, key=lambda turn: (turn.end - turn.start, turn.start, turn.speaker)).speaker
        if apart and apart[-1].speaker == speaker and apart[-1].end == start:
            apart[-1] = Turn(start=apart[-1].start, end=end, speaker=speaker)
        else:
            apart.append(Turn(start=start, end=end, speaker=speaker))
    return tuple(apart)
