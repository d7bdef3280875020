"""`earmark run`: sources to transcripts, in one process, with nothing to install beside."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from jobs.audio import DecodeLimits
from jobs.engines.choose import Chosen, Place, choose_engines
from jobs.events import Listener, Noticed
from jobs.intake import Given
from jobs.options import DiarizerChoice, EngineChoice, Options
from jobs.pipeline import Workshop, process
from jobs.selection import Selection
from jobs.sources import open_source
from service.console import errors
from service.progress import shown
from service.summary import Row, show_summary
from storage.documents import Notice, Publication
from storage.errors import EarmarkError, OptionError
from storage.export import FORMATS, format_named
from storage.library import Library
from storage.locks import folder_lock
from worker.settings import Settings
from worker.stores import Stores, open_stores
from worker.tools import open_fetcher

DEFAULT_FORMATS = ("vtt", "srt", "podcast-json", "chapters-json", "psc", "markdown")

_WHICH, _SPEECH, _SPEAKERS, _CHAPTERS = "Which episodes", "Speech", "Speakers", "Chapters"
"""Headings of `--help`."""

_LOUD = {"asr_fallback", "asr_other_model", "diarizer_fallback", "model_notice", "no_diarizer"}


def run(  # noqa: PLR0917 - a command has as many parameters as options
    sources: Annotated[
        list[str], typer.Argument(metavar="SOURCE…", help="Audio URL or file, feed, web page, OPML list.", show_default=False)
    ],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for the transcripts.")] = None,
    latest: Annotated[int | None, typer.Option(help="The newest N episodes of each feed.", min=1, rich_help_panel=_WHICH)] = None,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Episodes published since.", rich_help_panel=_WHICH)
    ] = None,
    episode: Annotated[
        list[str] | None,
        typer.Option(metavar="TITLE|GUID|N", help="This episode (1 is the newest); repeatable.", rich_help_panel=_WHICH),
    ] = None,
    all_episodes: Annotated[bool, typer.Option("--all", help="Every episode.", rich_help_panel=_WHICH)] = False,
    engine: Annotated[EngineChoice, typer.Option(help="Speech engine.", rich_help_panel=_SPEECH)] = "auto",
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME|DIR", help="Whisper model: a name, a folder, or a hub id.", rich_help_panel=_SPEECH),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.", rich_help_panel=_SPEECH)] = "auto",
    compute_type: Annotated[str, typer.Option(help="Number format, e.g. int8, float16.", rich_help_panel=_SPEECH)] = "auto",
    threads: Annotated[int | None, typer.Option(min=0, help="CPU threads; 0 is all.", rich_help_panel=_SPEECH)] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Parts transcribed at once; 0 fits the machine.", rich_help_panel=_SPEECH)
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=0, help="Windows decoded together; 0 fits the device, 1 is one by one.", rich_help_panel=_SPEECH),
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language code; heard if not given.", rich_help_panel=_SPEECH)] = None,
    prompt: Annotated[str | None, typer.Option(help="Text that sets the tone and spelling.", rich_help_panel=_SPEECH)] = None,
    hotwords: Annotated[str | None, typer.Option(help="Names and jargon to listen for.", rich_help_panel=_SPEECH)] = None,
    part_seconds: Annotated[
        float | None, typer.Option(min=5, max=3600, help="Length of the parts of an episode.", rich_help_panel=_SPEECH)
    ] = None,
    diarizer: Annotated[DiarizerChoice, typer.Option(help="Who tells the speakers apart.", rich_help_panel=_SPEAKERS)] = "auto",
    diarizer_model: Annotated[
        str | None, typer.Option(metavar="ID|DIR", help="pyannote pipeline.", rich_help_panel=_SPEAKERS)
    ] = None,
    speakers: Annotated[int | None, typer.Option(min=1, help="How many speakers there are.", rich_help_panel=_SPEAKERS)] = None,
    min_speakers: Annotated[int | None, typer.Option(min=1, help="At least so many.", rich_help_panel=_SPEAKERS)] = None,
    max_speakers: Annotated[int | None, typer.Option(min=1, help="At most so many.", rich_help_panel=_SPEAKERS)] = None,
    chapters: Annotated[
        str | None, typer.Option(metavar="FILE|URL", help="Chapters for this episode.", rich_help_panel=_CHAPTERS)
    ] = None,
    notes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Show notes for this episode.", rich_help_panel=_CHAPTERS)
    ] = None,
    format: Annotated[  # noqa: A002 - the option is called so
        list[str] | None, typer.Option("--format", help=f"Exports: {', '.join(FORMATS)}; repeatable or with commas.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Do everything again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON event a line on standard output.")] = False,
) -> None:
    """Turn episodes into transcripts.

    With none of --latest, --since, --episode and --all, the newest episode of a feed is taken. What was done before is not done
    again, and an interrupted run goes on from its last finished part.
    """
    settings = Settings()
    options = Options.model_validate(
        {
            "engine": engine, "model": model or settings.model, "device": device, "compute_type": compute_type,
            "threads": settings.threads if threads is None else threads,
            "workers": settings.workers if workers is None else workers,
            "batch_size": settings.batch_size if batch_size is None else batch_size,
            "language": language, "prompt": prompt, "hotwords": hotwords,
            "part_seconds": part_seconds or settings.part_seconds,
            "diarizer": diarizer, "diarizer_model": diarizer_model,
            "speakers": speakers, "min_speakers": min_speakers, "max_speakers": max_speakers,
        }
    )  # fmt: skip
    selection = Selection(latest=latest, since=since.date() if since else None, episodes=tuple(episode or ()), all=all_episodes)
    asked = _Asked(
        sources, selection, options, Given(chapters, notes), _formats(format), Library(output or settings.output_dir), force
    )
    with shown(as_json=as_json, console=errors) as listener:
        rows = _run_all(asked, settings, listener)
    show_summary(rows, as_json=as_json)
    if any(row.error for row in rows) or not rows:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Asked:
    """What the person asked for."""

    sources: list[str]
    selection: Selection
    options: Options
    given: Given
    formats: tuple[str, ...]
    library: Library
    force: bool


def _run_all(asked: _Asked, settings: Settings, listener: Listener) -> list[Row]:
    rows: list[Row] = []
    with open_stores(settings) as stores:
        chosen: Chosen | None = None
        for publication, row in _episodes(asked, settings, listener):
            if publication is None:
                rows.append(row)
                continue
            if chosen is None:
                with folder_lock(asked.library.root):  # an output that cannot be written is said before the work, not after
                    pass
                chosen = _choose(asked.options, settings, listener)
            rows.append(_one(publication, asked, _workshop(stores, settings, chosen), listener))
    return rows


def _episodes(asked: _Asked, settings: Settings, listener: Listener) -> Iterator[tuple[Publication | None, Row]]:
    """Yield the episodes that the sources stand for, each once, and a row for each source that cannot be used."""
    fetcher = open_fetcher(settings)
    found = [find for source in asked.sources for find in open_source(source, asked.selection, fetcher)]
    wanted = {publication.episode.id: publication for find in found for publication in find.publications}
    if len(wanted) > 1 and (asked.given.chapters or asked.given.notes):
        raise OptionError(
            f"--chapters and --notes belong to one episode, and {len(wanted)} are chosen.", hint="Choose one with --episode."
        )
    for find in found:
        for notice in find.notices:
            listener(Noticed(notice))
        if find.error is not None:
            listener(Noticed(Notice(code="source_failed", message=f"{find.source}: {find.error}"), loud=True))
            yield None, Row(find.source, find.show, error=find.error)
        for publication in find.publications:
            if wanted.pop(publication.episode.id, None) is not None:
                yield publication, Row(publication.episode.title)


def _choose(options: Options, settings: Settings, listener: Listener) -> Chosen:
    place = Place(settings.models_dir, settings.token, settings.pyannote_model)
    chosen = choose_engines(options, place)
    for notice in chosen.notices:
        listener(Noticed(notice, loud=notice.code in _LOUD))
    return chosen


def _workshop(stores: Stores, settings: Settings, chosen: Chosen) -> Workshop:
    return Workshop(
        ledger=stores.ledger,
        blobs=stores.blobs,
        presence=stores.presence,
        fetcher=open_fetcher(settings),
        transcriber=chosen.transcriber,
        diarizer=chosen.diarizer,
        notices=chosen.notices,
        decode_limits=DecodeLimits(max_seconds=settings.max_audio_hours * 3600),
        keep_decoded=settings.keep_decoded,
    )


def _one(publication: Publication, asked: _Asked, shop: Workshop, listener: Listener) -> Row:
    """Process one episode; an error is its own, and the others go on."""
    episode = publication.episode
    try:
        outcome = process(publication, asked.options, shop, listener=listener, given=asked.given, force=asked.force)
        saved = asked.library.save(outcome.transcript, asked.formats)
    except EarmarkError as error:
        listener(Noticed(Notice(code="episode_failed", message=f"{episode.title}: {error}"), loud=True))
        return Row(episode.title, episode.show, error=error)
    except Exception as error:
        logging.getLogger("earmark").exception("%s", episode.title)
        text = f"{episode.title}: something unforeseen happened ({type(error).__name__}: {error}); the log has the details."
        listener(Noticed(Notice(code="episode_failed", message=text), loud=True))
        return Row(episode.title, episode.show, error=EarmarkError(text))
    for notice in saved.warnings:
        listener(Noticed(notice))
    return Row(episode.title, episode.show, outcome.transcript, saved.transcript_path, outcome.worked)


def _formats(asked: list[str] | None) -> tuple[str, ...]:
    names = DEFAULT_FORMATS if not asked else tuple(name.strip() for item in asked for name in item.split(",") if name.strip())
    for name in names:
        format_named(name)
    return names
