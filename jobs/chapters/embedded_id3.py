"""Chapters in ID3v2 tags: CHAP and CTOC frames (mp3; also the `id3 ` chunk of WAV and AIFF).

Read from the frames themselves, after "ID3v2 Chapter Frame Addendum, version 1.0" (id3.org/id3v2-chapters-1.0),
because each library loses something: mutagen keeps one of two CHAP frames with the same id and refuses a truncated tag
whole; libavformat (PyAV) knows neither links, pictures nor the table of contents, and shows the element id as the title
of a chapter that has none.

Decisions:

- Order is by time. CTOC may ask for another playing order; a transcript has no use for it. CTOC breaks ties.
- Hidden: the addendum lets CHAP frames stand outside every table of contents, for pictures shown in time with the
  audio. A chapter that the top-level CTOC does not reach is therefore hidden, unless no chapter is reached at all or
  the table is full (its count is one byte), where the table says nothing about the rest.
- Overlapping chapters keep the ends that were printed. Frames with one id are different chapters.
- A start of 0xFFFFFFFF means "see the byte offset", which says no time without decoding: the row is dropped.
- A picture inside the tag is not an address; it is counted in a notice. An APIC of type `-->` is an address and kept.
- A tag cut short gives the frames that are whole, and of the last one what can be read, marked truncated.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from jobs.chapters.marks import mark
from storage.documents import ChapterMark, Notice

MAX_TAG = 64 << 20
"""Bytes of tag that are read; pictures make real tags tens of megabytes long."""
_MAX_FRAME = 16 << 20
_MAX_FRAMES = 50_000
_NO_TIME = 0xFFFFFFFF
_FULL_TABLE = 255
_FRAME_ID = re.compile(rb"[A-Z][A-Z0-9]{3}")


@dataclass(frozen=True)
class Frame:
    """One ID3v2 frame, unpacked."""

    name: str
    body: bytes
    whole: bool = True
    """False where the tag ends inside the frame."""


@dataclass(frozen=True)
class _Chap:
    """A CHAP frame: id, times in milliseconds, sub-frames."""

    id: bytes
    start: int
    end: int
    frames: tuple[Frame, ...]
    whole: bool


@dataclass(frozen=True)
class _Contents:
    """A CTOC frame: the ids that it lists, in order."""

    id: bytes
    top: bool
    children: tuple[bytes, ...]


def tag_length(head: bytes) -> int | None:
    """Return the length of the tag that begins here, header included, or none where no tag begins."""
    if len(head) < 10 or head[:3] != b"ID3" or head[3] > 4 or max(head[6:10]) > 127:
        return None
    return 10 + _syncsafe(head[6:10]) + (10 if head[5] & 0x10 else 0)


def read_id3(tag: bytes) -> tuple[list[ChapterMark | None], list[Notice]]:
    """Return the chapters of one tag as rows (none for a row without a time), and what should be known about them."""
    frames = list(_frames_of(tag))
    chaps = [c for f in frames if f.name == "CHAP" for c in [_chap(f, tag[3])] if c]
    tables = [_contents(f) for f in frames if f.name == "CTOC"]
    listed = _listed(tables)
    if all(c.id not in listed for c in chaps) or any(len(t.children) >= _FULL_TABLE for t in tables):
        listed = {c.id: listed.get(c.id, len(listed)) for c in chaps}
    chaps.sort(key=lambda c: (c.start, listed.get(c.id, len(listed))))
    notices = []
    if (tag_length(tag) or 0) > len(tag) or not all(f.whole for f in frames):
        notices.append(
            Notice(code="tag_truncated", message=f"The ID3 tag is cut short; {len(chaps)} chapters could be read from it.")
        )
    pictures = sum(f.name == "APIC" and not _linked_picture(f.body) for c in chaps for f in c.frames)
    if pictures:
        notices.append(Notice(code="chapter_pictures", message=f"{pictures} chapters carry pictures inside the file itself."))
    return [_mark(c, hidden=c.id not in listed) for c in chaps], notices


def _mark(chap: _Chap, *, hidden: bool) -> ChapterMark | None:
    texts = {f.name: f for f in reversed(chap.frames)}
    title = texts.get("TIT2")
    links = [_link(f.body) for f in chap.frames if f.name == "WXXX"] + [
        f.body.decode("latin-1") for f in chap.frames if f.name.startswith("W") and f.name != "WXXX"
    ]
    pictures = [p for f in chap.frames if f.name == "APIC" and (p := _linked_picture(f.body))]
    return mark(
        chap.start / 1000 if chap.start != _NO_TIME else -1.0,
        _text(title.body).rstrip("\ufffd") if title else "",
        end=None if chap.end == _NO_TIME else chap.end / 1000,
        url=next((u for u in links if u.strip("\0 ")), None),
        image=pictures[0] if pictures else None,
        hidden=hidden,
        truncated=not (chap.whole and (title is None or title.whole)),
    )


def _chap(frame: Frame, version: int) -> _Chap | None:
    name, _, rest = frame.body.partition(b"\0")
    if len(rest) < 8:
        return None
    start, end = struct.unpack(">II", rest[:8])
    return _Chap(id=name, start=start, end=end, frames=tuple(_frames(rest[16:], version)), whole=frame.whole)


def _contents(frame: Frame) -> _Contents:
    name, _, rest = frame.body.partition(b"\0")
    flags, count = (rest + b"\0\0")[:2]
    return _Contents(id=name, top=bool(flags & 2), children=tuple(rest[2:].split(b"\0")[:count]))


def _listed(tables: list[_Contents]) -> dict[bytes, int]:
    """Return the ids that the top-level tables reach, each with its place in the order."""
    by_id = {t.id: t for t in tables}
    inner = {child for t in tables for child in t.children}
    waiting = [t.id for t in tables if t.top] or [t.id for t in tables if t.id not in inner]
    waiting.reverse()
    order: dict[bytes, int] = {}
    while waiting:
        here = waiting.pop()
        if here not in order:
            order[here] = len(order)
            waiting.extend(reversed(by_id[here].children if here in by_id else ()))
    return order


# ------------------------------------------------------------------ frames


def _syncsafe(raw: bytes) -> int:
    value = 0
    for byte in raw:
        value = value << 7 | byte & 0x7F
    return value


def _resynchronised(raw: bytes) -> bytes:
    return raw.replace(b"\xff\x00", b"\xff")


def _frames_of(tag: bytes) -> Iterator[Frame]:
    """Yield the frames of a tag that begins with its ten-byte header."""
    length = tag_length(tag)
    if length is None or tag[3] < 3:
        return  # version 2.2 has no chapters
    version, flags, body = tag[3], tag[5], tag[10:length]
    if version == 3 and flags & 0x80:
        body = _resynchronised(body)
    if flags & 0x40 and len(body) >= 4:
        body = body[4 + int.from_bytes(body[:4], "big") :] if version == 3 else body[_syncsafe(body[:4]) :]
    yield from _frames(body, version)


def _frames(body: bytes, version: int) -> Iterator[Frame]:
    at = 0
    for _ in range(_MAX_FRAMES):
        if at + 10 > len(body) or not _FRAME_ID.fullmatch(body[at : at + 4]):
            return
        size = _frame_size(body, at, version)
        raw = body[at + 10 : at + 10 + min(size, _MAX_FRAME)]
        unpacked = _unpacked(raw, body[at + 9], version)
        if unpacked is not None:
            yield Frame(body[at : at + 4].decode("ascii"), unpacked, whole=len(raw) == size)
        at += 10 + size


def _frame_size(body: bytes, at: int, version: int) -> int:
    """Return the size of the frame at a place; some writers forget that version 2.4 sizes are synchsafe."""
    raw = body[at + 4 : at + 8]
    plain = int.from_bytes(raw, "big")
    if version == 3 or (max(raw) < 128 and plain < 128):
        return plain
    if max(raw) > 127:
        return plain
    safe = _syncsafe(raw)
    return plain if not _frame_may_begin(body, at + 10 + safe) and _frame_may_begin(body, at + 10 + plain) else safe


def _frame_may_begin(body: bytes, at: int) -> bool:
    here = body[at : at + 4]
    return at == len(body) or (at < len(body) and (not here.strip(b"\0") or bool(_FRAME_ID.fullmatch(here))))


def _unpacked(raw: bytes, flags: int, version: int) -> bytes | None:
    """Return a frame's content with its packing undone, or none where that cannot be done (encryption, broken zlib)."""
    grouped, packed, encrypted = (0x20, 0x80, 0x40) if version == 3 else (0x40, 0x08, 0x04)
    unsynchronised, sized = version == 4 and flags & 0x02, version == 4 and flags & 0x01
    if flags & encrypted:
        return None
    raw = raw[1:] if flags & grouped else raw
    raw = raw[4:] if sized or (version == 3 and flags & packed) else raw
    raw = _resynchronised(raw) if unsynchronised else raw
    if not flags & packed:
        return raw
    try:
        return zlib.decompressobj().decompress(raw, _MAX_FRAME)
    except zlib.error:
        return None


# ------------------------------------------------------------------ texts and links

_ENCODINGS = {0: "latin-1", 1: "utf-16", 2: "utf-16-be", 3: "utf-8"}


def _decoded(raw: bytes, encoding: int) -> str:
    if encoding == 1 and raw[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16-le", "replace")
    return raw.decode(_ENCODINGS.get(encoding, "latin-1"), "replace")


def _text(body: bytes) -> str:
    """Return the text of a T*** frame; several values, which version 2.4 allows, are joined by a slash."""
    if not body:
        return ""
    values = _decoded(body[1:], body[0]).split("\0")
    return " / ".join(v.strip("\ufeff \t") for v in values if v.strip("\ufeff \t"))


def _split_text(raw: bytes, encoding: int) -> tuple[str, bytes]:
    """Split a terminated text off the front of a frame."""
    if encoding not in (1, 2):
        head, _, rest = raw.partition(b"\0")
        return _decoded(head, encoding), rest
    for at in range(0, len(raw) - 1, 2):
        if raw[at : at + 2] == b"\0\0":
            return _decoded(raw[:at], encoding), raw[at + 2 :]
    return _decoded(raw, encoding), b""


def _link(body: bytes) -> str:
    """Return the address of a WXXX frame; the addendum prescribes Latin-1, real writers also put UTF-8."""
    if not body:
        return ""
    raw = _split_text(body[1:], body[0])[1].strip(b"\0")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _linked_picture(body: bytes) -> str:
    """Return the address that an APIC frame gives in place of a picture, or nothing."""
    media_type, _, rest = body[1:].partition(b"\0")
    if media_type != b"-->" or len(rest) < 2:
        return ""
    return _split_text(rest[1:], body[0])[1].decode("latin-1").strip("\0")
