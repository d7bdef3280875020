"""Where a chapter's start comes from, in words."""

from __future__ import annotations

from dataclasses import dataclass

from storage.documents import AnchorMethod, Chapter, SourceKind
from storage.export.clock import clock

_METHODS: dict[AnchorMethod, str] = {
    "as_published": "The published time was kept: nothing showed that this file has another clock, or where the topic begins.",
    "snapped": "It was moved to the sentence or the change of voice nearby that begins the topic.",
    "reference_audio": "It was found by comparing the sound of this file with the publisher's clean audio.",
    "publisher_transcript": "It was found by aligning the publisher's transcript with what was heard.",
    "title_evidence": "It was found by what is said: the words of the titles, pauses and voices, for all chapters at once.",
    "embedded": "It is written in the audio file itself.",
    "generated": "Nothing was published: the chapter was made from the transcript.",
}

_SOURCES: dict[SourceKind, str] = {
    "file": "a chapter file that was given by hand",
    "embedded": "the tags of the audio file",
    "podcast_json": "the feed's chapters file",
    "psc": "the chapters in the feed",
    "show_notes": "the show notes",
    "generated": "the transcript",
}

_SAME = 0.5
"""Seconds within which two times are the same to people."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a chapter begins where it does."""

    short: str
    """A few words for the list."""
    lines: tuple[str, ...]
    """All of it, a sentence each."""


def evidence(chapter: Chapter) -> Evidence:
    """Return what speaks for the start of a chapter."""
    lines = [_times(chapter), _METHODS[chapter.method]]
    if chapter.source != "generated":
        lines.append(f"Title from {_SOURCES[chapter.source]}{', where it was cut off' if chapter.truncated else ''}.")
    lines.append(f"Confidence {chapter.confidence:.0%}: {_sure(chapter.confidence)}.")
    return Evidence(_short(chapter), tuple(lines))


def _short(chapter: Chapter) -> str:
    sure = f"{chapter.confidence:.0%} sure"
    if chapter.published_start is None:
        return f"generated, {sure}"
    if abs(chapter.offset) < _SAME:
        return f"as published, {sure}"
    return f"{_moved(chapter.offset)} than published, {sure}"


def _times(chapter: Chapter) -> str:
    if chapter.published_start is None:
        return f"Begins at {clock(chapter.start)}; no time was published."
    if abs(chapter.offset) < _SAME:
        return f"Published at {clock(chapter.published_start)}, and begins there in this file."
    return (
        f"Published at {clock(chapter.published_start)}; begins at {clock(chapter.start)} in this file, {_moved(chapter.offset)}."
    )


def _moved(offset: float) -> str:
    size = abs(offset)
    length = f"{size:.1f} s" if size < 10 else f"{size:.0f} s" if size < 60 else f"{clock(size)} min"
    return f"{length} {'later' if offset > 0 else 'earlier'}"


def _sure(confidence: float) -> str:
    if confidence >= 0.9:
        return "almost certainly within two seconds"
    if confidence >= 0.7:
        return "probably right"
    if confidence >= 0.5:
        return "may be off"
    return "little speaks for it"
