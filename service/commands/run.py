"""`earmark run`: sources to transcripts, in one process, with nothing to install beside."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from jobs.audio import DecodeLimits
from jobs.engines.allocator import keep_freed_memory
from jobs.engines.choose import Chosen, Place, choose_engines
from jobs.events import Listener, Noticed
from jobs.intake import Given
from jobs.options import Options
from jobs.pipeline import Workshop, process
from jobs.selection import Selection
from service.commands import asked
from service.console import errors
from service.progress import shown
from service.summary import Row, show_summary
from service.wanted import Unusable, wanted_episodes
from storage.documents import Notice, Publication
from storage.errors import EarmarkError
from storage.export import FORMATS, format_named
from storage.library import Library
from storage.locks import folder_lock
from worker.network import open_fetcher
from worker.settings import Settings
from worker.stores import Stores, open_stores

DEFAULT_FORMATS = ("vtt", "srt", "podcast-json", "chapters-json", "psc", "markdown")

_LOUD = {"asr_fallback", "asr_other_model", "diarizer_fallback", "model_notice", "no_diarizer"}


def run(  # noqa: PLR0917 - a command has as many parameters as options
    sources: asked.Sources,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for the transcripts.")] = None,
    latest: asked.Latest = None,
    since: asked.Since = None,
    episode: asked.Which = None,
    all_episodes: asked.AllEpisodes = False,
    engine: asked.Engine = None,
    model: asked.Model = None,
    device: asked.Device = "auto",
    compute_type: asked.ComputeType = "auto",
    threads: asked.Threads = None,
    workers: asked.Workers = None,
    batch_size: asked.BatchSize = None,
    language: asked.Language = None,
    prompt: asked.Prompt = None,
    hotwords: asked.Hotwords = None,
    part_seconds: asked.PartSeconds = None,
    diarizer: asked.DiarizerName = None,
    diarizer_model: asked.DiarizerModel = None,
    speakers: asked.SpeakerCount = None,
    min_speakers: asked.MinSpeakers = None,
    max_speakers: asked.MaxSpeakers = None,
    voice_memory: asked.VoiceMemory = None,
    chapters: asked.Chapters = None,
    notes: asked.Notes = None,
    reference: asked.Reference = None,
    generated_chapters: asked.Generated = None,
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
    keep_freed_memory()
    settings = Settings()
    options = asked.options_of(
        settings, engine=engine, model=model, device=device, compute_type=compute_type, threads=threads, workers=workers,
        batch_size=batch_size, language=language, prompt=prompt, hotwords=hotwords, part_seconds=part_seconds,
        diarizer=diarizer, diarizer_model=diarizer_model,
        speakers=speakers, min_speakers=min_speakers, max_speakers=max_speakers, voice_memory=voice_memory,
        generated_chapters=generated_chapters,
    )  # fmt: skip
    selection = asked.selection_of(latest=latest, since=since, episode=episode, all_episodes=all_episodes)
    wish = _Wish(
        sources,
        selection,
        options,
        Given(chapters, notes, reference),
        _formats(format),
        Library(output or settings.output_dir),
        force,
    )
    with shown(as_json=as_json, console=errors) as listener:
        rows = _run_all(wish, settings, listener)
    show_summary(rows, as_json=as_json)
    if any(row.error for row in rows) or not rows:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Wish:
    """What the person asked for."""

    sources: list[str]
    selection: Selection
    options: Options
    given: Given
    formats: tuple[str, ...]
    library: Library
    force: bool


def _run_all(wish: _Wish, settings: Settings, listener: Listener) -> list[Row]:
    rows: list[Row] = []
    fetcher, one_only = open_fetcher(settings), wish.given != Given()
    with open_stores(settings) as stores:
        chosen: Chosen | None = None
        for found in wanted_episodes(wish.sources, wish.selection, fetcher, listener, one_only=one_only):
            if isinstance(found, Unusable):
                rows.append(Row(found.source, found.show, error=found.error))
                continue
            if chosen is None:
                with folder_lock(wish.library.root):  # an output that cannot be written is said before the work, not after
                    pass
                chosen = _choose(wish.options, settings, listener)
            rows.append(_one(found, wish, _workshop(stores, settings, chosen), listener))
            stores.indexer.refresh(found.episode.id)
    return rows


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
        memory=stores.memory if settings.voice_memory else None,
    )


def _one(publication: Publication, wish: _Wish, shop: Workshop, listener: Listener) -> Row:
    """Process one episode; an error is its own, and the others go on."""
    episode = publication.episode
    try:
        outcome = process(publication, wish.options, shop, listener=listener, given=wish.given, force=wish.force)
        saved = wish.library.save(outcome.transcript, wish.formats)
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


def _formats(given: list[str] | None) -> tuple[str, ...]:
    names = DEFAULT_FORMATS if not given else tuple(name.strip() for item in given for name in item.split(",") if name.strip())
    for name in names:
        format_named(name)
    return names
