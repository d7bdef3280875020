"""The box structure of MP4 and QuickTime files (ISO/IEC 14496-12), as far as chapters need it.

Nothing here decodes audio. Sizes that lie, boxes cut short and nonsense in between end the walk over that level; what was
read before stays.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_MOOV = 128 << 20
"""Bytes of `moov` that are read; a ten-hour audiobook has about ten million."""
_MAX_SAMPLES = 10_000
"""Text samples read from one track."""
_MAX_SAMPLE = 1 << 13
_MAX_BOXES = 100_000
"""Boxes looked at on one level: hostile files consist of empty ones."""


@dataclass(frozen=True)
class Box:
    """One box: its four-letter name and what is in it."""

    name: bytes
    body: bytes
    whole: bool = True


@dataclass(frozen=True)
class TextSample:
    """One sample of a text track."""

    start: float
    """Seconds on the movie's timeline."""
    duration: float
    data: bytes


def boxes(data: bytes) -> Iterator[Box]:
    """Yield the boxes that lie side by side in some bytes."""
    at = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > len(data):
            return
        size, name = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        size = len(data) - at if size == 0 else size
        if size < head:
            return
        yield Box(name, data[at + head : at + size], whole=at + size <= len(data))
        at += size


def inside(data: bytes, *path: bytes) -> bytes | None:
    """Return the content of the first box at a path of names, or none."""
    found: bytes | None = data
    for name in path:
        found = next((b.body for b in boxes(found or b"") if b.name == name), None)
        if found is None:
            return None
    return found


def find_moov(file: BinaryIO) -> Box | None:
    """Return the `moov` box of a file wherever it lies, reading nothing else."""
    at, end = 0, file.seek(0, 2)
    for _ in range(_MAX_BOXES):
        if at + 8 > end:
            break
        file.seek(at)
        head = file.read(16)
        size, name = struct.unpack_from(">I4s", head)
        length = 8
        if size == 1 and len(head) == 16:
            size, length = int.from_bytes(head[8:], "big"), 16
        size = end - at if size == 0 else size
        if size < length:
            return None
        if name == b"moov":
            file.seek(at + length)
            wanted = min(size - length, MAX_MOOV)
            body = file.read(wanted)
            return Box(name, body, whole=len(body) == size - length)
        at += size
    return None


# ------------------------------------------------------------------ tracks


@dataclass(frozen=True)
class Track:
    """A track of the movie."""

    id: int
    handler: bytes
    """`soun`, `vide`, `text`, `sbtl`, …"""
    body: bytes
    movie_scale: int
    """Ticks per second of the movie's clock."""

    @property
    def chapter_tracks(self) -> tuple[int, ...]:
        """Return the ids of the tracks that this one names as its chapters."""
        raw = inside(self.body, b"tref", b"chap") or b""
        return struct.unpack(f">{len(raw) // 4}I", raw[: len(raw) // 4 * 4])


def tracks(moov: bytes) -> list[Track]:
    """Return the tracks of a `moov` box; those without an id or a kind are left out."""
    header = inside(moov, b"mvhd") or b""
    scale = int.from_bytes(header[20:24] if header[:1] == b"\x01" else header[12:16], "big") or 1000
    found = []
    for box in boxes(moov):
        head = inside(box.body, b"tkhd") if box.name == b"trak" else None
        handler = inside(box.body, b"mdia", b"hdlr") if head else None
        if head and handler and len(head) >= 24:
            number = head[20:24] if head[:1] == b"\x01" else head[12:16]
            found.append(Track(int.from_bytes(number, "big"), handler[8:12], box.body, scale))
    return found


def text_samples(track: Track, file: BinaryIO) -> list[TextSample]:
    """Return the samples of a text track with their times, after its sample tables and edit list."""
    media = inside(track.body, b"mdia") or b""
    scale = _media_scale(media)
    table = inside(media, b"minf", b"stbl") or b""
    durations = _durations(inside(table, b"stts") or b"")
    samples, ticks = [], 0
    shift = _edit_shift(track, scale)
    for (offset, size), duration in zip(_places(table), durations, strict=False):
        file.seek(offset)
        data = file.read(min(size, _MAX_SAMPLE))
        samples.append(TextSample(max(0.0, ticks / scale + shift), duration / scale, data))
        ticks += duration
    return samples


def _media_scale(media: bytes) -> int:
    header = inside(media, b"mdhd") or b""
    return int.from_bytes(header[20:24] if header[:1] == b"\x01" else header[12:16], "big") or 1000


def _edit_shift(track: Track, scale: int) -> float:
    """Return the seconds by which the edit list moves the track: an empty edit delays it, a media start cuts into it."""
    raw = inside(track.body, b"edts", b"elst") or b""
    wide = raw[:1] == b"\x01"
    form = ">Qq" if wide else ">Ii"
    shift, at = 0.0, 8
    for _ in range(min(int.from_bytes(raw[4:8], "big"), 16)):
        if at + struct.calcsize(form) > len(raw):
            break
        length, media_start = struct.unpack_from(form, raw, at)
        if media_start >= 0:
            return float(shift - media_start / scale)
        shift += length / track.movie_scale
        at += struct.calcsize(form) + 4
    return shift


def _numbers(raw: bytes, start: int, count: int, width: int) -> list[int]:
    count = min(count, (len(raw) - start) // width, _MAX_SAMPLES)
    return [int.from_bytes(raw[start + i * width : start + (i + 1) * width], "big") for i in range(max(0, count))]


def _durations(stts: bytes) -> list[int]:
    flat: list[int] = []
    pairs = _numbers(stts, 8, 2 * int.from_bytes(stts[4:8], "big"), 4)
    for count, delta in zip(pairs[::2], pairs[1::2], strict=False):
        flat.extend([delta] * min(count, _MAX_SAMPLES - len(flat)))
    return flat


def _places(table: bytes) -> Iterator[tuple[int, int]]:
    """Yield the offset in the file and the size of each sample."""
    sizes = _sizes(inside(table, b"stsz") or b"")
    narrow, wide = inside(table, b"stco") or b"", inside(table, b"co64") or b""
    chunks = _numbers(narrow, 8, int.from_bytes(narrow[4:8], "big"), 4) or _numbers(wide, 8, int.from_bytes(wide[4:8], "big"), 8)
    stsc = inside(table, b"stsc") or b""
    runs = _numbers(stsc, 8, 3 * int.from_bytes(stsc[4:8], "big"), 4)
    per_chunk = dict(zip(runs[::3], runs[1::3], strict=False))
    each, index = 1, 0
    for number, offset in enumerate(chunks, start=1):
        each = per_chunk.get(number, each)
        for size in sizes[index : index + each]:
            yield offset, size
            offset += size  # noqa: PLW2901  samples of one chunk lie one behind the other
        index += each


def _sizes(stsz: bytes) -> list[int]:
    same, count = int.from_bytes(stsz[4:8], "big"), int.from_bytes(stsz[8:12], "big")
    return [same] * min(count, _MAX_SAMPLES) if same else _numbers(stsz, 12, count, 4)
