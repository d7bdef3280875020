"""Several streams of audio heard in one batch: each is read as if it were alone, and all are computed together.

faster-whisper's own batching gives up what makes Whisper reliable: going on from the last time that was written, and decoding
once more where the text is doubtful. Here every stream runs faster-whisper's whole loop over its windows, in a greenlet; where
that loop asks something of the network, the stream waits until the others ask the like, and one call of CTranslate2 answers
them. With int8 on a CPU the words and times of one in a batch are those that it gets alone; probabilities differ by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from greenlet import GreenletExit, getcurrent, greenlet

Heard = TypeVar("Heard")


class Lockstep:
    """A CTranslate2 Whisper that answers the streams of `together` together, and everybody else at once.

    It stands in for `ctranslate2.models.Whisper` inside a `faster_whisper.WhisperModel`, and has whatever that has.
    """

    def __init__(self, model: Any) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def encode(self, features: Any, *, to_cpu: bool = False) -> Any:
        """Return the encoder's output; in a stream, a window that is encoded when something is asked about it."""
        if isinstance(getcurrent(), _Stream):
            return _Window(np.asarray(features))
        return self._model.encode(features, to_cpu=to_cpu)

    def detect_language(self, window: Any) -> Any:
        """Return the languages of one window, by probability; nobody is waited for."""
        return self._model.detect_language(_view(window.features) if isinstance(window, _Window) else window)

    def generate(self, window: Any, prompts: list[list[int]], **options: Any) -> Any:
        """Return the tokens of one window."""
        if not isinstance(window, _Window):
            return self._model.generate(window, prompts, **options)
        return _ask(_Generate(window, tuple(prompts[0]), options))

    def align(self, window: Any, start: Sequence[int], tokens: list[list[int]], frames: int, **options: Any) -> Any:
        """Return when the tokens of one window are said."""
        if not isinstance(window, _Window):
            return self._model.align(window, start, tokens, frames, **options)
        return _ask(_Align(window, tuple(start), tokens[0], frames, options))

    def together(self, works: Sequence[Callable[[], Heard]]) -> list[Heard]:
        """Run works that use this model, as many windows in a batch as there are works; return what they return.

        The first error ends them all.
        """
        made: dict[int, Heard] = {}
        waiting: dict[_Stream, _Question] = {}
        encoder = _RowsOnCpu(self._model) if self._model.device == "cpu" else _BatchOnDevice(self._model)
        with _ended(waiting):
            for index, work in enumerate(works):
                _go_on(_begun(index, work, made), None, waiting)
            while waiting:
                first = min(waiting.values(), key=lambda question: question.kind)
                asking = [stream for stream, question in waiting.items() if question.kind == first.kind]
                questions = [waiting[stream] for stream in asking]
                encoded = encoder.encoded([question.window for question in questions])
                for stream, answer in zip(asking, first.answers(self._model, encoded, questions), strict=True):
                    _go_on(stream, answer, waiting)
        return [made[index] for index in range(len(works))]


class _Window:
    """Half a minute of audio of one stream."""

    def __init__(self, features: npt.NDArray[np.float32]) -> None:
        self.features = features
        """Shape `(1, mels, frames)`."""
        self.is_new = True
        """Nothing has been asked about it yet."""
        self.encoded: npt.NDArray[np.float32] | None = None
        """What the encoder made of it, where that is kept by itself; shape `(positions, width)`."""


class _Question(Protocol):
    """What a stream asks of the network about a window."""

    @property
    def window(self) -> _Window:
        """Return what is asked about."""

    @property
    def kind(self) -> tuple[int, str]:
        """Questions of one kind can be answered together; those of the least kind are answered first."""

    def answers(self, model: Any, encoded: Any, alike: Sequence[Any]) -> list[list[Any]]:
        """Answer questions of this kind, this one among them, in the form of an answer to a batch of one."""


# new windows come last, when all streams have come to one: whoever aligns or decodes once more would else stay behind for ever
_ONCE_MORE, _ALIGN, _NEW = range(3)


@dataclass(frozen=True)
class _Generate:
    """Asks which tokens are in a window."""

    window: _Window
    prompt: tuple[int, ...]
    options: dict[str, Any]

    @property
    def kind(self) -> tuple[int, str]:
        return _NEW if self.window.is_new else _ONCE_MORE, repr((len(self.prompt), self.options))

    def answers(self, model: Any, encoded: Any, alike: Sequence[_Generate]) -> list[list[Any]]:
        return [[answer] for answer in model.generate(encoded, [list(one.prompt) for one in alike], **self.options)]


@dataclass(frozen=True)
class _Align:
    """Asks when each token is said."""

    window: _Window
    start: tuple[int, ...]
    tokens: list[int]
    frames: int
    options: dict[str, Any]

    @property
    def kind(self) -> tuple[int, str]:
        return _ALIGN, repr((self.start, self.options))

    def answers(self, model: Any, encoded: Any, alike: Sequence[_Align]) -> list[list[Any]]:
        tokens, frames = [one.tokens for one in alike], [one.frames for one in alike]
        return [[answer] for answer in model.align(encoded, list(self.start), tokens, frames, **self.options)]


class _RowsOnCpu:
    """The encoder on a CPU: windows one by one, since the attention of one fills the caches; batches are made of any of them."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def encoded(self, windows: Sequence[_Window]) -> Any:
        """Return the encoder's output for some windows."""
        return _view(np.stack([self._row(window) for window in windows]))

    def _row(self, window: _Window) -> npt.NDArray[np.float32]:
        window.is_new = False
        if window.encoded is None:
            window.encoded = np.asarray(self._model.encode(_view(window.features)))[0]
        return window.encoded


class _BatchOnDevice:
    """The encoder on a GPU: whole batches, for rows cannot be taken out of one there; another batch is encoded anew, quickly."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._last: Sequence[_Window] = ()
        self._encoded: Any = None

    def encoded(self, windows: Sequence[_Window]) -> Any:
        """Return the encoder's output for some windows."""
        if windows != self._last:
            self._last, self._encoded = windows, self._model.encode(_view(np.concatenate([one.features for one in windows])))
        for window in windows:
            window.is_new = False
        return self._encoded


def _view(array: npt.NDArray[np.float32]) -> Any:
    from ctranslate2 import StorageView

    return StorageView.from_array(np.ascontiguousarray(array))


class _Stream(greenlet):
    """One stream; `switch` returns its next question."""


def _ask(question: _Question) -> Any:
    hub = getcurrent().parent
    assert hub is not None  # only streams ask
    return hub.switch(question)


def _begun(index: int, work: Callable[[], Heard], made: dict[int, Heard]) -> _Stream:
    def run(_: None) -> None:
        made[index] = work()

    return _Stream(run)


def _go_on(stream: _Stream, answer: Any, waiting: dict[_Stream, _Question]) -> None:
    """Let a stream go on until its next question, or its end."""
    question = stream.switch(answer)
    if stream.dead:
        waiting.pop(stream, None)
    else:
        waiting[stream] = question


@contextmanager
def _ended(waiting: dict[_Stream, _Question]) -> Iterator[None]:
    """End the streams that still wait when one has failed."""
    try:
        yield
    finally:
        for stream in waiting:
            if not stream.dead:
                stream.throw(GreenletExit)
