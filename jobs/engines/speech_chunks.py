"""The speech of a part without its long silences, and the way back to the file's clock.

Whisper loops and invents on silence, so only speech reaches it: regions are padded, joined over pauses of up to two seconds,
and laid end to end. These are the figures that faster-whisper uses by default (its `VadOptions`), so that a part reads like the
whole file would.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

import numpy as np

from jobs.engines.protocols import SAMPLE_RATE, PartAudio, Samples
from storage.documents import Span

PADDING = 0.4
"""Seconds kept around speech, so that soft onsets and endings stay whole."""

LONGEST_PAUSE = 2.0
"""Longer silences are left out, but for their padding."""


@dataclass(frozen=True)
class Chunk:
    """A stretch of the part that is kept: sample positions inside the part."""

    begin: int
    end: int


@dataclass(frozen=True)
class CompactSpeech:
    """Speech laid end to end, and where each piece came from."""

    samples: Samples
    chunks: tuple[Chunk, ...]
    part_start: float
    _ends: tuple[int, ...]
    """Where each chunk ends in `samples`."""

    def file_time(self, seconds: float, chunk: int | None = None) -> float:
        """Return the file's time of a place in `samples`; `chunk` says on which side of a joint to read it."""
        position = round(seconds * SAMPLE_RATE)
        index = self.chunk_at(seconds) if chunk is None else chunk
        kept = self.chunks[index]
        begin_here = self._ends[index] - (kept.end - kept.begin)
        place = min(max(kept.begin + position - begin_here, kept.begin), kept.end)
        return self.part_start + place / SAMPLE_RATE

    def chunk_at(self, seconds: float) -> int:
        """Return the index of the chunk that holds a place in `samples`."""
        return min(bisect_right(self._ends, round(seconds * SAMPLE_RATE)), len(self.chunks) - 1)


def speech_chunks(part: PartAudio, *, padding: float = PADDING, longest_pause: float = LONGEST_PAUSE) -> tuple[Chunk, ...]:
    """Return the stretches of the part that hold speech, padded, with the pauses up to `longest_pause` between them."""
    joined: list[list[float]] = []
    for region in part.speech:
        if joined and region.start - joined[-1][1] <= longest_pause:
            joined[-1][1] = max(joined[-1][1], region.end)
        else:
            joined.append([region.start, region.end])
    chunks: list[Chunk] = []
    for index, (start, end) in enumerate(joined):
        # two pads never meet: the pause between them is longer than both
        before = 0 if index == 0 else chunks[-1].end
        begin = max(before, round((start - padding - part.start) * SAMPLE_RATE))
        stop = min(len(part.samples), round((end + padding - part.start) * SAMPLE_RATE))
        if stop > begin:
            chunks.append(Chunk(begin, stop))
    return tuple(chunks)


def compact(part: PartAudio, chunks: Sequence[Chunk]) -> CompactSpeech:
    """Lay the chunks end to end."""
    pieces = [part.samples[chunk.begin : chunk.end] for chunk in chunks]
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
    return CompactSpeech(samples, tuple(chunks), part.start, tuple(int(end) for end in ends))


def windows(part: PartAudio, *, longest: float, padding: float = PADDING) -> tuple[Span, ...]:
    """Group the part's speech into stretches of at most `longest` seconds, for an engine that hears one at a time.

    Times are file times. Speech without a pause that is longer than that is cut into equal pieces; the caller
    must check such joints for lost words.
    """
    grouped: list[list[Span]] = []
    for region in part.speech:
        for piece in _short_enough(region, longest - 2 * padding):
            if (
                grouped
                and piece.end - grouped[-1][0].start <= longest - 2 * padding
                and piece.start - grouped[-1][-1].end <= LONGEST_PAUSE
            ):
                grouped[-1].append(piece)
            else:
                grouped.append([piece])
    spans: list[Span] = []
    for group in grouped:
        start, end = max(part.start, group[0].start - padding), min(part.end, group[-1].end + padding)
        start = max(start, spans[-1].end) if spans else start
        if end > start:  # else what there is lies in the padding of the window before
            spans.append(Span(start=start, end=end))
    return tuple(spans)


def _short_enough(region: Span, longest: float) -> list[Span]:
    """Cut a region into equal pieces: a short rest would be hard to understand alone."""
    count = max(1, ceil((region.end - region.start) / longest))
    edges = np.linspace(region.start, region.end, count + 1).tolist()
    return [Span(start=start, end=end) for start, end in pairwise(edges)]
