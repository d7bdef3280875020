"""What an address and its claimed type say about being audio; a guess for choosing links, never trusted for opening files."""

from __future__ import annotations

from urllib.parse import urlsplit

AUDIO_SUFFIXES = frozenset(
    {"aac", "aif", "aiff", "amr", "flac", "m4a", "m4b", "mka", "mp2", "mp3", "oga", "ogg", "opus", "wav", "wma"}
)
VIDEO_SUFFIXES = frozenset({"3gp", "avi", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "ogv", "webm", "wmv"})
OTHER_SUFFIXES = frozenset(
    {
        "bmp",
        "css",
        "doc",
        "docx",
        "epub",
        "gif",
        "htm",
        "html",
        "ico",
        "jpeg",
        "jpg",
        "js",
        "json",
        "pdf",
        "png",
        "ppt",
        "pptx",
        "srt",
    }
    | {"svg", "tif", "tiff", "torrent", "txt", "vtt", "webp", "xml", "zip"}
)


def suffix_of(url: str) -> str:
    """Return the file name's ending in lower case, without the dot; empty if there is none."""
    try:
        name = urlsplit(url).path.rsplit("/", 1)[-1]
    except ValueError:
        return ""
    return name.rpartition(".")[2].lower() if "." in name else ""


def media_rank(url: str, media_type: str | None) -> int | None:
    """Return 0 for audio, 1 for video, 2 for what does not say, and none for what is something else (an image, a page).

    A known ending counts more than the claimed type: types are often wrong, endings hardly ever.
    """
    suffix = suffix_of(url)
    kind = (media_type or "").partition(";")[0].strip().lower()
    if suffix in AUDIO_SUFFIXES:
        return 0
    if suffix in VIDEO_SUFFIXES:
        return 0 if kind.startswith("audio/") else 1
    if suffix in OTHER_SUFFIXES:
        return None
    if kind.startswith("audio/") or kind == "application/ogg":
        return 0
    if kind.startswith("video/"):
        return 1
    return 2 if kind in {"", "application/octet-stream", "binary/octet-stream", "application/force-download"} else None
