"""What a media file says about itself: the guarded way to open one, its audio stream, tags, cover and claimed duration."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from storage.errors import BrokenAudio, NotAudio, NotFound, SourceError

MOV = "mov,mp4,m4a,3gp,3g2,mj2"
"""FFmpeg's name for the MP4 family."""

_MATROSKA = "matroska,webm"

DEMUXERS = frozenset(
    (
        *(
            "aac",
            "ac3",
            "aiff",
            "amr",
            "ape",
            "asf",
            "au",
            "avi",
            "caf",
            "dts",
            "eac3",
            "flac",
            "flv",
            "loas",
            "mp3",
            "mpc",
            "mpc8",
        ),
        *("mpeg", "mpegts", "ogg", "tta", "w64", "wav", "wv", _MATROSKA, MOV),
    )
)
"""The only container readers of FFmpeg that are ever used: none of them opens a second file."""

_CLAIMING = frozenset((*("aiff", "ape", "asf", "au", "caf", "flac", "tta", "w64", "wav", "wv"), _MATROSKA, MOV))
"""Containers whose header states a duration; for the others FFmpeg guesses one from the bit rate and the size of the file."""

_PLAYLISTS = (b"#extm3u", b"ffconcat", b"<mpd", b"[playlist]", b"<smil", b"<asx", b"[reference]", b"<playlist")
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<rss", b"<feed", b"{", b"<svg")
_IMAGES = (b"\x89png", b"\xff\xd8\xff", b"gif8")
_AUDIO_MAGIC = (
    b"id3",
    b"oggs",
    b"flac",
    b"riff",
    b"rf64",
    b"\x1aE\xdf\xa3".lower(),
    b"form",
    b"caff",
    b"\x30\x26\xb2\x75",
    b"flv",
)

MAX_COVER = 16 * 2**20
"""Bytes of a cover that is kept; a larger one is passed over."""

_MAX_TAGS = 64
_MAX_TAG = 4000

_IMAGE_TYPES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)


@dataclass(frozen=True)
class Probe:
    """What the container says, before anything is decoded; the durations it states are claims."""

    container: str
    codec: str
    sample_rate: int
    channels: int
    claimed: float | None
    """Duration that a header states, seconds; none where FFmpeg would only guess."""
    tags: dict[str, str] = field(default_factory=dict)
    """Lower-case name → text, of the container and the audio stream."""
    has_cover: bool = False
    """Whether a picture is attached (`read_cover`)."""


@dataclass(frozen=True)
class CoverImage:
    """A picture attached to the audio."""

    media_type: str
    data: bytes


def probe(source: Path, *, demuxer: str | None = None) -> Probe:
    """Read the headers of a media file; raises as `open_media` and `choose_audio` do."""
    with open_media(source, demuxer=demuxer) as container:
        return describe(container, choose_audio(container, source), source)


def read_cover(source: Path, *, demuxer: str | None = None) -> CoverImage | None:
    """Return the attached picture, its type told by its first bytes; none where there is none, or it is over `MAX_COVER`."""
    with open_media(source, demuxer=demuxer) as container:
        pictures = _pictures(container)
        if not pictures:
            return None
        try:
            # FFmpeg hands out attached pictures before anything else, so this reads no audio
            data = next((bytes(packet) for packet in container.demux(pictures[0]) if packet.size), b"")
        except (av.FFmpegError, OSError):
            return None
    media_type = _image_type(data)
    return CoverImage(media_type, data) if media_type and len(data) <= MAX_COVER else None


@contextlib.contextmanager
def open_media(source: Path, *, demuxer: str | None = None) -> Iterator[Any]:
    """Open a media file of which nothing is believed, and close it at the end of the block.

    Only `DEMUXERS` may read it, by the name given or by FFmpeg's own probing, and only the `file` protocol is allowed, so that a
    playlist in disguise opens nothing. Raises `NotFound`, `NotAudio` (a page, a playlist, a picture, something unknown) and
    `BrokenAudio` (empty, or audio by its first bytes that cannot be read).
    """
    head = _read_head(source)
    _refuse_text(head, source)
    if demuxer is not None and demuxer not in DEMUXERS:
        raise NotAudio(f"{source.name} is of a kind that is not read ({demuxer}).", hint="Give an audio or video file.")
    options = {"protocol_whitelist": "file", "format_whitelist": ",".join(sorted(DEMUXERS))}
    try:
        # an absolute path begins with a slash, so no part of it can be taken for a protocol
        container = av.open(str(source.absolute()), format=demuxer, options=options, metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise _unreadable(source, head, demuxer, error) from error
    with container:
        yield container


def choose_audio(container: Any, source: Path) -> Any:
    """Return the audio stream that players play: the one marked as default, else the first; raises `NotAudio` where none is."""
    streams = list(container.streams.audio)
    if not streams:
        raise NotAudio(f"{source.name} has no audio in it.", hint="Give a file with an audio track.")
    return next((stream for stream in streams if stream.disposition & Disposition.default), streams[0])


def describe(container: Any, stream: Any, source: Path) -> Probe:
    """Collect what an open container says about one of its audio streams."""
    codec = stream.codec_context
    return Probe(
        container=container.format.name,
        codec=codec.codec.canonical_name if hasattr(codec.codec, "canonical_name") else codec.name,
        sample_rate=codec.sample_rate or 0,
        channels=codec.channels or 0,
        claimed=_claimed(container, stream, source),
        tags=clean_tags({**stream.metadata, **container.metadata}),
        has_cover=bool(_pictures(container)),
    )


def _pictures(container: Any) -> list[Any]:
    return [stream for stream in container.streams.video if stream.disposition & Disposition.attached_pic]


def clean_tags(raw: dict[str, str]) -> dict[str, str]:
    """Make tags safe to store: lower-case names, no control characters, bounded in number and length."""
    tags: dict[str, str] = {}
    for name, value in raw.items():
        key = _printable(name).strip().lower()[:80]
        text = _printable(value).strip()[:_MAX_TAG]
        if key and text and len(tags) < _MAX_TAGS:
            tags.setdefault(key, text)
    return tags


def _printable(text: str) -> str:
    return "".join(letter for letter in text if letter in "\n\t" or (letter.isprintable() and letter != "\ufffd"))


def _image_type(data: bytes) -> str | None:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _IMAGE_TYPES if data.startswith(magic)), None)


def _claimed(container: Any, stream: Any, source: Path) -> float | None:
    name = container.format.name
    if name not in _CLAIMING and not (name == "mp3" and _has_frame_count(source)):
        return None
    if stream.duration is not None and stream.time_base is not None:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        seconds = container.duration / av.time_base
    else:
        return None
    return seconds * _riff_claim(source) if name == "wav" else seconds


def _riff_claim(source: Path) -> float:
    """Return how much longer a RIFF file says it is than it is; FFmpeg believes the size of the file instead."""
    size = source.stat().st_size
    with source.open("rb") as file:
        head = file.read(8)
    claim = int.from_bytes(head[4:8], "little") + 8
    # recorders that write to a pipe leave the size at its largest, or at a large round number
    return claim / size if head[:4] == b"RIFF" and size < claim < 2**31 - 2**16 else 1.0


def _has_frame_count(source: Path) -> bool:
    """Tell whether the first frame of an MP3 holds a Xing, Info or VBRI header."""
    with source.open("rb") as file:
        head = file.read(10)
        skip = 0
        if head[:3] == b"ID3" and len(head) == 10:
            skip = 10 + sum((byte & 0x7F) << (21 - 7 * place) for place, byte in enumerate(head[6:10]))
        file.seek(skip)
        frame = file.read(4096)
    return any(mark in frame for mark in (b"Xing", b"Info", b"VBRI"))


def _read_head(source: Path) -> bytes:
    try:
        with source.open("rb") as file:
            head = file.read(1024)
    except FileNotFoundError as error:
        raise NotFound(f"There is no file at {source}.", hint="Check the path.") from error
    except OSError as error:
        raise NotFound(f"{source} cannot be read: {error.strerror}.", hint="Check that it is a file you may read.") from error
    if not head:
        raise BrokenAudio(f"{source.name} is empty (0 bytes).", hint="Fetch it again, or ask the publisher.")
    return head


def _refuse_text(head: bytes, source: Path) -> None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(_PLAYLISTS) or (start.startswith(b"<?xml") and (b"<mpd" in start or b"<smil" in start)):
        kind = "a playlist"
    elif start.startswith(_PAGES):
        kind = "a page or a feed"
    elif start.startswith(_IMAGES):
        kind = "a picture"
    else:
        return
    raise NotAudio(f"{source.name} is {kind}, not audio.", hint="Give the address of the audio file itself.")


def _unreadable(source: Path, head: bytes, demuxer: str | None, error: Exception) -> SourceError:
    start = head.lower()
    reason = getattr(error, "strerror", None) or str(error)
    if (
        demuxer is not None
        or start.startswith(_AUDIO_MAGIC)
        or head[4:8] == b"ftyp"
        or (head[0] == 0xFF and head[1:2] >= b"\xe0")
    ):
        return BrokenAudio(
            f"{source.name} begins like audio but cannot be read ({reason}).", hint="Fetch it again; it may be cut off."
        )
    return NotAudio(f"{source.name} is not a kind of audio or video that is known.", hint="Give an audio or video file.")
