"""Feeds with chapters in them, or with the address of a chapters file, drawn from a seed, with or without live feeds' quirks.

The quirks are those that live feeds show: the namespace with a slash at its end or in an older wording, under another prefix or
not declared, rows out of order, a second list in the item, rows without a title or a time; in the files a byte order mark,
numbers written as texts, a missing version, hidden rows, raw spaces in the address.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from benchmarks.chapter_cases import ChapterCase, Chapters, draw_chapters

PSC, PSC_QUIRKS = "Simple Chapters in a feed", "Simple Chapters, as live feeds break them"
LINKED, LINKED_QUIRKS = "podcast:chapters and its file", "podcast:chapters, as live feeds break it"
_PODLOVE = "http://podlove.org/simple-chapters"
_PODCAST = "https://podcastindex.org/namespace/1.0"
_OLD_PODCAST = "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md"


def made_feeds(folder: Path, count: int, seed: int) -> list[ChapterCase]:
    """Write so many feeds of each kind, of one episode each, into a folder of their own."""
    draw = random.Random(seed)
    makers = {PSC: _simple, PSC_QUIRKS: _simple_quirks, LINKED: _linked, LINKED_QUIRKS: _linked_quirks}
    made: list[ChapterCase] = []
    for kind, make in makers.items():
        for number in range(count):
            place = folder / f"{len(made)}"
            place.mkdir(parents=True)
            chapters = _to_the_millisecond(draw, draw_chapters(draw))
            path = place / "feed.xml"
            path.write_text(make(draw, chapters, place), "utf-8")
            made.append(ChapterCase(kind, f"feed {seed}:{number}", chapters, path=path))
    return made


def _to_the_millisecond(draw: random.Random, chapters: Chapters) -> Chapters:
    fine = draw.random() < 0.5
    return tuple((start + (draw.randint(0, 999) / 1000 if fine and start else 0), title) for start, title in chapters)


def _feed(namespaces: str, inside: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" {namespaces}><channel><title>Show</title>'
        "<link>https://show.example/</link><description>A show.</description><item><title>Episode</title>"
        '<guid isPermaLink="false">e1</guid><pubDate>Mon, 02 Jun 2025 06:00:00 GMT</pubDate>'
        '<enclosure url="https://cdn.example/1.mp3" length="1000" type="audio/mpeg"/>'
        f"<description>An episode.</description>{inside}</item></channel></rss>"
    )


def _play_time(draw: random.Random, seconds: float) -> str:
    """Return a normal play time, in any of the ways that the specification allows."""
    thousandths = round(seconds * 1000)
    whole, rest = divmod(thousandths, 1000)
    fraction = f".{rest:03}" if rest else draw.choice(("", "", ".000"))
    hours, minutes, left = whole // 3600, whole // 60 % 60, whole % 60
    forms = [f"{hours:02}:{minutes:02}:{left:02}{fraction}"] * 2 + [f"{hours}:{minutes:02}:{left:02}{fraction}"]
    forms += [] if hours else [f"{minutes:02}:{left:02}{fraction}", f"{minutes}:{left:02}{fraction}", f"{whole}{fraction}"]
    return draw.choice(forms)


def _rows(draw: random.Random, chapters: Chapters, prefix: str = "psc") -> list[str]:
    return [
        f"<{prefix}:chapter start={quoteattr(_play_time(draw, start))} title={quoteattr(title)}"
        + (f' href="https://topic.example/{start:.0f}"' if draw.random() < 0.2 else "")
        + "/>"
        for start, title in chapters
    ]


def _simple(draw: random.Random, chapters: Chapters, _: Path) -> str:
    rows = "".join(_rows(draw, chapters))
    return _feed(f'xmlns:psc="{_PODLOVE}"', f'<psc:chapters version="{draw.choice(("1.1", "1.2"))}">{rows}</psc:chapters>')


def _simple_quirks(draw: random.Random, chapters: Chapters, _: Path) -> str:
    quirk = draw.choice(("slash", "prefix", "undeclared", "version", "order", "second list", "no title", "no time"))
    prefix = "sc" if quirk == "prefix" else "psc"
    rows = _rows(draw, chapters, prefix)
    if quirk == "order":
        draw.shuffle(rows)
    if quirk == "no title":
        rows.insert(draw.randint(0, len(rows)), f'<{prefix}:chapter start="00:00:01"/>')
    if quirk == "no time":
        rows.insert(draw.randint(0, len(rows)), f'<{prefix}:chapter start="soon" title="To be placed"/>')
    version = "" if quirk == "version" else ' version="1.2"'
    listed = f"<{prefix}:chapters{version}>{''.join(rows)}</{prefix}:chapters>"
    if quirk == "second list":
        listed += f'<{prefix}:chapters version="1.2"><{prefix}:chapter start="5" title="Of another version"/></{prefix}:chapters>'
    namespace = "" if quirk == "undeclared" else f'xmlns:{prefix}="{_PODLOVE}{"/" if quirk == "slash" else ""}"'
    return _feed(namespace, listed)


def _linked(draw: random.Random, chapters: Chapters, place: Path) -> str:
    rows: list[dict[str, Any]] = [{"startTime": start, "title": title} for start, title in chapters]
    for row in rows:
        if draw.random() < 0.2:
            row["url"] = "https://topic.example/"
        if draw.random() < 0.2:
            row["img"] = "https://topic.example/a.jpg"
    (place / "chapters.json").write_text(json.dumps({"version": "1.2.0", "chapters": rows}), "utf-8")
    element = '<podcast:chapters url="chapters.json" type="application/json+chapters"/>'
    return _feed(f'xmlns:podcast="{_PODCAST}"', element)


def _linked_quirks(draw: random.Random, chapters: Chapters, place: Path) -> str:
    quirk = draw.choice(("byte order mark", "texts", "bare list", "order", "old namespace", "undeclared", "space", "null row"))
    rows: list[dict[str, Any] | None] = [{"startTime": start, "title": title} for start, title in chapters]
    if quirk == "texts":
        rows = [{"startTime": str(start), "title": title} for start, title in chapters]
    if quirk == "order":
        draw.shuffle(rows)
    if quirk == "null row":
        rows.append({"startTime": None, "title": "To be placed"})
    document: Any = rows if quirk == "bare list" else {"chapters": rows}
    name = "my chapters.json" if quirk == "space" else "chapters.json"
    encoding = "utf-8-sig" if quirk == "byte order mark" else "utf-8"
    (place / name).write_text(json.dumps(document, ensure_ascii=False), encoding)
    namespace = {"old namespace": f'xmlns:podcast="{_OLD_PODCAST}"', "undeclared": ""}.get(quirk, f'xmlns:podcast="{_PODCAST}"')
    return _feed(namespace, f'<podcast:chapters url="{escape(name)}" type="application/json"/>')
