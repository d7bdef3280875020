"""Reads chapters with another program's reader, for `benchmarks.chapter_readers`: JSON in, JSON out.

python chapter_readers_peer.py READER runs in a Python that has the reader and need not have earmark. Each is called as its users
call it: yt-dlp's reader of descriptions gets plain text, so tags become lines first; of a feed's `podcast:chapters` the parsers
give an address, and the file there is read with the json module; Vorbis comments come from mutagen as tags, and what they mean
is a few lines of everybody's own.
"""

from __future__ import annotations

import html
import importlib
import json
import re
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import thread_time
from typing import Any
from urllib.parse import unquote

Chapters = list[tuple[float, str]]

_LINE_ENDS = re.compile(r"(?i)<br\s*/?>|</?(?:p|div|li|ul|ol|pre|h[1-6]|tr|table|blockquote)\b[^>]*>")
_TAG = re.compile(r"<[^>]*>")


def plain_text(notes: str) -> str:
    """Return show notes without tags, one line for each block."""
    if not _TAG.search(notes):
        return html.unescape(notes)
    return html.unescape(_TAG.sub("", _LINE_ENDS.sub("\n", notes)))


def yt_dlp() -> Callable[[dict[str, Any]], Chapters]:
    """Return the reader of descriptions that yt-dlp uses for videos without chapters; it wants to know the length."""
    module = importlib.import_module("yt_dlp")
    extractor = importlib.import_module("yt_dlp.extractor.common").InfoExtractor(module.YoutubeDL({"quiet": True}))
    from_description = extractor._extract_chapters_from_description  # noqa: SLF001  it has no other name

    def read(case: dict[str, Any]) -> Chapters:
        found = from_description(plain_text(case["text"]), case["duration"])
        return [(row["start_time"], row["title"]) for row in found or []]

    return read


def _seconds(clock: str) -> float:
    """Return the seconds of HH:MM:SS.mmm, or of less of it."""
    total = 0.0
    for part in clock.split(":"):
        total = 60 * total + float(part)
    return total


def _linked(feed: str, address: str) -> Chapters:
    document = json.loads((Path(feed).parent / unquote(address)).read_bytes())
    return [(float(row["startTime"]), row["title"]) for row in document["chapters"]]


def podcastparser() -> Callable[[dict[str, Any]], Chapters]:
    """Return gPodder's reader of feeds."""
    module = importlib.import_module("podcastparser")

    def read(case: dict[str, Any]) -> Chapters:
        with Path(case["path"]).open("rb") as file:
            (episode,) = module.parse("https://show.example/feed.xml", file)["episodes"]
        if address := episode.get("chapters_json_url"):
            return _linked(case["path"], address.removeprefix("https://show.example/"))
        return [(row["start"], row["title"]) for row in episode.get("chapters", [])]

    return read


def feedparser() -> Callable[[dict[str, Any]], Chapters]:
    """Return feedparser; a start that it cannot read has no time."""
    module = importlib.import_module("feedparser")

    def read(case: dict[str, Any]) -> Chapters:
        (entry,) = module.parse(Path(case["path"]).read_bytes())["entries"]
        if linked := entry.get("podcast_chapters"):
            return _linked(case["path"], linked["url"])
        rows = entry.get("psc_chapters", {}).get("chapters", [])
        return [(row["start_parsed"].total_seconds(), row["title"]) for row in rows if row.get("start_parsed") is not None]

    return read


def mutagen() -> Callable[[dict[str, Any]], Chapters]:
    """Return mutagen: CHAP frames, Nero's list, Vorbis comments."""
    module = importlib.import_module("mutagen")

    def read(case: dict[str, Any]) -> Chapters:
        file = module.File(case["path"])
        if hasattr(file.tags, "getall"):
            found = [(frame.start_time / 1000, str(frame.sub_frames["TIT2"])) for frame in file.tags.getall("CHAP")]
        elif hasattr(file, "chapters"):
            found = [(chapter.start, chapter.title) for chapter in file.chapters or []]
        else:
            tags = {key.lower(): value for key, value in file.tags or []}
            starts = {key: value for key, value in tags.items() if re.fullmatch(r"chapter\d{3}", key)}
            found = [(_seconds(clock), tags.get(f"{key}name", "")) for key, clock in starts.items()]
        return sorted(found)

    return read


def libavformat() -> Callable[[dict[str, Any]], Chapters]:
    """Return PyAV, which is what ffprobe shows."""
    module = importlib.import_module("av")

    def read(case: dict[str, Any]) -> Chapters:
        with module.open(case["path"]) as container:
            chapters = container.chapters()
        return sorted((float(row["start"] * row["time_base"]), row["metadata"].get("title", "")) for row in chapters)

    return read


READERS = {"yt-dlp": yt_dlp, "podcastparser": podcastparser, "feedparser": feedparser, "mutagen": mutagen, "av": libavformat}


def outcome(read: Callable[[dict[str, Any]], Chapters], case: dict[str, Any], rounds: int) -> dict[str, Any]:
    """Return the chapters of a case, or the error that ended the reading, and the least seconds of one thread's processor."""
    seconds, chapters, error = [], [], ""
    for _ in range(rounds):
        begin = thread_time()
        try:
            chapters = read(case)
        except Exception as raised:  # noqa: BLE001  whatever a reader dies of is a crash of it
            error = f"{type(raised).__name__}: {raised}"
        seconds.append(thread_time() - begin)
    return {"chapters": chapters, "error": error[:200], "seconds": min(seconds)}


def main() -> None:
    """Read every case of standard input with one reader."""
    name = sys.argv[1]
    given = json.load(sys.stdin)
    read = READERS[name]()
    if given["cases"]:
        outcome(read, given["cases"][0], 1)
    outcomes = [outcome(read, case, given["rounds"]) for case in given["cases"]]
    json.dump({"version": version(name), "outcomes": outcomes}, sys.stdout)


if __name__ == "__main__":
    main()
