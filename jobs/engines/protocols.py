"""What the pipeline asks of a speech engine: two protocols and the frozen values that cross them.

Audio crosses as float32 mono at 16 kHz in -1 … 1. Times that come back are seconds from the start of the *file*, never of the
part. Engines finish their work before they return (no lazy generators), so that errors belong to the step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from jobs.spans import clipped
from storage.documents import EngineInfo, Notice, Segment, Span, Turn

SAMPLE_RATE = 16_000
"""Samples per second of all audio inside earmark."""

Samples: TypeAlias = npt.NDArray[np.float32]
"""Mono, 16 kHz, -1 … 1; shape `(n,)`."""

Progress: TypeAlias = Callable[[float], None]
"""Called with the seconds of audio done so far in this step; may raise `Cancelled` to stop the work."""


@dataclass(frozen=True)
class PartAudio:
    """A piece of audio to be transcribed on its own."""

    samples: Samples
    start: float
    """Where the piece begins in the file, seconds."""
    speech: tuple[Span, ...]
    """Speech regions inside the piece, in file time, sorted, not overlapping."""

    @property
    def end(self) -> float:
        """Where the piece ends in the file, seconds."""
        return self.start + len(self.samples) / SAMPLE_RATE

    def between(self, start: float, end: float) -> PartAudio:
        """Return the stretch between two times of the file, with the speech in it."""
        first, last = (max(round((time - self.start) * SAMPLE_RATE), 0) for time in (start, end))
        return PartAudio(self.samples[first:last], max(start, self.start), clipped(self.speech, start, end))

    def only(self, spans: Sequence[Span]) -> PartAudio:
        """Return the piece with silence in place of all but some stretches of speech (sorted, apart, in file time)."""
        samples = np.zeros_like(self.samples)
        for span in spans:
            first, last = (max(round((time - self.start) * SAMPLE_RATE), 0) for time in (span.start, span.end))
            samples[first:last] = self.samples[first:last]
        return PartAudio(samples, self.start, tuple(spans))


@dataclass(frozen=True)
class SpeechOptions:
    """What a person may ask of a transcription."""

    language: str | None = None
    prompt: str | None = None
    hotwords: str | None = None
    beam_size: int = 5
    batch_size: int = 0
    """Most windows decoded together; 0 lets the engine decide. It changes no result, so no step's key has it."""
    retry: bool = False
    """This is the second try of a part whose first result looped: choose steadier settings."""
    once: bool = False
    """Take what is most probable and guess no further where that is not clear: the reading is one among others."""


@dataclass(frozen=True)
class LanguageGuess:
    """The language of an episode, heard from several places."""

    language: str
    probability: float


class Transcriber(Protocol):
    """Turns speech into words with times."""

    @property
    def info(self) -> EngineInfo:
        """Which engine and model this is; known before anything is loaded."""

    def expect(self, parts: int) -> int:
        """Be told how many parts will come; return how many of them the engine works on at once."""

    def get_ready(self) -> None:
        """Load what hearing needs, beside other work; what is wrong with it is told when something is heard."""

    def detect_language(self, clips: Sequence[Samples]) -> LanguageGuess:
        """Judge the language from clips of speech taken from several places of the episode."""

    def transcribe(self, part: PartAudio, options: SpeechOptions, progress: Progress) -> tuple[Segment, ...]:
        """Return the segments of one part in order of time, with words, without speakers.

        Several threads may ask; those that the engine has no room for wait.
        """


@dataclass(frozen=True)
class SpeakerHints:
    """What a person knows about the number of speakers."""

    exactly: int | None = None
    at_least: int | None = None
    at_most: int | None = None


@dataclass(frozen=True)
class Diarization:
    """Who speaks when, over the whole file."""

    turns: tuple[Turn, ...]
    """Exclusive: sorted, at most one speaker at a time; for words."""
    overlapping: tuple[Turn, ...]
    """As heard: turns of different speakers may overlap; for `overlap` flags."""
    embeddings: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Speaker label → mean voice embedding, unit length."""
    warnings: tuple[Notice, ...] = ()


class AudioSource(Protocol):
    """Random access to a long recording without holding it in memory."""

    @property
    def duration(self) -> float:
        """Length in seconds."""

    def read(self, start: float, end: float) -> Samples:
        """Return the samples between two times; clipped to the recording."""


class Diarizer(Protocol):
    """Tells the speakers of a whole file apart."""

    @property
    def info(self) -> EngineInfo:
        """Which engine and model this is; known before anything is loaded."""

    def diarize(self, audio: AudioSource, speech: Sequence[Span], hints: SpeakerHints, progress: Progress) -> Diarization:
        """Return who speaks when; `speech` are the speech regions of the whole file."""
