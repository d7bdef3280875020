"""A transcript's bytes to its cues: which format it is is told by what is there, for the type in the feed is often wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

from jobs.published import PublisherTranscript
from jobs.safe_xml import decode
from jobs.transcript_files.captions import read_blocks
from jobs.transcript_files.html import read_html
from jobs.transcript_files.plain import read_plain
from jobs.transcript_files.podcast_json import read_podcast_json
from jobs.transcript_files.rows import Row, cues_of
from jobs.transcript_files.srt import read_srt
from jobs.transcript_files.vtt import read_vtt
from storage.documents import Link, Notice
from storage.errors import BadTranscript

MAX_BYTES = 16 << 20
"""Bytes of one transcript; a word-by-word one of eight hours has about half of that."""

Format: TypeAlias = Literal["json", "vtt", "srt", "html", "plain"]

MEDIA_TYPES: dict[Format, str] = {
    "json": "application/json", "vtt": "text/vtt", "srt": "application/x-subrip", "html": "text/html", "plain": "text/plain",
}  # fmt: skip
_READERS: dict[Format, Callable[[str], list[Row]]] = {"vtt": read_vtt, "srt": read_srt, "html": read_html, "plain": read_plain}
_HEAD = 65_536
_TAGS = re.compile(r"<(?:!doctype html|html|body|p|cite|time|div|br|span)[\s/>]", re.IGNORECASE)
_HINT = "The episode is transcribed without it."


def claimed_format(link: Link) -> Format | None:
    """Return the format that a link's type, else the end of its address, claims; none if both say nothing."""
    kind = (link.media_type or "").lower()
    path = link.url.lower().partition("?")[0].partition("#")[0]
    for text in (kind, path.rpartition("/")[2].rpartition(".")[2]):
        for word, name in _CLAIMS.items():
            if word in text:
                return name
    return None


_CLAIMS: dict[str, Format] = {
    "json": "json", "vtt": "vtt", "srt": "srt", "subrip": "srt", "srr": "srt", "html": "html", "plain": "plain", "txt": "plain",
}  # fmt: skip


def read_transcript(data: bytes, link: Link) -> PublisherTranscript:
    """Return what a publisher's transcript says, fetched from `link`.

    Broken rows are repaired or dropped with a warning. A text without times gives no cues. Raises `BadTranscript` for bytes that
    hold no transcript, and for more than `MAX_BYTES`.
    """
    if len(data) > MAX_BYTES:
        raise BadTranscript(f"The transcript {link.url} has {len(data)} bytes; at most {MAX_BYTES} are read.", hint=_HINT)
    text, _, _ = decode(data)
    text = text.lstrip("\ufeff")
    if not text.strip("\0 \t\r\n"):
        raise BadTranscript(f"The transcript {link.url} is empty.", hint=_HINT)
    if "\0" in text[:_HEAD]:
        raise BadTranscript(f"The transcript {link.url} is no text.", hint=_HINT)
    form = _format_of(text, link)
    rows = read_podcast_json(data, name=link.url, max_bytes=MAX_BYTES) if form == "json" else _READERS[form](text)
    cues, notices = cues_of(rows, link.url)
    return PublisherTranscript(
        url=link.url,
        media_type=MEDIA_TYPES[form],
        language=link.language,
        cues=cues,
        warnings=(*_lies(link, form), *notices, *_untimed(link, found=bool(cues))),
    )


def _format_of(text: str, link: Link) -> Format:
    head = text.lstrip()[:_HEAD]
    if head.startswith("WEBVTT"):
        return "vtt"
    if head.startswith("{") or re.match(r"\[\s*[{\]]", head):
        return "json"
    if "->" in head and any(block.start is not None for block in read_blocks(head, gap_ends=False)):
        return "vtt" if claimed_format(link) == "vtt" else "srt"
    return "html" if _TAGS.search(head) else "plain"


def _lies(link: Link, form: Format) -> tuple[Notice, ...]:
    claimed = claimed_format(link)
    if claimed in {None, form} or not link.media_type:
        return ()
    text = f"The transcript {link.url} is said to be {link.media_type}, but is {MEDIA_TYPES[form]}; it was read as such."
    return (Notice(code="transcript_type", message=text),)


def _untimed(link: Link, *, found: bool) -> tuple[Notice, ...]:
    if found:
        return ()
    return (
        Notice(code="transcript_untimed", message=f"The transcript {link.url} has no times, so nothing can be placed by it."),
    )
