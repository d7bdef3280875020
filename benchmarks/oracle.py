"""A `Transcriber` that knows the truth and hears what of it is in the audio that it is given.

Real models lose and repeat words anywhere, so what a seam does can only be told apart with one that makes no mistakes of its
own: a word is heard if more than half of it is among the samples that Whisper would be given, is misheard if a fifth of it is,
and begins and ends up to `JITTER` off, otherwise in each part. What is then lost or doubled was lost or doubled by the cutting
and joining.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.recordings import SaidWord
from jobs.engines.protocols import SAMPLE_RATE, LanguageGuess, PartAudio, Progress, Samples, SpeechOptions
from jobs.engines.speech_chunks import speech_chunks
from storage.documents import EngineInfo, Segment, Word

JITTER = 0.12
"""Seconds by which the times of a word may be off."""

_HEARD, _MISHEARD = 0.5, 0.2


class OracleTranscriber:
    """Hears every word of the truth that is there to be heard."""

    def __init__(self, words: Sequence[SaidWord], seed: int) -> None:
        self._words = words
        self._random = np.random.default_rng(seed)

    @property
    def info(self) -> EngineInfo:
        """Say what this is."""
        return EngineInfo(name="oracle", version="1", model="truth", device="cpu", compute_type="none")

    def expect(self, parts: int) -> int:  # noqa: ARG002 - the protocol's
        """Take one part at a time."""
        return 1

    def get_ready(self) -> None:
        """Have nothing to load."""

    def detect_language(self, clips: Sequence[Samples]) -> LanguageGuess:  # noqa: ARG002 - the protocol's
        """Say English."""
        return LanguageGuess("en", 1.0)

    def transcribe(self, part: PartAudio, options: SpeechOptions, progress: Progress) -> tuple[Segment, ...]:  # noqa: ARG002 - the protocol's
        """Return one segment with the words that are in the part's speech."""
        kept = [(part.start + c.begin / SAMPLE_RATE, part.start + c.end / SAMPLE_RATE) for c in speech_chunks(part)]
        words: list[Word] = []
        for said in self._words:
            inside = sum(max(0.0, min(said.end, end) - max(said.start, start)) for start, end in kept)
            share = inside / max(said.end - said.start, 0.01)
            if share > _MISHEARD:
                words.append(self._heard(said, part, known=share > _HEARD, after=words[-1].start if words else part.start))
        progress(part.end - part.start)
        if not words:
            return ()
        text = " ".join(word.text for word in words)
        return (Segment(start=words[0].start, end=max(word.end for word in words), text=text, words=tuple(words)),)

    def _heard(self, said: SaidWord, part: PartAudio, *, known: bool, after: float) -> Word:
        start, end = (time + float(self._random.uniform(-JITTER, JITTER)) for time in (said.start, said.end))
        start = min(max(start, after, part.start), part.end)
        return Word(start=start, end=min(max(start, end), part.end), text=said.text if known else "…", probability=1.0)
