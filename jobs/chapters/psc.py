"""Podlove Simple Chapters 1.2, inside a feed's item or in a file of their own.

Specification: https://podlove.org/simple-chapters/

Decisions, where readers in the wild differ:

- `start` is read here and in full: feedparser understands few of its forms. It has no sign, and no minutes or seconds of 60 or
  more where a larger unit stands before them; `95:10` and `5710` are fine. What is not a time is not guessed: the row goes.
- A row without a title goes, for the specification requires one; JSON Chapters, which does not, keeps it.
- The first list of an item counts and further ones are ignored, as the specification says; some players join them.
- Order is by time, silently: the specification leaves sorting to the reader. Other formats tell of it.
- The namespace counts with and without a trailing slash, and the prefix `psc:` also where nobody declared it.
- There is no end; the next chapter is the end of one. `href` and `image` may be relative to the file's own address.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from jobs.chapters.marks import plain_title
from jobs.identity import encode_url
from jobs.safe_xml import Element, parse_xml
from storage.documents import ChapterMark, ChapterSource, Notice
from storage.errors import BadChapters

PSC_REL = "http://podlove.org/simple-chapters"
"""Namespace and link relation of Simple Chapters; live feeds also write it with a trailing slash."""

MAX_ROWS = 5_000
"""Most chapters that are read of one source."""

_NPT = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,4}):)?(\d{1,6}(?:\.\d{0,9})?)", re.ASCII)


def read_psc(data: Element | bytes, origin: str) -> tuple[ChapterSource, tuple[Notice, ...]]:
    """Read one `<psc:chapters>`, given as an element or as the bytes of an XML file; `origin` is where it was found.

    Rows are sorted by start, as the specification asks of the reader. A row without a readable start or without a
    title is dropped with a notice. The status is `none` if there are no rows and `unknown` if there are but none
    could be read. Raises `BadChapters` for bytes without `<psc:chapters>`.
    """
    chapters, extra = (data, 0) if not isinstance(data, bytes) else _chapters_element(data, origin)
    notices = []
    if extra:
        notices.append(Notice(code="psc_extra_ignored", message=f"{origin}: {extra} more psc:chapters were ignored."))
    rows = [child for child in chapters if isinstance(child.tag, str) and _local(child) == "chapter"]
    if len(rows) > MAX_ROWS:
        notices.append(
            Notice(code="chapter_dropped", message=f"{origin}: only the first {MAX_ROWS} of {len(rows)} rows were read.")
        )
    marks = []
    for number, row in enumerate(rows[:MAX_ROWS], start=1):
        mark = _mark(row, origin)
        if isinstance(mark, str):
            notices.append(Notice(code="chapter_dropped", message=f"{origin}: row {number} was dropped: {mark}."))
        else:
            marks.append(mark)
    marks.sort(key=lambda mark: mark.start)
    first: dict[tuple[float, str], ChapterMark] = {}
    for mark in marks:
        first.setdefault((mark.start, mark.title), mark)
    distinct = list(first.values())
    if len(distinct) < len(marks):
        text = f"{origin}: {len(marks) - len(distinct)} rows that said the same twice were dropped."
        notices.append(Notice(code="chapter_dropped", message=text))
    status = "found" if marks else "unknown" if rows else "none"
    reason = "" if marks else "no row could be read" if rows else "the list is empty"
    source = ChapterSource.model_validate(
        {"kind": "psc", "origin": origin, "status": status, "marks": tuple(distinct), "reason": reason}
    )
    return source, tuple(notices)


def parse_npt(text: str | None) -> float | None:
    """Return the seconds of a normal play time: `01:35:52`, `7:48`, `35:12.250`, `37`, `0` (RFC 2326, 3.6)."""
    match = _NPT.fullmatch((text or "").strip())
    if match is None:
        return None
    hours, minutes, seconds = match[1], match[2], float(match[3])
    if (minutes is not None and seconds >= 60) or (hours is not None and int(minutes) >= 60):
        return None
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + seconds


def _chapters_element(data: bytes, origin: str) -> tuple[Element, int]:
    """Return the first `<psc:chapters>` of a file, and how many more there are."""
    root = parse_xml(data, name=origin, error=BadChapters).root
    found = [
        element for element in root.iter() if isinstance(element.tag, str) and _local(element) == "chapters" and _is_psc(element)
    ]
    if not found:
        raise BadChapters(f"{origin} holds no psc:chapters.", hint="Expected an XML file with Podlove Simple Chapters.")
    return found[0], len(found) - 1


def _is_psc(element: Element) -> bool:
    tag = str(element.tag)
    if tag.startswith("{"):
        return tag[1:].partition("}")[0].rstrip("/").lower() == PSC_REL
    return tag in {"chapters", "psc:chapters"}


def _local(element: Element) -> str:
    return re.split(r"[}:]", str(element.tag))[-1]


def _mark(row: Element, origin: str) -> ChapterMark | str:
    """Return the chapter of a row, or why there is none."""
    start = parse_npt(row.get("start"))
    if start is None:
        return f"start {row.get('start', '')[:40]!r} is not a time"
    title = plain_title(row.get("title") or "")
    if not title:
        return "it has no title"
    return ChapterMark(start=start, title=title, url=_web(row.get("href"), origin), image=_web(row.get("image"), origin))


def _web(address: str | None, origin: str) -> str | None:
    """Return an http(s) address, relative ones resolved against the file's own, or none."""
    if not address or not address.strip():
        return None
    try:
        joined = urljoin(origin if "://" in origin else "", encode_url(address))
        parts = urlsplit(joined)
    except ValueError:
        return None
    return joined if parts.scheme in {"http", "https"} and parts.hostname else None
