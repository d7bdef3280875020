"""What a reader should know about how a transcript came to be, as lines of plain text."""

from __future__ import annotations

from collections.abc import Iterator

from storage.documents import Chapter, EngineInfo, Transcript
from storage.export.clock import clock
from storage.plain import one_line

_FLAGGED = 20
"""Doubtful stretches that are listed one by one; the rest are counted."""


def making(transcript: Transcript) -> list[str]:
    """Return the lines: what this is, which engines made it and when, and what to beware of first of all."""
    made = transcript.made
    lines = [_titled(transcript)]
    loud = fallback_line(transcript)
    if loud:
        lines.append(loud)
    lines.append(f"Made by earmark {one_line(made.earmark_version)} on {made.made_at:%Y-%m-%d}.")
    lines.append(f"Words by {_engine(made.transcriber)}.")
    if made.diarizer:
        lines.append(f"Speakers by {_engine(made.diarizer)}.")
    return lines


def fallback_line(transcript: Transcript) -> str | None:
    """Return the loud line that says that an engine ran in place of a better one; none if each was the one wanted."""
    engines = (transcript.made.transcriber, transcript.made.diarizer)
    names = " and ".join(one_line(engine.name) for engine in engines if engine and engine.fallback)
    if not names:
        return None
    return f"WARNING: made with a fallback engine ({names}), because the better one was not available. Expect many errors."


def reservations(transcript: Transcript) -> list[str]:
    """Return the lines on what is uncertain: coverage, doubtful stretches, chapters, warnings."""
    return [*_coverage(transcript), *_doubtful(transcript), *_chapters(transcript), *_warnings(transcript)]


def _titled(transcript: Transcript) -> str:
    title = one_line(transcript.episode.title) or "Untitled"
    show = one_line(transcript.episode.show or "")
    return f"{title} ({show})" if show else title


def _engine(engine: EngineInfo) -> str:
    details = f"{engine.name} {engine.version}, model {engine.model}, on {engine.device}"
    return one_line(f"{details}, {engine.compute_type}" if engine.compute_type else details)


def _coverage(transcript: Transcript) -> Iterator[str]:
    totals: dict[str, float] = {}
    for stretch in transcript.coverage:
        totals[stretch.kind] = totals.get(stretch.kind, 0.0) + stretch.end - stretch.start
    if totals:
        whole = sum(totals.values()) or 1.0
        parts = ", ".join(f"{kind} {clock(length)} ({length / whole:.0%})" for kind, length in totals.items())
        yield f"Of the audio: {parts}."
    unclear = [f"{clock(stretch.start)}–{clock(stretch.end)}" for stretch in transcript.coverage if stretch.kind == "unclear"]
    if unclear:
        yield f"Unclear, without words: {_listed(unclear)}."


def _doubtful(transcript: Transcript) -> Iterator[str]:
    doubtful = [
        f"{clock(segment.start)}–{clock(segment.end)} ({', '.join(segment.flags).replace('_', ' ')})"
        for segment in transcript.segments
        if segment.flags
    ]
    if doubtful:
        yield f"Doubtful: {_listed(doubtful)}."


def _chapters(transcript: Transcript) -> Iterator[str]:
    chosen = next((source for source in transcript.chapter_sources if source.chosen), None)
    if chosen:
        because = f": {one_line(chosen.reason)}" if chosen.reason else ""
        yield f"Chapters from {chosen.kind.replace('_', ' ')} ({one_line(chosen.origin)}){because}."
    generated = any(chapter.source == "generated" for chapter in transcript.chapters)
    if generated and (chosen is None or chosen.kind != "generated"):
        yield "Chapters were made from the transcript, not by the publisher."
    moved = [_moved(chapter) for chapter in transcript.chapters if abs(chapter.offset) >= 0.5]
    if moved:
        yield f"Chapters moved from their published times: {_listed(moved)}."
    hidden = [f"{clock(chapter.start)} {one_line(chapter.title)}" for chapter in transcript.chapters if chapter.hidden]
    if hidden:
        yield f"Chapters that the publisher hides: {_listed(hidden)}."


def _moved(chapter: Chapter) -> str:
    published = clock(chapter.published_start) if chapter.published_start is not None else "nowhere"
    return f"{clock(chapter.start)} (published {published})"


def _warnings(transcript: Transcript) -> Iterator[str]:
    for notice in transcript.warnings:
        yield f"Warning ({one_line(notice.code)}): {one_line(notice.message)}"


def _listed(entries: list[str]) -> str:
    more = len(entries) - _FLAGGED
    return ", ".join(entries[:_FLAGGED]) + (f", and {more} more" if more > 0 else "")
