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
from service.workplace import open_fetcher
from storage.documents import Publication
from worker.settings import Settings


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
    table.add_column("#", justify="right")
    table.add_column("date")
    table.add_column("length", justify="right")
    table.add_column("chapters", justify="right")
    table.add_column("source")
    table.add_column("title")
    for row in rows:
        duration = row["duration"]
        table.add_row(
            str(row["number"]),
            str(row["date"] or ""),
            clock(duration) if isinstance(duration, float | int) else "",
            str(row["chapter_count"]),
            str(row["chapter_source"] or ""),
            escape(str(row["title"])),
        )
    return table
