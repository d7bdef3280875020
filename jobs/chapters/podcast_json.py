"""JSON Chapters 1.2, the file that `<podcast:chapters>` points to.

Specification: podcast namespace, docs/examples/chapters/jsonChapters.md. Live files break it in small ways, so:

- Read: UTF-8 with or without a byte order mark, UTF-16 with one, Latin-1 where it is not UTF-8; a missing or strange
  `version`; a bare list in place of the object; numbers written as texts, with a comma, or as `HH:MM:SS`; commas behind
  the last element; control characters inside texts. Each of these can mean one thing only.
- Refused (`BadChapters`): a page in place of JSON, other text, JSON without a list of chapters, more than `MAX_BYTES`. The
  caller stores such a source as "unknown", for nobody can tell what it would have said. An empty list is "none".
- A row without a usable `startTime`, or that is no object, is dropped and counted in a notice; the list is kept.
- Only `toc: false` hides (also written as a text); `null`, 0 and anything else do not: the specification names false alone.
- `title` may be missing, by the specification; a hidden row often has none. `location` and unknown keys are not used.
"""

from __future__ import annotations

import json
import re
from typing import Any

from jobs.chapters.embedded_vorbis import clock
from jobs.chapters.marks import mark, source_of
from storage.documents import ChapterMark, ChapterSource, Notice
from storage.errors import BadChapters

MAX_BYTES = 8 << 20
"""Bytes of one chapters file; real ones have a few thousand."""
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+"?)|,(\s*[\]}])', re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,15})?")


def read_podcast_json(data: bytes, *, origin: str) -> tuple[ChapterSource, tuple[Notice, ...]]:
    """Return the chapters of a JSON Chapters file and what should be known about them.

    `origin` is the address or path the bytes came from. Raises BadChapters where they are not such a file.
    """
    document = _document(data, origin)
    rows = document if isinstance(document, list) else document.get("chapters") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise BadChapters(f"{origin} is JSON, but has no list of chapters.", hint=_HINT)
    return source_of("podcast_json", origin, [_row(row) for row in rows])


_HINT = "The publisher's file is broken; another source is used, or give one with --chapters."


def _document(data: bytes, origin: str) -> Any:
    if len(data) > MAX_BYTES:
        raise BadChapters(f"{origin} has {len(data)} bytes, more than a chapters file may have ({MAX_BYTES}).", hint=_HINT)
    text = _decoded(data).strip().strip("\ufeff\0").strip()
    if not text:
        raise BadChapters(f"{origin} is empty.", hint=_HINT)
    if text.startswith("<"):
        raise BadChapters(f"{origin} is a page (HTML or XML) and not JSON chapters.", hint=_HINT)
    for attempt in (text, _TRAILING_COMMA.sub(lambda m: m[1] or m[2], text)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    raise BadChapters(f"{origin} is not JSON.", hint=_HINT)


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _row(row: object) -> ChapterMark | None:
    if not isinstance(row, dict):
        return None
    start = _seconds(row.get("startTime"))
    toc = row.get("toc")
    return mark(
        -1.0 if start is None else start,
        _text(row.get("title")),
        end=_seconds(row.get("endTime")),
        url=_text(row.get("url")),
        image=_text(row.get("img")),
        hidden=toc is False or (isinstance(toc, str) and toc.strip().lower() == "false"),
    )


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e15 else None  # a whole number in JSON may be too large for a float
    text = str(value).strip()
    if _NUMBER.fullmatch(text):
        return float(text.replace(",", "."))
    return clock(text)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # half of a surrogate pair is no character
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""
