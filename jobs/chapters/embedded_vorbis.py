"""Chapters in Vorbis comments: Ogg Opus, Ogg Vorbis, Ogg FLAC, Speex, and native FLAC.

The convention (wiki.xiph.org/Chapter_Extension): `CHAPTERxxx=HH:MM:SS.mmm`, `CHAPTERxxxNAME`, `CHAPTERxxxURL`.
The comment packet is taken out of the Ogg pages without looking at their checksums: libavformat refuses a whole file for
one wrong checksum, and mutagen refuses a comment that is cut short, though the chapters stand before the break.

Decisions: keys in any case, one to four digits, starting anywhere (000 is common); minutes and seconds may be written
without hours, the fraction with a comma; of several values under one number, the first time goes with the first name, and so on;
of several logical streams the first with comments counts.

Times are taken as written. libavformat's own Ogg writer rounds the seconds and keeps the milliseconds, so that it writes 12.7 s
as 13.7 (seen in version 62). Nothing in a file tells whether it wrote the chapters or only the sound, so this is not undone: a
wrong repair would be as large as the error.
"""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from typing import BinaryIO

from jobs.chapters.marks import mark
from storage.documents import ChapterMark, Notice

MAX_COMMENTS = 64 << 20
"""Bytes of comments that are read; they may hold the cover picture."""
_MAX_PIECES = 50_000
"""Pages, blocks or comments looked at: hostile files consist of empty ones."""
_KEY = re.compile(r"CHAPTER(\d{1,4})(NAME|URL)?", re.IGNORECASE)
_TIME = re.compile(r"(?:(\d{1,3}):)?(\d{1,4}):(\d{1,2}(?:[.,]\d{1,9})?)")
_PREFIXES = (b"OpusTags", b"\x03vorbis")
_FLAC_COMMENT = 4


def read_ogg(file: BinaryIO) -> tuple[list[ChapterMark | None], list[Notice]]:
    """Return the chapters of an Ogg file as rows, and what should be known about them."""
    return _read(_ogg_comments(file))


def read_flac(file: BinaryIO) -> tuple[list[ChapterMark | None], list[Notice]]:
    """Return the chapters of a native FLAC file, read from behind its four first bytes, and what should be known about them."""
    return _read(_flac_comments(file))


def clock(text: str) -> float | None:
    """Return the seconds that `HH:MM:SS.mmm` or `MM:SS` means, or none."""
    found = _TIME.fullmatch(text.strip())
    if not found:
        return None
    seconds = float(found[3].replace(",", "."))
    if seconds >= 60 or (found[1] and int(found[2]) >= 60):
        return None
    return int(found[1] or 0) * 3600 + int(found[2]) * 60 + seconds


def _read(packet: bytes) -> tuple[list[ChapterMark | None], list[Notice]]:
    comments, whole = _comments(packet)
    rows = _rows(comments)
    if whole:
        return rows, []
    return rows, [
        Notice(code="tag_truncated", message=f"The comments are cut short; {len(rows)} chapters could be read from them.")
    ]


def _rows(comments: list[tuple[str, str]]) -> list[ChapterMark | None]:
    fields: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for key, value in comments:
        if found := _KEY.fullmatch(key):
            fields[int(found[1])][(found[2] or "").upper()].append(value)
    rows = []
    for _, parts in sorted(fields.items()):
        for turn, time in enumerate(parts[""]):
            start = clock(time)
            name, url = ("".join(parts[key][turn : turn + 1]) for key in ("NAME", "URL"))
            rows.append(mark(start, name, url=url) if start is not None else None)
    return rows


def _comments(packet: bytes) -> tuple[list[tuple[str, str]], bool]:
    """Return the comments of a packet as pairs, and whether all of them were there."""
    if len(packet) < 8:
        return [], not packet
    at = 4 + int.from_bytes(packet[:4], "little")
    (count,) = struct.unpack_from("<I", packet, at) if at + 4 <= len(packet) else (1,)
    at += 4
    pairs: list[tuple[str, str]] = []
    for _ in range(min(count, _MAX_PIECES)):
        size = int.from_bytes(packet[at : at + 4], "little")
        if at + 4 + size > len(packet):
            return pairs, False
        key, _, value = packet[at + 4 : at + 4 + size].partition(b"=")
        pairs.append((key.decode("ascii", "replace"), value.decode("utf-8", "replace") if len(key) < 32 else ""))
        at += 4 + size
    return pairs, True


# ------------------------------------------------------------------ where the comments lie


def _ogg_comments(file: BinaryIO) -> bytes:
    """Return the second packet of the first logical stream, without its prefix."""
    file.seek(0)
    packet, wanted, seen, size = bytearray(), None, 0, 0
    for _ in range(_MAX_PIECES):
        head = file.read(27)
        if len(head) < 27 or head[:4] != b"OggS" or size > MAX_COMMENTS:
            break
        lacing = file.read(head[26])
        body = file.read(sum(lacing))
        size += 27 + len(lacing) + len(body)
        serial = head[14:18]
        wanted = wanted or serial
        if serial != wanted:
            continue
        at = 0
        for length in lacing:
            if seen == 1:
                packet += body[at : at + length]
            at += length
            seen += length < 255
            if seen > 1:
                return _without_prefix(bytes(packet))
    return _without_prefix(bytes(packet))


def _without_prefix(packet: bytes) -> bytes:
    for prefix in _PREFIXES:
        if packet.startswith(prefix):
            return packet[len(prefix) :]
    if packet[:1] and packet[0] & 0x7F == _FLAC_COMMENT and int.from_bytes(packet[1:4], "big") == len(packet) - 4:
        return packet[4:]  # Ogg FLAC carries a native metadata block
    return packet


def _flac_comments(file: BinaryIO) -> bytes:
    """Return the first comment block of a native FLAC file."""
    for _ in range(_MAX_PIECES):
        head = file.read(4)
        if len(head) < 4:
            break
        size = int.from_bytes(head[1:], "big")
        if head[0] & 0x7F == _FLAC_COMMENT:
            return file.read(size)
        file.seek(size, 1)
        if head[0] & 0x80:
            break
    return b""
