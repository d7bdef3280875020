"""What a file is, told by its first bytes alone: servers, names and Content-Type headers are not believed.

`sniff` also names the FFmpeg demuxer to force, so that no file can talk the decoder into a format that opens other files.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Literal

from jobs.frames import Framing, framing
from storage.errors import NotAudio

SNIFF_BYTES = 16 * 1024
"""How much of a file's beginning is worth giving to `sniff`."""

Kind = Literal["audio", "video", "image", "html", "xml", "playlist", "json", "text", "archive", "empty", "unknown"]


@dataclass(frozen=True)
class MediaType:
    """The type of a file."""

    name: str
    """The registered media type, such as `audio/mpeg`."""
    kind: Kind
    demuxer: str | None = None
    """FFmpeg's demuxer for it; only audio and video have one."""

    @property
    def has_audio(self) -> bool:
        """Whether a decoder should be tried on it: audio, or video that may carry an audio track."""
        return self.demuxer is not None

    @property
    def description(self) -> str:
        """What it is, in words, with its article."""
        return _NAMES_IN_WORDS.get(self.name) or _KINDS_IN_WORDS.get(self.kind) or f"a file of type {self.name}"


_NAMES_IN_WORDS = {
    "application/vnd.apple.mpegurl": "a playlist (M3U8)",
    "audio/x-scpls": "a playlist (PLS)",
    "application/xspf+xml": "a playlist (XSPF)",
    "application/dash+xml": "a playlist (DASH)",
    "video/x-ms-asx": "a playlist (ASX)",
    "application/smil+xml": "a playlist (SMIL)",
    "text/x-ffconcat": "a playlist (an FFmpeg concat script)",
    "application/rss+xml": "a feed (RSS)",
    "application/atom+xml": "a feed (Atom)",
    "text/x-opml": "a list of feeds (OPML)",
    "application/pdf": "a PDF",
}
_KINDS_IN_WORDS = {
    "image": "an image",
    "html": "a web page",
    "xml": "an XML document",
    "playlist": "a playlist",
    "json": "a JSON document",
    "text": "plain text",
    "archive": "a compressed archive",
    "empty": "an empty file",
    "unknown": "no kind of audio that earmark knows",
}

UNKNOWN = MediaType("application/octet-stream", "unknown")
EMPTY = MediaType("application/x-empty", "empty")
_MP3 = MediaType("audio/mpeg", "audio", "mp3")
_AAC = MediaType("audio/aac", "audio", "aac")
_FRAMED: dict[Framing | None, MediaType] = {"mpeg": _MP3, "adts": _AAC}

# Each: where the bytes stand, the bytes, what they mean.
_SIGNATURES: tuple[tuple[int, bytes, MediaType], ...] = (
    (0, b"fLaC", MediaType("audio/flac", "audio", "flac")),
    (0, b"caff", MediaType("audio/x-caf", "audio", "caf")),
    (0, b"#!AMR", MediaType("audio/amr", "audio", "amr")),
    (0, b"ADIF", _AAC),
    (0, b".snd", MediaType("audio/basic", "audio", "au")),
    (0, b"wvpk", MediaType("audio/x-wavpack", "audio", "wv")),
    (0, b"MAC ", MediaType("audio/x-ape", "audio", "ape")),
    (0, b"FLV\x01", MediaType("video/x-flv", "video", "flv")),
    (0, b"\x00\x00\x01\xba", MediaType("video/mpeg", "video", "mpeg")),
    (0, bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), MediaType("audio/x-ms-wma", "audio", "asf")),
    (0, b"\x89PNG\r\n\x1a\n", MediaType("image/png", "image")),
    (0, b"\xff\xd8\xff", MediaType("image/jpeg", "image")),
    (0, b"GIF87a", MediaType("image/gif", "image")),
    (0, b"GIF89a", MediaType("image/gif", "image")),
    (0, b"BM", MediaType("image/bmp", "image")),
    (0, b"II*\x00", MediaType("image/tiff", "image")),
    (0, b"MM\x00*", MediaType("image/tiff", "image")),
    (0, b"\x00\x00\x01\x00", MediaType("image/x-icon", "image")),
    (0, b"PK\x03\x04", MediaType("application/zip", "archive")),
    (0, b"PK\x05\x06", MediaType("application/zip", "archive")),
    (0, b"\x1f\x8b", MediaType("application/gzip", "archive")),
    (0, b"7z\xbc\xaf\x27\x1c", MediaType("application/x-7z-compressed", "archive")),
    (0, b"Rar!\x1a\x07", MediaType("application/vnd.rar", "archive")),
    (0, b"BZh", MediaType("application/x-bzip2", "archive")),
    (0, b"\xfd7zXZ\x00", MediaType("application/x-xz", "archive")),
    (0, b"\x28\xb5\x2f\xfd", MediaType("application/zstd", "archive")),
    (257, b"ustar", MediaType("application/x-tar", "archive")),
    (0, b"%PDF-", MediaType("application/pdf", "unknown")),
)


def sniff(head: bytes) -> MediaType:
    """Return the type of a file from its first bytes (`SNIFF_BYTES` of them are enough; fewer say less)."""
    if not head:
        return EMPTY
    return _container(head) or _signature(head) or _text(head) or _elementary(head) or UNKNOWN


def require_audio(head: bytes, what: str) -> MediaType:
    """Return the type of something that a decoder should be tried on; raises NotAudio naming what `what` is instead."""
    media = sniff(head)
    if media.has_audio:
        return media
    if media.kind == "playlist":
        hint = "Playlists are not followed, since they can name any file: give the address of the audio itself."
    elif media.kind in {"html", "xml"}:
        hint = (
            "Give the address of the audio itself, or give this page or feed as the source, so that its episodes are looked for."
        )
    elif media.kind == "empty":
        hint = "Its publisher may not have put the audio there yet; try again later."
    else:
        hint = "Give the address of an audio or video file."
    raise NotAudio(f"{what} is {media.description}, not audio.", hint=hint)


def _signature(head: bytes) -> MediaType | None:
    return next((media for at, magic, media in _SIGNATURES if head.startswith(magic, at) and not _only_text(magic, head)), None)


def _only_text(magic: bytes, head: bytes) -> bool:
    """Tell whether a short, printable signature is just how a text begins ("BMW announced …")."""
    return len(magic) < 4 and magic.isalnum() and _decoded(head) is not None


# --- containers -----------------------------------------------------------------------------------------------------


def _container(head: bytes) -> MediaType | None:
    form = head[8:12]
    if head[:4] in {b"RIFF", b"RF64", b"BW64", b"RIFX"}:
        return _RIFF_FORMS.get(form, UNKNOWN)
    if head[:4] == b"FORM" and form in {b"AIFF", b"AIFC"}:
        return MediaType("audio/aiff", "audio", "aiff")
    if head[:4] == b"OggS":
        video = b"theora" in head[:512]
        return MediaType("video/ogg" if video else "audio/ogg", "video" if video else "audio", "ogg")
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return MediaType("video/webm" if b"webm" in head[:64] else "video/x-matroska", "video", "matroska")
    return _iso_media(head)


_RIFF_FORMS = {
    b"WAVE": MediaType("audio/wav", "audio", "wav"),
    b"AVI ": MediaType("video/x-msvideo", "video", "avi"),
    b"WEBP": MediaType("image/webp", "image"),
}
_IMAGE_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"hevc", b"mif1", b"msf1"}
_AUDIO_BRANDS = {b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "}


def _iso_media(head: bytes) -> MediaType | None:
    """Recognise ISO/IEC 14496-12 files by their first box, and QuickTime files older than `ftyp`.

    A general brand whose tracks are listed at the end of the file is called video, whether it has pictures or not.
    """
    box, size = head[4:8], int.from_bytes(head[:4], "big")
    if box == b"ftyp":
        brand = head[8:12]
        if brand in _IMAGE_BRANDS:
            return MediaType(f"image/{'avif' if brand.startswith(b'avi') else 'heic'}", "image")
        if brand in _AUDIO_BRANDS or (b"soun" in head and b"vide" not in head):
            return MediaType("audio/mp4", "audio", "mov")
        return MediaType("video/quicktime" if brand == b"qt  " else "video/mp4", "video", "mov")
    if box in {b"moov", b"mdat", b"wide", b"pnot"} and (size >= 8 or size == 1):
        return MediaType("video/quicktime", "video", "mov")
    return None


# --- texts ----------------------------------------------------------------------------------------------------------

_PROLOGUE = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->|<!doctype\s+(?!html)[^>\[]*(\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(rb"<(?:!doctype\s+)?([a-z][\w:.-]*)", re.IGNORECASE)
_HTML_TAGS = frozenset(
    b"html head body script title meta link style div p a table iframe h1 h2 br span center font img noscript form".split()
)
_XML_ROOTS = {
    b"mpd": MediaType("application/dash+xml", "playlist"),
    b"playlist": MediaType("application/xspf+xml", "playlist"),
    b"asx": MediaType("video/x-ms-asx", "playlist"),
    b"smil": MediaType("application/smil+xml", "playlist"),
    b"rss": MediaType("application/rss+xml", "xml"),
    b"rdf:rdf": MediaType("application/rss+xml", "xml"),
    b"feed": MediaType("application/atom+xml", "xml"),
    b"opml": MediaType("text/x-opml", "xml"),
    b"svg": MediaType("image/svg+xml", "image"),
}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_M3U_LINE = re.compile(
    rb"(?:#ext|[^\n<>{}]*\.(?:mp3|m4a|m4s|aac|ts|ogg|opus|flac|wav|m3u8?)(?:\?\S*)?\s*$)", re.IGNORECASE | re.MULTILINE
)


def _text(head: bytes) -> MediaType | None:
    """Recognise playlists, web pages, feeds, JSON and plain text."""
    text = _decoded(head)
    start = (text.encode() if text is not None else head).lstrip()
    if start.startswith(b"<"):
        return _markup(start)
    if text is None:
        return None
    return _playlist(start) or _json(start) or MediaType("text/plain", "text")


def _decoded(head: bytes) -> str | None:
    """Return the text that these bytes are, or None; a character cut off at the end is left out."""
    bom, encoding = next(((b, e) for b, e in _BOMS if head.startswith(b)), (b"", "utf-8"))
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head[len(bom) :])
    except UnicodeDecodeError:
        return None
    printable = all(character >= " " or character in "\t\n\r\f\x1b" for character in text)
    return text if printable and text else None


def _markup(start: bytes) -> MediaType:
    """Name the document by its root element, which comments, instructions and a DTD may precede."""
    at = 0
    while skipped := _PROLOGUE.match(start, at):
        at = skipped.end()
    root = _ROOT.match(start, at)
    name = root[1].lower() if root else b""
    if name in _HTML_TAGS:
        return MediaType("text/html", "html")
    local = name.rpartition(b":")[2]
    return _XML_ROOTS.get(name) or _XML_ROOTS.get(local) or MediaType("application/xml", "xml")


def _playlist(start: bytes) -> MediaType | None:
    low = start[:64].lower()
    if low.startswith(b"[playlist]"):
        return MediaType("audio/x-scpls", "playlist")
    if low.startswith(b"ffconcat") or re.match(rb"file\s+['\"\w./]", low):
        return MediaType("text/x-ffconcat", "playlist")
    return MediaType("application/vnd.apple.mpegurl", "playlist") if _M3U_LINE.match(start[:2048]) else None


def _json(start: bytes) -> MediaType | None:
    return MediaType("application/json", "json") if re.match(rb"(\{\s*[\"}]|\[\s*[\[{\"\d\]-])", start) else None


# --- elementary streams: no signature, only frames that follow one another --------------------------------------------


def _elementary(head: bytes) -> MediaType | None:
    if head.startswith(b"ID3"):
        return _tagged(head)
    if head.startswith(b"\x0b\x77") and len(head) > 5:
        enhanced = head[5] >> 3 > 10  # bsid: ETSI TS 102 366, annex E
        return MediaType("audio/eac3", "audio", "eac3") if enhanced else MediaType("audio/ac3", "audio", "ac3")
    if len(head) > 376 and head[0] == head[188] == head[376] == 0x47:
        return MediaType("video/mp2t", "video", "mpegts")
    return _FRAMED.get(framing(head))


def _tagged(head: bytes) -> MediaType:
    """Look behind ID3v2 tags, when they end within these bytes; mp3 otherwise, as nearly all such files are."""
    behind = head
    while behind.startswith(b"ID3"):
        size = sum((byte & 0x7F) << shift for byte, shift in zip(behind[6:10], (21, 14, 7, 0), strict=False))
        behind = behind[10 + size :].lstrip(b"\0")
    if behind.startswith(b"fLaC"):
        return MediaType("audio/flac", "audio", "flac")
    return _FRAMED.get(framing(behind), _MP3)
