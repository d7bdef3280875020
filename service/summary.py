"""What a run shows at its end: a row an episode, and for a single one its chapters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from service.console import results
from service.progress import JsonLines
from service.wording import clock
from storage.documents import Transcript
from storage.errors import EarmarkError


@dataclass(frozen=True)
class Row:
    """What became of one episode."""

    title: str
    show: str | None = None
    transcript: Transcript | None = None
    path: Path | None = None
    worked: bool = False
    error: EarmarkError | None = None

    @property
    def state(self) -> str:
        """`failed`, `done`, or `already done`."""
        if self.error is not None:
            return "failed"
        return "done" if self.worked else "already done"


def show_summary(rows: Sequence[Row], *, as_json: bool) -> None:
    """Print the end of a run on standard output."""
    if as_json:
        JsonLines(results.file).write("summary", {"episodes": [_fields(row) for row in rows]})
        return
    if len(rows) == 1 and rows[0].transcript is not None:
        results.print(_chapters(rows[0].transcript))
    results.print(_episodes(rows))
    for row in rows:
        if row.error is not None:
            results.print(f"failed: {row.title}: {row.error}", markup=False, highlight=False, soft_wrap=True)
        if row.path is not None:
            results.print(f"{row.path}", markup=False, highlight=False, soft_wrap=True)


def _fields(row: Row) -> dict[str, object]:
    transcript = row.transcript
    return {
        "title": row.title,
        "show": row.show,
        "state": row.state,
        "error": str(row.error) if row.error else None,
        "transcript": str(row.path) if row.path else None,
        "duration": transcript.audio.duration if transcript else None,
        "chapters": len(transcript.chapters) if transcript else None,
        "speakers": len(transcript.speakers) if transcript else None,
        "words": _words(transcript) if transcript else None,
        "warnings": [notice.model_dump() for notice in transcript.warnings] if transcript else [],
    }


def _words(transcript: Transcript) -> int:
    return sum(len(segment.words) for segment in transcript.segments)


def _episodes(rows: Sequence[Row]) -> Table:
    table = Table("episode", "state", title="Episodes", title_justify="left")
    for name in ("length", "words", "chapters", "speakers", "warnings"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(escape(row.title), row.state, *_figures(row.transcript))
    return table


def _figures(transcript: Transcript | None) -> tuple[str, ...]:
    if transcript is None:
        return ("", "", "", "", "")
    chosen = next((source.kind for source in transcript.chapter_sources if source.chosen), "none")
    return (
        clock(transcript.audio.duration),
        str(_words(transcript)),
        f"{len(transcript.chapters)} ({chosen})",
        str(len(transcript.speakers)),
        str(len(transcript.warnings)),
    )


def _chapters(transcript: Transcript) -> Table:
    table = Table(title="Chapters", title_justify="left")
    for name in ("start", "published"):
        table.add_column(name, justify="right")
    table.add_column("chapter")
    table.add_column("how")
    table.add_column("sure", justify="right")
    for chapter in transcript.chapters:
        published = "" if chapter.published_start is None else clock(chapter.published_start)
        start = f"{int(chapter.start // 60)}:{chapter.start % 60:04.1f}"
        table.add_row(start, published, escape(chapter.title), chapter.method, f"{chapter.confidence:.0%}")
    return table
