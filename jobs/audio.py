"""Decoding: any audio or video file, as a stream, to 16 kHz mono 16-bit PCM on the timeline that players show."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np

from jobs.engines.protocols import SAMPLE_RATE, Progress
from jobs.pcm import Pcm16, PcmWriter, write_pcm
from jobs.probe import Probe, choose_audio, describe, open_media
from jobs.timeline import Clock, timeline_origin
from storage.documents import Notice
from storage.errors import BrokenAudio, TooLarge

Listener: TypeAlias = Callable[[Pcm16], None]
"""Hears the decoded audio block by block, in order, while it is written."""

BLOCK = 512 * 320
"""Samples handed on together: 10.24 s, whole frames of every listener."""

WORTH_TELLING = 0.1
"""Less lost time than this many seconds is not put into the warnings: files joined from pieces lose a frame at each seam."""

SAMPLE_RATES = range(1000, 768_001)
"""What a file may have; a false rate far outside would make the resampler ask for gigabytes."""

TOGETHER = 1 << 15
"""Samples that are resampled together: a call costs as much as resampling a thousand of them, which is what a frame holds."""

_MAX_READ_ERRORS = 100
_TAGS = (b"ID3", b"TAG", b"APETAGEX")


@dataclass(frozen=True)
class DecodeLimits:
    """Caps on what one file may cost."""

    max_seconds: float = 24 * 3600.0


@dataclass(frozen=True)
class Decoded:
    """What came of decoding a file."""

    probe: Probe
    samples: int
    """Samples on disk, a whole number of milliseconds."""
    lost: float
    """Seconds that could not be decoded and are silence now."""
    warnings: tuple[Notice, ...]

    @property
    def duration(self) -> float:
        """Measured length in seconds."""
        return self.samples / SAMPLE_RATE


def decode(
    source: Path,
    wav: Path,
    *,
    demuxer: str | None = None,
    progress: Progress | None = None,
    limits: DecodeLimits | None = None,
    listeners: Sequence[Listener] = (),
) -> Decoded:
    """Decode the default audio stream of `source` to a 16 kHz mono 16-bit WAV at `wav`; memory does not depend on the length.

    Positions are those of `jobs.timeline`. `wav` appears whole or not at all, also when `progress` or a listener raises.
    Corrupt frames are skipped, counted, and replaced by silence (notice `audio_damaged`, or `audio_gaps` where only the
    time stamps tell); a file shorter than its header claims is decoded as far as it goes (`audio_truncated`). Raises
    `NotFound`, `NotAudio`, `BrokenAudio` (nothing could be decoded), `TooLarge` (over `limits`), `StorageFull`,
    `OutputError`.
    """
    limit = (limits or DecodeLimits()).max_seconds
    with open_media(source, demuxer=demuxer) as container:
        stream = choose_audio(container, source)
        said = describe(container, stream, source)
        frames = _Frames(container, stream)
        clock = Clock(timeline_origin(container))
        with write_pcm(wav) as writer:
            out = _Output(writer, source, limit, progress, listeners)
            _pour(frames, clock, out)
            if not clock.frames:
                raise BrokenAudio(
                    f"Nothing in {source.name} could be decoded ({said.codec} audio).",
                    hint="Fetch it again; if it stays so, the publisher's file is broken.",
                )
            out.finish()
        measured = writer.samples / SAMPLE_RATE
    return Decoded(said, writer.samples, clock.lost, _notices(said, frames, clock, measured))


def _pour(frames: _Frames, clock: Clock, out: _Output) -> None:
    """Resample every frame and put it where its time stamp says."""
    resampler = _Resampler(out.source)
    for frame in frames:
        gap = clock.place(frame, frames.take_failed())
        if gap or not resampler.fits(frame):
            out.add(resampler.flush())
            out.silence_until(clock.frame_start)
        out.add(resampler.feed(frame))
    out.add(resampler.flush())


@dataclass
class _Frames:
    """The decoded frames of one stream; what cannot be read or decoded is counted and passed over."""

    container: Any
    stream: Any
    errors: int = 0
    """Packets that gave no audio, without those after the last good frame."""
    _failed: list[float] = field(default_factory=list)
    """Lengths of the packets that failed since the last good frame, seconds."""

    def __iter__(self) -> Iterator[Any]:
        for packet in self._packets():
            try:
                decoded = packet.decode()
            except (av.FFmpegError, ValueError):
                if bytes(packet).startswith(_TAGS):
                    continue  # the tag of a file that was joined to this one; no audio is lost
                self._failed.append(float((packet.duration or 0) * (packet.time_base or 0)))
                continue
            yield from (frame for frame in decoded if frame.samples and frame.sample_rate in SAMPLE_RATES)

    def take_failed(self) -> float | None:
        """Return how many seconds of packets failed before this frame (none if none failed), and begin anew."""
        if not self._failed:
            return None
        self.errors += len(self._failed)
        seconds = sum(self._failed)
        self._failed.clear()
        return seconds

    @property
    def failed_at_end(self) -> int:
        """How many packets failed after the last good frame."""
        return len(self._failed)

    def _packets(self) -> Iterator[Any]:
        """Read on after errors of the container, but not for ever."""
        for _ in range(_MAX_READ_ERRORS):
            try:
                yield from self.container.demux(self.stream)
            except (av.FFmpegError, OSError):
                self._failed.append(0.0)
            else:
                return


class _Resampler:
    """Frames of one format to 16 kHz mono; libswresample scales a downmix so that it cannot clip."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._resampler: Any = None
        self._waiting: Any = None
        self._format: tuple[str, str, int] | None = None

    def fits(self, frame: Any) -> bool:
        """Tell whether the frame has the format of the last one; files joined from pieces change it midway."""
        return self._format == _format(frame)

    def feed(self, frame: Any) -> list[Pcm16]:
        """Resample a frame, or let it wait for more; some of it stays inside until `flush`."""
        if self._resampler is None:
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
            self._waiting = av.AudioFifo()
            self._format = _format(frame)
        frame.pts = None  # the clock has placed it; the filter must not
        with self._explained():
            self._waiting.write(frame)
        return self._drain() if self._waiting.samples >= TOGETHER else []

    def flush(self) -> list[Pcm16]:
        """Return what is left inside and forget the format."""
        if self._resampler is None:
            return []
        rest = self._drain() if self._waiting.samples else []
        with self._explained():
            rest += [_samples(piece) for piece in self._resampler.resample(None)]
        self._resampler = None
        self._format = None
        return rest

    def _drain(self) -> list[Pcm16]:
        with self._explained():
            return [_samples(piece) for piece in self._resampler.resample(self._waiting.read())]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (av.FFmpegError, ValueError) as error:
            _, layout, rate = self._format or ("", "unknown", 0)
            raise BrokenAudio(
                f"{self._source.name} holds audio in a form that cannot be mixed down ({layout} at {rate} Hz).",
                hint="Convert it to mono or stereo first.",
            ) from error


class _Output:
    """Gathers samples into blocks, writes them, and tells listeners and progress."""

    def __init__(
        self, writer: PcmWriter, source: Path, limit: float, progress: Progress | None, listeners: Sequence[Listener]
    ) -> None:
        self._writer = writer
        self.source = source
        self._limit = round(limit * SAMPLE_RATE)
        self._progress = progress
        self._listeners = listeners
        self._pieces: list[Pcm16] = []
        self._gathered = 0

    @property
    def samples(self) -> int:
        """How many have come so far."""
        return self._writer.samples + self._gathered

    def add(self, pieces: Sequence[Pcm16]) -> None:
        """Append samples; raises `TooLarge` past the limit."""
        for piece in pieces:
            self._pieces.append(piece)
            self._gathered += len(piece)
        if self.samples > self._limit:
            hours = self._limit / SAMPLE_RATE / 3600
            raise TooLarge(
                f"{self.source.name} is longer than the {hours:g} hours allowed.",
                hint="Raise the limit, or cut the file into shorter ones.",
            )
        if self._gathered >= BLOCK:
            self._hand_on(self._gathered - self._gathered % BLOCK)

    def silence_until(self, position: float) -> None:
        """Append silence up to a place on the timeline, block by block."""
        missing = round(position * SAMPLE_RATE) - self.samples
        while missing > 0:
            self.add([np.zeros(min(missing, BLOCK), np.int16)])
            missing -= BLOCK

    def finish(self) -> None:
        """Hand on what is left."""
        self._hand_on(self._gathered)

    def _hand_on(self, count: int) -> None:
        joined = np.concatenate([np.zeros(0, np.int16), *self._pieces])
        self._pieces = [joined[count:]]
        self._gathered = len(joined) - count
        for first in range(0, count, BLOCK):
            block = joined[first : min(first + BLOCK, count)]
            self._writer.write(block)
            for listener in self._listeners:
                listener(block)
            if self._progress is not None:
                self._progress(self._writer.samples / SAMPLE_RATE)


def _format(frame: Any) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _samples(frame: Any) -> Pcm16:
    # a copy: the array's memory belongs to the frame
    return np.array(frame.to_ndarray().reshape(-1), dtype=np.int16)


def _notices(said: Probe, frames: _Frames, clock: Clock, measured: float) -> tuple[Notice, ...]:
    notices = []
    # a single failure after the last good frame is how a file ends that was cut anywhere
    errors = frames.errors + (frames.failed_at_end if frames.failed_at_end > 1 else 0)
    missing = f"{clock.lost:.2f} s of audio are missing and left silent"
    if errors and (clock.lost >= WORTH_TELLING or frames.failed_at_end > 1):
        notices.append(Notice(code="audio_damaged", message=f"{errors} damaged packets could not be decoded; {missing}."))
    elif clock.lost >= WORTH_TELLING:
        notices.append(Notice(code="audio_gaps", message=f"The file's time stamps leave a hole: {missing}."))
    if said.claimed is not None and _falls_short(said.claimed, measured):
        lengths = f"The file claims to last {said.claimed:.1f} s, but only {measured:.1f} s of audio are in it"
        text = f"{lengths}: it is cut off or damaged."
        notices.append(Notice(code="audio_truncated", message=text))
    return tuple(notices)


def _falls_short(claimed: float, measured: float) -> bool:
    """Tell whether a claim exceeds what was measured by 2 s or 1 %, but not by mere encoder padding."""
    return math.isfinite(claimed) and claimed - measured > min(2.0, max(0.2, 0.01 * claimed))
