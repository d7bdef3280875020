"""The decoded audio on disk: 16 kHz mono 16-bit WAV, written as a stream and read at any place without loading it."""

from __future__ import annotations

import contextlib
import os
import struct
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from jobs.engines.protocols import SAMPLE_RATE, Samples
from storage.errors import CorruptBlob, NotFound, TooLarge
from storage.files import explained, open_atomically

Pcm16: TypeAlias = npt.NDArray[np.int16]
"""Mono 16 kHz audio as 16-bit integers; shape `(n,)`."""

FULL_SCALE = 32768.0
"""The 16-bit value that stands for 1.0."""

SAMPLES_PER_MS = SAMPLE_RATE // 1000

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PCM_FORMAT = 1
_WIDTH = 2

MAX_SAMPLES = (2**32 - 1 - _HEADER.size) // _WIDTH
"""What the 32-bit sizes of a WAV can describe: 37 hours. Longer recordings are refused, not written in another format."""


class PcmWriter:
    """Appends samples to a WAV whose sizes are filled in at the end."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self.samples = 0
        """How many have been written so far."""
        self._write(_header(0))

    def write(self, block: Pcm16) -> None:
        """Append a block; raises `TooLarge` past 37 hours, `StorageFull` and `OutputError` as the disk answers."""
        if self.samples + len(block) > MAX_SAMPLES:
            hours = MAX_SAMPLES / SAMPLE_RATE / 3600
            raise TooLarge(
                f"{self._path.name} would be longer than {hours:.0f} hours.", hint="Cut the recording into shorter files first."
            )
        self._write(block.astype("<i2", copy=False).tobytes())
        self.samples += len(block)

    def finish(self) -> None:
        """Fill to a whole millisecond, so that the duration survives rounding, and write the sizes into the header."""
        self.write(np.zeros(-self.samples % SAMPLES_PER_MS, np.int16))
        with explained(self._path):
            self._file.seek(0)
        self._write(_header(self.samples))

    def _write(self, data: bytes) -> None:
        with explained(self._path):
            self._file.write(data)


@contextlib.contextmanager
def write_pcm(path: Path) -> Iterator[PcmWriter]:
    """Open a WAV for writing that appears at `path`, whole, when the block ends without an error.

    Nothing waits for the disk: the store does, when it takes the file in.
    """
    with open_atomically(path, lasting=False) as file:
        writer = PcmWriter(file, path)
        yield writer
        writer.finish()


class Pcm:
    """Random access to a decoded recording; an `AudioSource` that threads may read at once.

    Nothing is mapped: pages of a map count as memory of the process, an hour of audio as 110 MiB, and a file that is cut off
    under a map ends the process. Use as a context manager, or call `close` once nobody reads; one that is forgotten is closed.
    Raises `NotFound` where no file is and `CorruptBlob` where the file is not a whole 16 kHz mono 16-bit WAV.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self.samples = _count_samples(file, path)
                self._handle = os.dup(file.fileno())
        except FileNotFoundError as error:
            raise NotFound(f"There is no decoded audio at {path}.", hint="Prepare the episode again.") from error
        self._closing = weakref.finalize(self, os.close, self._handle)

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.samples / SAMPLE_RATE

    def read(self, start: float, end: float) -> Samples:
        """Return the samples between two times as float32 in -1 … 1; clipped to the recording."""
        return self.read_pcm(start, end).astype(np.float32) / np.float32(FULL_SCALE)

    def read_pcm(self, start: float, end: float) -> Pcm16:
        """Return the samples between two times as 16-bit integers; clipped to the recording.

        Raises `CorruptBlob` where the file has become shorter since it was opened.
        """
        first, last = (min(max(round(time * SAMPLE_RATE), 0), self.samples) for time in (start, end))
        if last <= first or not self._closing.alive:
            return np.zeros(0, np.int16)
        rest, place, pieces = (last - first) * _WIDTH, _HEADER.size + first * _WIDTH, list[bytes]()
        while rest:
            piece = os.pread(self._handle, rest, place)
            if not piece:
                raise _not_whole(self.path)
            pieces.append(piece)
            rest, place = rest - len(piece), place + len(piece)
        return np.frombuffer(b"".join(pieces), "<i2").astype(np.int16)

    def close(self) -> None:
        """Let go of the file; reading afterwards gives nothing."""
        self._closing()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _header(samples: int) -> bytes:
    size = samples * _WIDTH
    rate = SAMPLE_RATE * _WIDTH
    riff = (b"RIFF", size + _HEADER.size - 8, b"WAVE")
    layout = (b"fmt ", 16, _PCM_FORMAT, 1, SAMPLE_RATE, rate, _WIDTH, 8 * _WIDTH)
    return _HEADER.pack(*riff, *layout, b"data", size)


def _count_samples(file: BinaryIO, path: Path) -> int:
    """Return how many samples lie behind the header."""
    header = file.read(_HEADER.size)
    size = file.seek(0, 2)
    samples, odd = divmod(size - _HEADER.size, _WIDTH)
    if size < _HEADER.size or odd or samples > MAX_SAMPLES or header != _header(samples):
        raise _not_whole(path)
    return samples


def _not_whole(path: Path) -> CorruptBlob:
    return CorruptBlob(
        f"{path} is not a whole 16 kHz mono 16-bit WAV of earmark.", hint="Delete it and prepare the episode again."
    )
