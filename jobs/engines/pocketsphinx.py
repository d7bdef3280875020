"""CMU PocketSphinx with the English model that its wheel carries: rough, real, and with nothing to download.

It is the embedded fallback where no Whisper model is on disk and the hub cannot be reached. Whoever uses it says so loudly.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from jobs.engines.protocols import SAMPLE_RATE, LanguageGuess, PartAudio, Progress, Samples, SpeechOptions
from jobs.engines.speech_chunks import windows
from jobs.language import primary_subtag
from storage.documents import EngineInfo, Segment, Span, Word
from storage.errors import EngineUnavailable, OptionError

LONGEST_UTTERANCE = 20.0
"""Seconds decoded together; the search grows with the length of an utterance."""

_FRAME = 0.01
"""Seconds per frame of the decoder."""

_FILLER = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+")
_VARIANT = re.compile(r"\(\d+\)$")


class PocketsphinxTranscriber:
    """A `Transcriber` for English; the model is loaded at its first use. `fallback`: it runs in place of Whisper."""

    def __init__(self, *, fallback: bool = False) -> None:
        self._fallback = fallback
        self._busy = threading.Lock()

    @cached_property
    def info(self) -> EngineInfo:
        """Say which release runs."""
        try:
            release = version("pocketsphinx")
        except PackageNotFoundError as error:
            raise EngineUnavailable(
                "PocketSphinx is not installed.", hint="Install it with `pip install 'earmark[speech]'`."
            ) from error
        return EngineInfo(name="pocketsphinx", version=release, model="en-us (carried by the package)", fallback=self._fallback)

    @cached_property
    def _decoder(self) -> Any:
        from pocketsphinx import Decoder

        return Decoder(samprate=SAMPLE_RATE, loglevel="FATAL")

    def expect(self, parts: int) -> int:  # noqa: ARG002 - part of the protocol
        """Take one part at a time."""
        return 1

    def get_ready(self) -> None:
        """Load nothing ahead: the model is small."""

    def detect_language(self, clips: Sequence[Samples]) -> LanguageGuess:  # noqa: ARG002 - the protocol's
        """Answer English with no confidence: this engine knows nothing else and cannot judge."""
        return LanguageGuess("en", 0.0)

    def transcribe(self, part: PartAudio, options: SpeechOptions, progress: Progress) -> tuple[Segment, ...]:
        """Decode each stretch of speech of one part as an utterance."""
        if options.language is not None and primary_subtag(options.language) != "en":
            raise OptionError(
                f"PocketSphinx knows only English, and {options.language!r} was asked for.",
                hint="Use Whisper: `earmark models pull small`, then --engine whisper.",
            )
        segments = []
        for span in windows(part, longest=LONGEST_UTTERANCE):
            with self._busy:
                words = tuple(self._decode(part, span))
            if words:
                text = " ".join(word.text for word in words)
                segments.append(Segment(start=words[0].start, end=words[-1].end, text=text, words=words))
            progress(span.end - part.start)
        progress(part.end - part.start)
        return tuple(segments)

    def _decode(self, part: PartAudio, span: Span) -> Iterable[Word]:
        begin, end = (round((time - part.start) * SAMPLE_RATE) for time in (span.start, span.end))
        pcm = (np.clip(part.samples[begin:end], -1, 1) * 32767).astype("<i2").tobytes()
        decoder = self._decoder
        decoder.start_utt()
        decoder.process_raw(pcm, no_search=False, full_utt=True)
        decoder.end_utt()
        math = decoder.get_logmath()
        for heard in decoder.seg() or ():
            if _FILLER.fullmatch(heard.word):
                continue
            text = _VARIANT.sub("", heard.word)
            yield Word(
                start=min(span.start + heard.start_frame * _FRAME, span.end),
                end=min(span.start + (heard.end_frame + 1) * _FRAME, span.end),
                text="I" + text[1:] if text == "i" or text.startswith("i'") else text,
                probability=min(max(math.exp(heard.prob), 0.0), 1.0),
            )
