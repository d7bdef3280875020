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

from jobs.chapters.embedded_vorbis import clock
from jobs.chapters.marks import mark, source_of
from jobs.loose_json import number_of, parse_json, text_of
from storage.documents import ChapterMark, ChapterSource, Notice
from storage.errors import BadChapters

MAX_BYTES = 8 << 20
"""Bytes of one chapters file; real ones have a few thousand."""


def read_podcast_json(data: bytes, *, origin: str) -> tuple[ChapterSource, tuple[Notice, ...]]:
    """Return the chapters of a JSON Chapters file and what should be known about them.

    `origin` is the address or path the bytes came from. Raises BadChapters where they are not such a file.
    """
    document = parse_json(data, name=origin, wanted="a chapters file", error=BadChapters, max_bytes=MAX_BYTES, hint=_HINT)
    rows = document if isinstance(document, list) else document.get("chapters") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise BadChapters(f"{origin} is JSON, but has no list of chapters.", hint=_HINT)
    return source_of("podcast_json", origin, [_row(row) for row in rows])


_HINT = "The publisher's file is broken; another source is used, or give one with --chapters."


def _row(row: object) -> ChapterMark | None:
    if not isinstance(row, dict):
        return None
    start = _seconds(row.get("startTime"))
    toc = row.get("toc")
    return mark(
        -1.0 if start is None else start,
        text_of(row.get("title")),
        end=_seconds(row.get("endTime")),
        url=text_of(row.get("url")),
        image=text_of(row.get("img")),
        hidden=toc is False or (isinstance(toc, str) and toc.strip().lower() == "false"),
    )


def _seconds(value: object) -> float | None:
    number = number_of(value)
    return clock(value) if number is None and isinstance(value, str) else number
