"""`earmark chapters`: what there is of an episode's chapters, which source is chosen, and why; nothing is transcribed."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from jobs.fetch import Fetcher
from jobs.find_chapters import FoundChapters, find_chapters
from jobs.selection import Selection
from service.commands import asked
from service.console import errors, print_json, results
from service.wording import clock
from storage.documents import ChapterMark, ChapterSource
from worker.network import open_fetcher
from worker.settings import Settings

Source = Annotated[
    str, typer.Argument(metavar="SOURCE", help="Audio, feed, web page, OPML list; file of show notes or chapters.")
]


def chapters(  # noqa: PLR0917 - a command has as many parameters as options
    source: Source,
    latest: asked.Latest = None,
    since: asked.Since = None,
    episode: asked.Which = None,
    all_episodes: asked.AllEpisodes = False,
    no_audio: Annotated[bool, typer.Option("--no-audio", help="Do not look into audio files on the web.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output: a document, or a line an episode.")] = False,
) -> None:
    """Show the chapters that were published for an episode: every source, which one is chosen, and why.

    Chapter files that a feed links to are fetched. Of audio on the web only the tags are read, at most 16 MiB; with --no-audio
    not even these, and a note says so. With several episodes, --json prints one object a line, each with its episode.
    """
    selection = asked.selection_of(latest=latest, since=since, episode=episode, all_episodes=all_episodes)
    found, failed = _find(source, selection, open_fetcher(Settings()), with_audio=not no_audio)
    if as_json:
        _print_json(found)
    else:
        for one in found:
            _show(one)
    if failed or not found:
        raise typer.Exit(1)


def _find(source: str, selection: Selection, fetcher: Fetcher, *, with_audio: bool) -> tuple[list[FoundChapters], bool]:
    """Return what was found, and whether a feed of a list could not be used."""
    found: list[FoundChapters] = []
    failed = False
    for one in find_chapters(source, selection, fetcher, with_audio=with_audio):
        if isinstance(one, FoundChapters):
            found.append(one)
        elif one.error is not None:
            failed = True
            errors.print(f"earmark: {one.source}: {one.error}", markup=False, highlight=False, soft_wrap=True, style="red")
    return found, failed


# ------------------------------------------------------------------ for programs


def _print_json(found: list[FoundChapters]) -> None:
    if len(found) == 1:
        print_json(_document(found[0]))
        return
    for one in found:
        named = {"id": one.episode.id, "title": one.episode.title, "guid": one.episode.guid} if one.episode else None
        results.file.write(json.dumps({"episode": named, **_document(one)}, ensure_ascii=False) + "\n")
    results.file.flush()


def _document(found: FoundChapters) -> dict[str, Any]:
    """Return what was found; a source that could not be read is in the warnings alone, for it is not known to be empty."""
    return {
        "sources": [
            {"kind": source.kind, "chapters": [_row(mark) for mark in source.marks]}
            for source in found.choice.sources
            if source.status != "unknown"
        ],
        "chosen": found.choice.kind,
        "reason": found.reason,
        "warnings": [notice.model_dump() for notice in found.warnings],
    }


def _row(mark: ChapterMark) -> dict[str, Any]:
    return mark.model_dump(include={"start", "title", "end", "url", "image", "hidden"})


# ------------------------------------------------------------------ for people


def _show(found: FoundChapters) -> None:
    if found.episode is not None:
        results.print(found.episode.title, style="bold", markup=False, highlight=False, soft_wrap=True)
    for source in found.choice.sources:
        text = f"{source.kind} ({source.origin}): {_count(source)}; {source.reason}"
        results.print(text, markup=False, highlight=False, soft_wrap=True)
    if found.choice.kind is None:
        results.print(f"Nothing chosen: {found.reason}.", markup=False, highlight=False, soft_wrap=True)
    else:
        results.print(_table(found.choice.marks))
    for notice in found.warnings:
        errors.print(f"note: {notice.message}", style="yellow", markup=False, highlight=False, soft_wrap=True)


def _count(source: ChapterSource) -> str:
    if source.status == "unknown":
        return "not known"
    hidden = sum(mark.hidden for mark in source.marks)
    number = len(source.marks)
    return f"{number} chapter{'' if number == 1 else 's'}" + (f", {hidden} of them hidden" if hidden else "")


def _table(marks: tuple[ChapterMark, ...]) -> Table:
    table = Table()
    table.add_column("start", justify="right")
    table.add_column("title")
    for name in _more(marks):
        table.add_column(name)
    for mark in marks:
        title = escape(mark.title) + (" …" if mark.truncated else "") + (" [dim](hidden)[/]" if mark.hidden else "")
        table.add_row(clock(mark.start), title, *(escape(_cell(mark, name)) for name in _more(marks)))
    return table


def _more(marks: tuple[ChapterMark, ...]) -> list[str]:
    """Return the columns that at least one chapter fills."""
    return [name for name in ("end", "url", "image") if any(getattr(mark, name) is not None for mark in marks)]


def _cell(mark: ChapterMark, name: str) -> str:
    value = getattr(mark, name)
    return "" if value is None else clock(value) if name == "end" else str(value)
