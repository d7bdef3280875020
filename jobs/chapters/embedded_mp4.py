"""Chapters in MP4 files (m4a, m4b, mp4): QuickTime text tracks and Nero's `chpl` box.

Read from the boxes, because the libraries see half of them: libavformat takes the wrong one of two text tracks and no
links, mutagen knows only Nero's.

Decisions:

- QuickTime goes before Nero: it has no limit of 255 chapters or 255 bytes of title. Nero fills nothing in.
- QuickTime: the tracks that an audio or video track names in `tref/chap`. Of several text tracks, those of which most samples are
  addresses, or carry one in an `href` box, give the links, and the first of the others gives the titles. A link belongs to the
  chapter in which its sample begins. Text is UTF-8, or UTF-16 with its mark, else Mac Roman (old files).
- A picture track gives a notice: its pictures have no address.
- Nero: starts are in 100 ns; the count is read with four bytes, as newer writers do, which covers the one-byte form. A title
  of exactly 255 bytes was cut by the format and is marked truncated, and so is one that the file's end cuts.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import BinaryIO

from jobs.chapters.boxes import TextSample, Track, boxes, find_moov, inside, text_samples, tracks
from jobs.chapters.marks import MAX_CHAPTERS, mark, web_address
from storage.documents import ChapterMark, Notice

_NERO_TICKS = 10_000_000
_NERO_TITLE = 255
_MAX_TRACKS = 8
"""Chapter tracks read; real files have titles, links and pictures."""
_ADDRESS = re.compile(rb"https?://[\x21-\x7e]+", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """What an MP4 file had to say about chapters."""

    origin: str
    rows: list[ChapterMark | None]
    notices: list[Notice]


@dataclass(frozen=True)
class _Line:
    """One sample of a text track, read."""

    start: float
    end: float
    text: str
    url: str | None
    whole: bool


def read_mp4(file: BinaryIO) -> Found:
    """Return the chapters of an MP4 file: QuickTime's if there are any, else Nero's."""
    moov = find_moov(file)
    if moov is None:
        return Found(
            "mp4", [], [Notice(code="tag_truncated", message="The MP4 file has no index (`moov`); it may be cut short.")]
        )
    notices = []
    if not moov.whole:
        notices.append(Notice(code="tag_truncated", message="The index of the MP4 file is cut short; chapters may be missing."))
    rows, said = _quicktime(moov.body, file)
    if rows:
        return Found("mp4:quicktime", rows, notices + said)
    return Found("mp4:nero", _nero(inside(moov.body, b"udta", b"chpl") or b""), notices + said)


# ------------------------------------------------------------------ QuickTime


def _quicktime(moov: bytes, file: BinaryIO) -> tuple[list[ChapterMark | None], list[Notice]]:
    everything = tracks(moov)
    named = dict.fromkeys(number for t in everything for number in t.chapter_tracks)
    chosen = [t for number in list(named)[:_MAX_TRACKS] for t in everything if t.id == number][:_MAX_TRACKS]
    texts = [_lines(t, file) for t in chosen if t.handler in (b"text", b"sbtl")]
    texts = [lines for lines in texts if lines]
    pictures = sum(t.handler == b"vide" for t in chosen)
    said = (
        [Notice(code="chapter_pictures", message="The file carries pictures for its chapters inside itself.")] if pictures else []
    )
    if not texts:
        return [], said
    titles = next((lines for lines in texts if not _are_links(lines)), None)
    titles = titles or next((lines for lines in texts if any(line.text for line in lines)), texts[0])
    links = [line for lines in texts if lines is not titles for line in lines if line.url]
    return [_row(line, links) for line in titles], said


def _row(line: _Line, links: list[_Line]) -> ChapterMark | None:
    address = line.url or next((a.url for a in links if line.start - 0.0005 <= a.start < line.end - 0.0005), None)
    return mark(line.start, line.text, end=line.end, url=address, truncated=not line.whole)


def _are_links(lines: list[_Line]) -> bool:
    """Tell whether a track is there for its links: most of its samples are addresses or carry one."""
    written = [line for line in lines if line.text or line.url]
    return bool(written) and sum(line.url is not None for line in written) * 2 > len(written)


def _lines(track: Track, file: BinaryIO) -> list[_Line]:
    return [_line(sample) for sample in text_samples(track, file)]


def _line(sample: TextSample) -> _Line:
    length = int.from_bytes(sample.data[:2], "big")
    raw, extensions = sample.data[2 : 2 + length], sample.data[2 + length :]
    text = _decoded(raw)
    address = _href(extensions) or (web_address(text) if text.lower().startswith(("http://", "https://")) else None)
    return _Line(sample.start, sample.start + sample.duration, text, address, whole=len(raw) == length)


def _href(extensions: bytes) -> str | None:
    """Return the address of a sample's `href` box (3GPP TS 26.245: two character places, a length, the address)."""
    for box in boxes(extensions):
        if box.name == b"href":
            counted = box.body[5 : 5 + box.body[4]] if len(box.body) > 5 else b""
            address = web_address(counted.decode("utf-8", "replace"))
            loose = _ADDRESS.search(box.body)
            return address or (web_address(loose.group().decode("ascii")) if loose else None)
    return None


def _decoded(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("mac_roman")


# ------------------------------------------------------------------ Nero


def _nero(chpl: bytes) -> list[ChapterMark | None]:
    """Read the box after libavformat's and mp4v2's writers: version, flags, from version 1 on a reserved byte, count, entries."""
    if len(chpl) < 5:
        return []
    count, at = (int.from_bytes(chpl[5:9], "big"), 9) if chpl[0] else (chpl[4], 5)
    rows: list[ChapterMark | None] = []
    while len(rows) < min(count, MAX_CHAPTERS + 1) and at + 9 <= len(chpl):
        start, length = struct.unpack_from(">QB", chpl, at)
        raw = chpl[at + 9 : at + 9 + length]
        cut = length == _NERO_TITLE or len(raw) < length
        rows.append(mark(start / _NERO_TICKS, raw.decode("utf-8", "ignore" if cut else "replace"), truncated=cut))
        at += 9 + length
    return rows
