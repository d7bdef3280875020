"""Chapters in the audio file itself: the only source that is on the downloaded file's own clock.

The kind of file is told by its first bytes, never by its name. Each format has its reader: ID3 (`embedded_id3`), MP4
(`embedded_mp4`), Vorbis comments (`embedded_vorbis`), and Matroska through libavformat (PyAV), with the demuxer forced and
nothing but the open file in its hands. Tags that are broken or cut short give what can be read and a notice.

Editions and nesting in Matroska are as libavformat gives them; podcasts in this format have one flat edition.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeAlias

from jobs.chapters.embedded_id3 import MAX_TAG, read_id3, tag_length
from jobs.chapters.embedded_mp4 import read_mp4
from jobs.chapters.embedded_vorbis import read_flac, read_ogg
from jobs.chapters.marks import mark, source_of
from storage.documents import ChapterMark, ChapterSource, Notice
from storage.errors import EarmarkError, Forbidden, NotFound

_Rows: TypeAlias = tuple[str, list[ChapterMark | None], list[Notice]]
_MAX_CHUNKS = 10_000
_MP4_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")


def read_embedded(path: Path, *, duration: float | None) -> tuple[ChapterSource, tuple[Notice, ...]]:
    """Return the chapters that an audio file carries, and what should be known about them.

    Starts are exact to what the format stores (a millisecond or better). `duration` is the measured length in seconds: ends that
    lie behind it are cut to it; starts behind it are kept, for `choose` to name. Raises NotFound or
    Forbidden where the file cannot be opened; broken tags raise nothing.
    """
    try:
        with path.open("rb") as file:
            return read_embedded_in(file, path.name, duration=duration)
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}.", hint="Check the path.") from error
    except OSError as error:
        raise Forbidden(f"The file {path} cannot be read: {error.strerror or error}.", hint="Check its permissions.") from error


def read_embedded_in(file: BinaryIO, name: str, *, duration: float | None) -> tuple[ChapterSource, tuple[Notice, ...]]:
    """Return the chapters of an open, seekable audio file; `name` is how notices call it.

    Raises an `EarmarkError` where reading the file itself does.
    """
    origin, rows, said = _read(file, name)
    source, more = source_of("embedded", origin, [_within(row, duration) for row in rows], said)
    if not source.marks and any(n.code in ("tag_truncated", "embedded_unreadable") for n in said):
        source = source.model_copy(update={"status": "unknown"})
    return source, more


def _read(file: BinaryIO, name: str) -> _Rows:
    head = file.read(12)
    reader = _reader_for(head)
    if reader is None:
        return "file", [], []
    try:
        return reader(file)
    except EarmarkError:
        raise
    except Exception as error:  # noqa: BLE001  tags are hostile bytes: whatever a reader trips over loses the chapters, not the episode
        text = f"The chapters inside {name} could not be read ({type(error).__name__})."
        return "file", [], [Notice(code="embedded_unreadable", message=text)]


def _reader_for(head: bytes) -> Callable[[BinaryIO], _Rows] | None:
    if head[:3] == b"ID3":
        return _id3
    if head[4:8] in _MP4_BOXES:
        return _mp4
    if head[:4] in (b"RIFF", b"FORM", b"RF64"):
        return _chunked
    return {b"OggS": _ogg, b"fLaC": _flac, b"\x1a\x45\xdf\xa3": _matroska}.get(head[:4])


def _id3(file: BinaryIO) -> _Rows:
    """Read the tags at the beginning; some writers put a second one behind the first."""
    rows: list[ChapterMark | None] = []
    said: list[Notice] = []
    at = 0
    for _ in range(4):
        file.seek(at)
        length = tag_length(file.read(10))
        if length is None:
            break
        file.seek(at)
        more, notices = read_id3(file.read(min(length, MAX_TAG)))
        rows, said, at = rows + more, said + notices, at + length
    file.seek(at)
    if not rows and file.read(4) == b"fLaC":
        return "vorbis_comment", *read_flac(file)
    return "id3", rows, said


def _mp4(file: BinaryIO) -> _Rows:
    found = read_mp4(file)
    return found.origin, found.rows, found.notices


def _ogg(file: BinaryIO) -> _Rows:
    return "vorbis_comment", *read_ogg(file)


def _flac(file: BinaryIO) -> _Rows:
    file.seek(4)
    return "vorbis_comment", *read_flac(file)


def _chunked(file: BinaryIO) -> _Rows:
    """Read the ID3 tag that WAV and AIFF keep in a chunk of its own."""
    file.seek(0)
    order = "big" if file.read(4) == b"FORM" else "little"
    file.seek(12)
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            break
        size = int.from_bytes(head[4:], "big" if order == "big" else "little")
        if head[:4] in (b"id3 ", b"ID3 "):
            return "id3", *read_id3(file.read(min(size, MAX_TAG)))
        file.seek(size + size % 2, 1)
    return "id3", [], []


def _matroska(file: BinaryIO) -> _Rows:
    import av

    file.seek(0)
    with av.open(file, format="matroska", metadata_errors="replace") as container:
        chapters = container.chapters()
    rows = [
        mark(
            float(c["start"] * c["time_base"]),
            c["metadata"].get("title", ""),
            end=float(c["end"] * c["time_base"]),
        )
        for c in chapters
    ]
    return "matroska", rows, []


def _within(row: ChapterMark | None, duration: float | None) -> ChapterMark | None:
    if row is None or row.end is None or duration is None or row.end <= duration:
        return row
    return row.model_copy(update={"end": duration if duration > row.start else None})
