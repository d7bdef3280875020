"""Whisper through faster-whisper and CTranslate2, on a GPU if there is one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import replace
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jobs.engines.allocator import keep_freed_memory
from jobs.engines.devices import (
    is_about_cuda,
    load_cuda_libraries,
    memory_bytes,
    resolve_compute_type,
    resolve_device,
    usable_cores,
)
from jobs.engines.lockstep import Lockstep
from jobs.engines.protocols import SAMPLE_RATE, LanguageGuess, PartAudio, Progress, Samples, SpeechOptions
from jobs.engines.speech_chunks import compact, speech_chunks
from jobs.engines.stream_queue import StreamQueue
from jobs.engines.streams import streams
from jobs.engines.whisper_segments import segment_of
from jobs.language import primary_subtag
from storage.documents import EngineInfo, Segment
from storage.errors import EngineUnavailable, ModelInvalid, OptionError

WINDOW = 30.0
"""Seconds that Whisper hears at once."""

LEAST_REST = 1.0
"""Seconds, with the silence kept around speech, under which the rest behind the last window holds the end of a word at most."""

NOTICE = "NOTICE.txt"
MOST_WORKERS = 4
"""Batches that are heard at once unless a person asks for more."""

MOST_TOGETHER = {"cpu": 5, "cuda": 8}
"""Windows in a batch unless a person asks for more; on a CPU, more of them take more memory and hardly less time."""

MEMORY_SHARE = 0.25
"""Share of this machine's memory that all windows at work may take, each of which needs about the size of the model."""

_SEEK_STEP = 0.01
"""Seconds of one step in faster-whisper's `Segment.seek`, where the segment's window begins."""

_MODEL_FILES = ("model.bin", "config.json")
_RETRY = {
    "temperature": (0.0, 0.4, 0.8),
    "compression_ratio_threshold": 2.0,
    "repetition_penalty": 1.05,
    "no_repeat_ngram_size": 6,
}
"""For a part that looped: give up earlier on repetitive text, and forbid long repeats inside a window."""
_ONCE = {"temperature": 0.0}


class WhisperTranscriber:
    """A `Transcriber` over one CTranslate2 Whisper folder; the model is loaded at its first use.

    `model` is a folder (see `jobs.engines.models` for names), `name` what to call it in the output. `device`: `auto`, `cpu` or
    `cuda`; `compute_type`: `auto` or one of CTranslate2's. `threads`: CPU threads, 0 for all cores this process may use.
    `workers`: batches of windows that are heard at once and share the threads, 0 for what suits the device and its memory.

    A window's decoding gains little from a second thread, while a second window gains all of it, and windows in a batch share the
    reading of the weights: so a part is cut into streams (`streams`), and these are heard in batches (`lockstep`).
    """

    def __init__(
        self,
        model: Path,
        *,
        name: str | None = None,
        device: str = "auto",
        compute_type: str = "auto",
        threads: int = 0,
        workers: int = 0,
    ) -> None:
        check_model_folder(model)
        self._folder = model
        self._name = name or model.name
        self._device = resolve_device(device)
        self._compute_type = resolve_compute_type(compute_type, self._device)
        self._threads = threads or usable_cores()
        self._workers = workers or self._sensible_workers()
        self._batch = self._sensible_batch()
        self._queue = StreamQueue(self._workers, self._hear)
        self._loaded: Any = None
        self._loading = threading.Lock()

    @property
    def notice(self) -> str | None:
        """What the model's maker wants every reader to know: the text of `NOTICE.txt` in its folder, if there is one."""
        with contextlib.suppress(OSError):
            return " ".join((self._folder / NOTICE).read_text("utf-8").split())
        return None

    @cached_property
    def info(self) -> EngineInfo:
        """Say which model runs, by name and digest, and where."""
        return EngineInfo(
            name="faster-whisper",
            version=version("faster-whisper"),
            model=self._name,
            model_digest=_digest(self._folder),
            device=self._device,
            compute_type=self._compute_type,
        )

    def expect(self, parts: int) -> int:
        """Return how many parts may be begun: one more than there are workers, so that none of these waits at a part's end."""
        return max(1, min(parts, self._workers + 1))

    def get_ready(self) -> None:
        """Load the model, which takes from a tenth of a second to half a minute."""
        with contextlib.suppress(Exception):  # whoever hears first meets the same error, and raises it
            _ = self._model

    def _sensible_workers(self) -> int:
        if self._device == "cuda":
            return 1
        return max(1, min(MOST_WORKERS, self._threads, self._room()))

    def _sensible_batch(self) -> int:
        most = MOST_TOGETHER[self._device]
        return most if self._device == "cuda" else max(1, min(most, self._room() // self._workers))

    def _room(self) -> int:
        """Return for how many windows at once this machine has the memory."""
        return int(memory_bytes() * MEMORY_SHARE / max(1, (self._folder / "model.bin").stat().st_size))

    @property
    def _model(self) -> Any:
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> Any:
        if self._device == "cuda":
            load_cuda_libraries()
        keep_freed_memory()
        from faster_whisper import WhisperModel
        from threadpoolctl import threadpool_limits

        threadpool_limits(1, "blas")  # windows are heard side by side: threads that share one spectrogram only wait
        try:
            model = WhisperModel(
                str(self._folder),
                device=self._device,
                compute_type=self._compute_type,
                cpu_threads=max(1, self._threads // self._workers),
                num_workers=self._workers,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            if self._device == "cuda" and is_about_cuda(error):
                raise EngineUnavailable(
                    f"The GPU cannot be used: {error}.", hint="See `earmark doctor`, or run with --device cpu."
                ) from error
            raise ModelInvalid(
                f"The folder {self._folder} is not a Whisper model that CTranslate2 can load: {error}.",
                hint="Give a folder made by `ct2-transformers-converter` or by `earmark models pull NAME`.",
            ) from error
        model.model = Lockstep(model.model)
        return model

    @property
    def is_multilingual(self) -> bool:
        """Tell whether the model knows languages besides English."""
        return bool(self._model.model.is_multilingual)

    def detect_language(self, clips: Sequence[Samples]) -> LanguageGuess:
        """Judge the language by the mean of the model's probabilities over all clips; English-only models say English."""
        if not self.is_multilingual or not clips:
            return LanguageGuess("en", 1.0 if not self.is_multilingual else 0.0)
        total: dict[str, float] = defaultdict(float)
        for clip in clips:
            _, _, probabilities = self._model.detect_language(audio=clip)
            for language, probability in probabilities:
                total[language] += probability / len(clips)
        best = max(total, key=lambda language: total[language])
        return LanguageGuess(best, min(total[best], 1.0))

    def transcribe(self, part: PartAudio, options: SpeechOptions, progress: Progress) -> tuple[Segment, ...]:
        """Transcribe the speech of one part; nothing is heard where there is none."""
        options = replace(options, language=self._language(options))
        return self._in_streams(part, options, progress)

    def _language(self, options: SpeechOptions) -> str | None:
        """Return Whisper's code for a BCP 47 one (`pt-BR` is `pt`), or raise `OptionError`."""
        if options.language is None:
            return None
        language = primary_subtag(options.language)
        if language != "en" and not self.is_multilingual:
            raise OptionError(
                f"The model {self._name} knows only English, and {options.language!r} was asked for.",
                hint="Choose a multilingual model (no `.en` in its name).",
            )
        if language not in self._model.supported_languages:
            raise OptionError(
                f"Whisper knows no language {options.language!r}.", hint="Give a code such as en, de or pt, or leave it out."
            )
        return language

    def _in_streams(self, part: PartAudio, options: SpeechOptions, progress: Progress) -> tuple[Segment, ...]:
        """Hear the streams of a part, in batches with those of other parts, beside each other as there are workers."""
        _ = self._model  # an error in loading it belongs to whoever asks
        cut = streams(part, WINDOW)
        hearing = self._queue.ask([(stream, options) for stream in cut], options.batch_size or self._batch)
        segments: list[Segment] = []
        try:
            for stream, heard in zip(cut, hearing, strict=True):
                segments += heard.result()
                progress(stream.end - part.start)
        finally:
            for heard in hearing:
                heard.cancel()
            wait(hearing)
        return tuple(segments)

    def _hear(self, batch: Sequence[tuple[PartAudio, SpeechOptions]]) -> Sequence[tuple[Segment, ...]]:
        model = self._model
        works = [partial(_hear_stream, model, stream, options) for stream, options in batch]
        return model.model.together(works)  # type: ignore[no-any-return]


def _hear_stream(model: Any, part: PartAudio, options: SpeechOptions) -> tuple[Segment, ...]:
    """Hear the speech of a stretch window by window, each from where the last one ended."""
    chunks = speech_chunks(part)
    if not chunks:
        return ()
    speech = compact(part, chunks)
    settings = {"beam_size": options.beam_size, **(_RETRY if options.retry else _ONCE if options.once else {})}
    heard, _ = model.transcribe(
        speech.samples,
        language=options.language,
        word_timestamps=True,
        condition_on_previous_text=False,
        initial_prompt=options.prompt,
        hotwords=options.hotwords,
        **settings,
    )
    segments = []
    for segment in heard:
        # Whisper goes on from the last time that it wrote, and invents words for the end of one that it has heard already
        rest = len(speech.samples) / SAMPLE_RATE - segment.seek * _SEEK_STEP
        if not segment.seek or rest >= LEAST_REST:
            segments.append(segment_of(segment, speech))
    return tuple(segment for segment in segments if segment.words)


def check_model_folder(folder: Path) -> None:
    """Raise `ModelInvalid` unless the folder holds the files of a CTranslate2 Whisper model."""
    missing = [name for name in _MODEL_FILES if not (folder / name).is_file()]
    if missing:
        raise ModelInvalid(
            f"The folder {folder} is not a Whisper model: it has no {' and no '.join(missing)}.",
            hint="Give a CTranslate2 folder (model.bin, config.json, vocabulary, tokenizer.json), or a model's name.",
        )


def _digest(folder: Path) -> str:
    """Name the weights without reading gigabytes: sizes, the configuration, and the first and last MiB of the weights."""
    digest = hashlib.sha256()
    for name in _MODEL_FILES:
        path = folder / name
        size = path.stat().st_size
        digest.update(json.dumps([name, size]).encode())
        with path.open("rb") as handle:
            digest.update(handle.read(1 << 20))
            handle.seek(max(0, size - (1 << 20)))
            digest.update(handle.read())
    return digest.hexdigest()[:16]
