"""JSON Chapters 1.2 (https://github.com/Podcastindex-org/podcast-namespace/blob/main/chapters/jsonChapters.md)."""

from __future__ import annotations

import json

from storage.documents import Chapter, Transcript
from storage.plain import one_line, web_address


def chapters_json(transcript: Transcript) -> str:
    """Write the chapters, on the timeline of the downloaded file; hidden ones are marked `toc: false`."""
    written: dict[str, object] = {"version": "1.2.0", "title": one_line(transcript.episode.title)}
    if transcript.episode.show:
        written["podcastName"] = one_line(transcript.episode.show)
    written["chapters"] = [_entry(chapter) for chapter in sorted(transcript.chapters, key=lambda chapter: chapter.start)]
    return json.dumps(written, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _entry(chapter: Chapter) -> dict[str, object]:
    entry: dict[str, object] = {
        "startTime": round(chapter.start, 3),
        "endTime": round(chapter.end, 3),
        "title": one_line(chapter.title),
    }
    if image := web_address(chapter.image):
        entry["img"] = image
    if url := web_address(chapter.url):
        entry["url"] = url
    if chapter.hidden:
        entry["toc"] = False
    return entry
