"""The example as its publisher would put it out: tags and chapters in the mp3, a feed, a chapters file, show notes.

Publishers' chapter times are off by seconds, so each source here is, by at most three, and each in its own way.
"""

from __future__ import annotations

import html
import json
import random
import struct
import zlib
from pathlib import Path
from typing import Any

from lxml import etree

TITLE = "Twelve: Building open models with a small team"
SHOW = "The Open Models Show"
AUTHOR = "earmark"
AUDIO, FEED, CHAPTERS, NOTES, COVER = "episode.mp3", "feed.xml", "chapters.json", "notes.txt", "cover.png"
SUMMARY = "Ben talks with Clara, whose small team in Berlin builds open language models, about data, training and rewards."
PUBLISHED_AT = "Tue, 06 Jan 2026 06:00:00 +0000"
LARGEST_JITTER = 2.9  # seconds, so that rounding to whole seconds stays within three

ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
PODCAST = "https://podcastindex.org/namespace/1.0"
SIMPLE_CHAPTERS = "http://podlove.org/simple-chapters"
ATOM = "http://www.w3.org/2005/Atom"

Chapters = list[dict[str, Any]]
Published = dict[str, list[float]]


def publish(folder: Path, chapters: Chapters, duration: float) -> Published:
    """Write every published file and tag the mp3 in `folder`; return the start of each chapter as each source gives it."""
    titles = [str(chapter["title"]) for chapter in chapters]
    truth = [float(chapter["start"]) for chapter in chapters]
    published = {
        "embedded": jittered(truth, seed=11, decimals=3),
        "json": jittered(truth, seed=12, decimals=2),
        "psc": jittered(truth, seed=13, decimals=1),
        "notes": jittered(truth, seed=14, decimals=0),
    }
    cover = cover_image()
    (folder / COVER).write_bytes(cover)
    tag_mp3(folder / AUDIO, titles, published["embedded"], duration, cover)
    notes = show_notes(titles, published["notes"])
    (folder / NOTES).write_text(notes, encoding="utf-8")
    (folder / CHAPTERS).write_text(chapters_json(titles, published["json"]), encoding="utf-8")
    size = (folder / AUDIO).stat().st_size
    (folder / FEED).write_bytes(feed(titles, published["psc"], notes, duration, size))
    return published


def jittered(starts: list[float], seed: int, decimals: int) -> list[float]:
    """Move each start by up to three seconds; the first chapter is published as the very beginning, as publishers do."""
    rng = random.Random(seed)
    moved = [round(start + rng.uniform(-LARGEST_JITTER, LARGEST_JITTER), decimals) for start in starts[1:]]
    return [0.0, *moved]


def clock(seconds: float, decimals: int = 0) -> str:
    """Write seconds as MM:SS, with decimals if asked for."""
    minutes, rest = divmod(round(seconds, decimals), 60)
    return f"{int(minutes):02d}:{rest:0{2 if decimals == 0 else 3 + decimals}.{decimals}f}"


def show_notes(titles: list[str], starts: list[float]) -> str:
    """Write the notes as plain text with a list of chapters."""
    rows = "\n".join(f"{clock(start)} {title}" for title, start in zip(titles, starts, strict=True))
    return (
        f"{SUMMARY}\n\nChapters:\n{rows}\n\n"
        "Every voice in this episode is synthetic: espeak-ng reads a dialogue that was written for this project.\n"
    )


def notes_html(notes: str) -> str:
    """Turn the plain notes into the paragraphs that a feed carries."""
    paragraphs = notes.strip().split("\n\n")
    return "".join(f"<p>{html.escape(text, quote=False).replace(chr(10), '<br/>')}</p>" for text in paragraphs)


def chapters_json(titles: list[str], starts: list[float]) -> str:
    """Write JSON Chapters 1.2."""
    chapters = [{"startTime": start, "title": title} for title, start in zip(titles, starts, strict=True)]
    document = {"version": "1.2.0", "title": TITLE, "podcastName": SHOW, "author": AUTHOR, "chapters": chapters}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def tag_mp3(path: Path, titles: list[str], starts: list[float], duration: float, cover: bytes) -> None:
    """Write ID3v2.3 tags: title, artist, album, cover, and one CHAP frame a chapter under a CTOC."""
    from mutagen import id3

    tags = id3.ID3()
    tags.add(id3.TIT2(encoding=1, text=TITLE))
    tags.add(id3.TPE1(encoding=1, text=AUTHOR))
    tags.add(id3.TALB(encoding=1, text=SHOW))
    tags.add(id3.APIC(encoding=0, mime="image/png", type=3, desc="cover", data=cover))
    names = [f"chapter{index}" for index in range(len(titles))]
    flags = id3.CTOCFlags.TOP_LEVEL | id3.CTOCFlags.ORDERED
    tags.add(id3.CTOC(element_id="toc", flags=flags, child_element_ids=names, sub_frames=[]))
    ends = [*starts[1:], duration]
    for name, title, start, end in zip(names, titles, starts, ends, strict=True):
        sub_frames = [id3.TIT2(encoding=1, text=title)]
        tags.add(id3.CHAP(element_id=name, start_time=round(start * 1000), end_time=round(end * 1000), sub_frames=sub_frames))
    tags.save(path, v2_version=3)


def feed(titles: list[str], starts: list[float], notes: str, duration: float, size: int) -> bytes:
    """Write an RSS feed of one episode; its addresses are relative, so that it can be served from anywhere."""
    namespaces = {"itunes": ITUNES, "content": CONTENT, "podcast": PODCAST, "psc": SIMPLE_CHAPTERS, "atom": ATOM}
    rss = etree.Element("rss", {"version": "2.0"}, nsmap=namespaces)
    channel = etree.SubElement(rss, "channel")
    _add(channel, "title", SHOW)
    _add(channel, "link", "./")
    _add(channel, f"{{{ATOM}}}link", href=FEED, rel="self", type="application/rss+xml")
    _add(channel, "description", "A show of one episode, made to be transcribed.")
    _add(channel, "language", "en")
    _add(channel, f"{{{ITUNES}}}author", AUTHOR)
    _add(channel, f"{{{ITUNES}}}image", href=COVER)
    _add(channel, f"{{{ITUNES}}}explicit", "false")
    item = etree.SubElement(channel, "item")
    _add(item, "title", TITLE)
    _add(item, "guid", "earmark-example-12", isPermaLink="false")
    _add(item, "pubDate", PUBLISHED_AT)
    _add(item, "enclosure", url=AUDIO, length=str(size), type="audio/mpeg")
    _add(item, "description", SUMMARY)
    _add(item, f"{{{CONTENT}}}encoded").text = etree.CDATA(notes_html(notes))
    _add(item, f"{{{ITUNES}}}duration", clock(duration))
    _add(item, f"{{{ITUNES}}}episode", "12")
    _add(item, f"{{{PODCAST}}}person", "Ben", role="host")
    _add(item, f"{{{PODCAST}}}person", "Clara", role="guest")
    _add(item, f"{{{PODCAST}}}chapters", url=CHAPTERS, type="application/json+chapters")
    simple = _add(item, f"{{{SIMPLE_CHAPTERS}}}chapters", version="1.2")
    for title, start in zip(titles, starts, strict=True):
        _add(simple, f"{{{SIMPLE_CHAPTERS}}}chapter", start=f"00:{clock(start, 3)}", title=title)
    written: bytes = etree.tostring(rss, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def _add(parent: Any, tag: str, text: str | None = None, /, **attributes: str) -> Any:
    """Append one element."""
    element = etree.SubElement(parent, tag, attributes)
    element.text = text
    return element


def cover_image(side: int = 128) -> bytes:
    """Draw a page with a folded corner, the mark that the project is named after, as a PNG."""
    fold = side // 3
    paper, ink, shade = bytes((247, 243, 232)), bytes((186, 60, 44)), bytes((216, 205, 180))
    rows = []
    for y in range(side):
        row = b"\x00"
        for x in range(side):
            beyond = (x - (side - fold)) - y  # above the diagonal of the fold
            folded = x >= side - fold and y < fold
            row += ink if folded and beyond > 0 else shade if folded else paper
        rows.append(row)
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, data) for kind, data in parts)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    """Frame one PNG chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
