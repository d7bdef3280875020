"""What every chapter reader shares: how a printed row becomes a `ChapterMark`, and a heap of rows a source.

Decisions, the same for all formats:

- A row whose start is not a finite number of seconds ≥ 0 is dropped, and the list says so; nothing is invented for it.
- Rows are sorted by start, because transcripts run in time; a list that was not in order says so (`chapters_sorted`).
- Two rows with the same start and the same title are one; with different titles both stay.
- An end that does not lie behind its start says nothing and is forgotten.
- Addresses are kept only if they are http or https, with raw spaces percent-encoded; anything else is no link.
- Caps: `MAX_CHAPTERS` rows, `MAX_TITLE` characters. They are far above any real list and keep a hostile one harmless.
"""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

from storage.documents import ChapterMark, ChapterSource, Notice, SourceKind

MAX_CHAPTERS = 5_000
"""Rows read from one source; 16 hours of one chapter every twelve seconds."""
MAX_TITLE = 1_000
"""Characters of one title."""
MAX_ADDRESS = 2_000
"""Characters of one address; what browsers and servers agree to carry."""
MAX_SECONDS = 1_000_000.0
"""A start beyond eleven days is a broken number, not a chapter."""

_SAFE = "%/:=&?~#+!$,;'@()*[]"


def web_address(text: str) -> str | None:
    """Return an http(s) address with what may not stand in one percent-encoded, or none."""
    text = text.strip().strip("\0").strip()
    if not text or len(text) > MAX_ADDRESS or any(unicodedata.category(c) == "Cc" for c in text):
        return None
    try:
        parts = urlsplit(text)
        usable = parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return None
    return quote(text, safe=_SAFE) if usable else None


def plain_title(text: str) -> str:
    """Return a title as one line without control characters; its words are left alone."""
    kept = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} or c == "\ufeff" else c for c in text)
    return " ".join(kept.split())[:MAX_TITLE]


def mark(
    start: float,
    title: str,
    *,
    end: float | None = None,
    url: str | None = None,
    image: str | None = None,
    hidden: bool = False,
    truncated: bool = False,
) -> ChapterMark | None:
    """Return the mark that one row means, or none where its start is unusable."""
    if not math.isfinite(start) or not 0 <= start <= MAX_SECONDS:
        return None
    if end is not None and not (math.isfinite(end) and start < end <= MAX_SECONDS):
        end = None
    return ChapterMark(
        start=round(start, 6),
        title=plain_title(title),
        end=None if end is None else round(end, 6),
        url=web_address(url) if url else None,
        image=web_address(image) if image else None,
        hidden=hidden,
        truncated=truncated or len(title) > MAX_TITLE,
    )


def source_of(
    kind: SourceKind, origin: str, rows: Iterable[ChapterMark | None], notices: Iterable[Notice] = ()
) -> tuple[ChapterSource, tuple[Notice, ...]]:
    """Return the source that the rows of one list make, sorted and without doubles; none stands for an unusable row."""
    rows, said = list(rows), list(notices)
    marks = [m for m in rows if m is not None]
    if len(marks) < len(rows):
        said.append(_notice("chapter_dropped", origin, f"{len(rows) - len(marks)} rows without a usable time were dropped"))
    if any(a.start > b.start for a, b in itertools.pairwise(marks)):
        said.append(_notice("chapters_sorted", origin, "the rows were not in order of time and were sorted"))
        marks.sort(key=lambda m: m.start)
    unique = list({(m.start, m.title): m for m in reversed(marks)}.values())[::-1]
    if len(unique) < len(marks):
        said.append(_notice("chapter_dropped", origin, f"{len(marks) - len(unique)} rows that said the same twice were dropped"))
    if len(unique) > MAX_CHAPTERS:
        said.append(_notice("chapters_capped", origin, f"{len(unique)} rows; only the first {MAX_CHAPTERS} were kept"))
    kept = tuple(unique[:MAX_CHAPTERS])
    return ChapterSource(kind=kind, origin=origin, status="found" if kept else "none", marks=kept), tuple(said)


def _notice(code: str, origin: str, text: str) -> Notice:
    return Notice(code=code, message=f"Chapters from {origin}: {text}.")
