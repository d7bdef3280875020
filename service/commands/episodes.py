"""`earmark episodes`: what a feed has."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from jobs.chapters.listing import published_chapters
from jobs.feed import Feed
from jobs.sources import read_feed_at
from service.console import errors, print_json, results
from service.wording import clock
from storage.documents import Publication
from worker.network import open_fetcher
from worker.settings import Settings

LONG = 100
"""Episodes from which on the list is written as plain lines: a ruled table of a thousand rows takes a second to lay out."""

_RIGHT = ("#", "length", "chapters")
_COLUMNS = ("#", "date", "length", "chapters", "source", "title")


def episodes(
    feed: Annotated[str, typer.Argument(metavar="FEED", help="Feed URL or file, or a page that announces one.")],
    latest: Annotated[int | None, typer.Option(min=1, help="Only the newest N.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """List the episodes of a feed: title, date, published duration, and chapters with their source.

    Chapter files that the feed links to are not fetched for this list; they are named as `podcast_json?`.
    """
    read = read_feed_at(feed, open_fetcher(Settings()))
    rows = [_row(number, publication) for number, publication in enumerate(read.publications[:latest], start=1)]
    if as_json:
        print_json(
            {"title": read.title, "link": read.link, "episodes": rows, "warnings": [n.model_dump() for n in read.warnings]}
        )
        return
    if len(rows) > LONG:
        results.file.write(_lines(read, rows))
    else:
        results.print(_table(read, rows))
    for notice in read.warnings:
        errors.print(f"note: {notice.message}", style="yellow", markup=False, highlight=False, soft_wrap=True)


def _row(number: int, publication: Publication) -> dict[str, object]:
    episode = publication.episode
    found = published_chapters(publication)
    return {
        "number": number,
        "title": episode.title,
        "date": episode.published.date().isoformat() if episode.published else None,
        "duration": episode.published_duration,
        "chapters": [mark.model_dump(exclude_defaults=True) for mark in found.marks],
        "chapter_count": len(found.marks),
        "chapter_source": found.kind,
        "guid": episode.guid,
        "audio_url": episode.audio_url,
        "id": episode.id,
    }


def _table(feed: Feed, rows: list[dict[str, object]]) -> Table:
    table = Table(title=escape(feed.title), title_justify="left")
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in _RIGHT else "left")
    for row in rows:
        *cells, title = _cells(row)
        table.add_row(*cells, escape(title))
    return table


def _lines(feed: Feed, rows: list[dict[str, object]]) -> str:
    """Return the same table as plain text, each column as wide as its widest cell."""
    lines = [_COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = (
        "  ".join(
            cell.rjust(width) if name in _RIGHT else cell.ljust(width)
            for name, cell, width in zip(_COLUMNS, cells, widths, strict=True)
        ).rstrip()
        for cells in lines
    )
    return "\n".join([feed.title, *padded, ""])


def _cells(row: dict[str, object]) -> tuple[str, ...]:
    duration = row["duration"]
    return (
        str(row["number"]),
        str(row["date"] or ""),
        clock(duration) if isinstance(duration, float | int) else "",
        str(row["chapter_count"]),
        str(row["chapter_source"] or ""),
        " ".join(str(row["title"]).split()),
    )
