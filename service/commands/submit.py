"""`earmark submit`: sources to jobs, for the workers to do.

What lies in files on this machine is read here, since workers may be on others: show notes go into the request as they are, and
a chapter file as the chapters that it holds; only a web address of chapters is left for a worker to fetch. Audio is the
exception: a local file is named by its address, and has to be there for the workers that fetch.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from jobs.events import Listener, Noticed
from jobs.fetch import Fetcher
from jobs.intake import given_chapters
from jobs.options import Options
from jobs.pipeline import given_notes
from jobs.places import local_path
from jobs.selection import Selection
from jobs.webhook import Webhook, new_webhook
from service.commands import asked
from service.console import errors, results
from service.following import follow
from service.job_views import job_fields
from service.progress import JsonLines, shown
from service.running import settings_here
from service.wanted import Unusable, wanted_episodes
from storage.documents import ChapterSource, Note, Notice, Publication
from storage.records import OPEN_STATES, JobRecord
from storage.requests import Submitted
from worker.desk import BACKLOG, NEW_EPISODE, Asked, Desk
from worker.network import open_fetcher

FEW = 5
"""So many episodes of each feed are asked for because they are new; more are a backlog."""


def submit(  # noqa: PLR0917 - a command has as many parameters as options
    sources: asked.Sources,
    latest: asked.Latest = None,
    since: asked.Since = None,
    episode: asked.Which = None,
    all_episodes: asked.AllEpisodes = False,
    engine: asked.Engine = None,
    model: asked.Model = None,
    device: asked.Device = "auto",
    compute_type: asked.ComputeType = "auto",
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
    priority: Annotated[
        int | None, typer.Option(min=-1000, max=1000, help=f"Higher is sooner; {NEW_EPISODE} for a few, {BACKLOG} for many.")
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(metavar="URL", help="Told when a job ends; the secret that signs it is printed once.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Do everything again, even what is done.")] = False,
    follow_them: Annotated[
        bool, typer.Option("--follow", "-f", help="Show bars until all have ended; status 0 only if all are done.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON event a line on standard output.")] = False,
) -> None:
    """Ask the service for transcripts: its workers do the jobs.

    With none of --latest, --since, --episode and --all, the newest episode of a feed is taken. The same episode with the same
    options is one job, however often it is asked for.
    """
    from worker.app import open_desk

    settings = settings_here()
    options = asked.options_of(
        settings, engine=engine, model=absolute(model or settings.model), device=device, compute_type=compute_type,
        threads=0, workers=0, batch_size=batch_size, language=language, prompt=prompt, hotwords=hotwords,
        part_seconds=part_seconds, diarizer=diarizer, diarizer_model=absolute(diarizer_model),
        speakers=speakers, min_speakers=min_speakers, max_speakers=max_speakers, voice_memory=voice_memory,
        generated_chapters=generated_chapters,
    )  # fmt: skip
    selection = asked.selection_of(latest=latest, since=since, episode=episode, all_episodes=all_episodes)
    fetcher = open_fetcher(settings)
    beside = _read_beside(chapters, notes, absolute(reference), fetcher)
    hook = new_webhook(webhook) if webhook else None
    rank = usual_priority(selection) if priority is None else priority
    wish = _Wish(tuple(sources), selection, options, beside, rank, hook, again)
    with shown(as_json=as_json, console=errors) as listener, open_desk(settings) as desk:
        outcome = _submit_all(desk, wish, fetcher, listener)
        _tell(outcome, hook, as_json=as_json)
        if follow_them:
            ended = [follow(desk.stores, one.job.id, listener) for one in outcome.submitted]
    if follow_them:
        _tell_end(ended, as_json=as_json)
    if outcome.unusable or not outcome.submitted or (follow_them and any(job.state != "done" for job in ended)):
        raise typer.Exit(1)


def usual_priority(selection: Selection) -> int:
    """Return the priority of what is asked for: a few new episodes go before a backlog."""
    bulk = selection.all or selection.since is not None or (selection.latest or 0) > FEW
    return BACKLOG if bulk else NEW_EPISODE


@dataclass(frozen=True)
class _Beside:
    """What a person gave beside the episode, as it goes into the request."""

    address: str | None = None
    """Of a chapter file in the web."""
    chapters: tuple[ChapterSource, ...] = ()
    """What a chapter file on this machine holds."""
    notes: tuple[Note, ...] = ()
    reference: str | None = None
    """Of audio for comparison; a file must be where the workers are."""
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class _Wish:
    """What the person asked for."""

    sources: tuple[str, ...]
    selection: Selection
    options: Options
    beside: _Beside
    priority: int
    webhook: Webhook | None
    again: bool


@dataclass(frozen=True)
class _Outcome:
    """What became of it."""

    submitted: tuple[Submitted, ...]
    unusable: tuple[Unusable, ...]


def _submit_all(desk: Desk, wish: _Wish, fetcher: Fetcher, listener: Listener) -> _Outcome:
    submitted: list[Submitted] = []
    unusable: list[Unusable] = []
    one_only = wish.beside != _Beside()
    # all sources are read before the first job is taken down: what is wrong with the wish is said with nothing done
    for found in list(wanted_episodes(wish.sources, wish.selection, fetcher, listener, one_only=one_only)):
        if isinstance(found, Unusable):
            unusable.append(found)
            continue
        one = desk.submit(_asked(found, wish))
        submitted.append(one)
        if wish.webhook is not None and not _takes_webhook(one):
            text = f"{one.job.title} was done before; its end is not told to this webhook."
            listener(Noticed(Notice(code="webhook_not_added", message=text)))
    return _Outcome(tuple(submitted), tuple(unusable))


def _takes_webhook(one: Submitted) -> bool:
    """Tell whether a job tells the webhook of this submission of its end: it will, unless it has ended already."""
    return one.fresh or one.job.state in OPEN_STATES


def _asked(publication: Publication, wish: _Wish) -> Asked:
    beside = wish.beside
    by_hand = {"chapters": (*beside.chapters, *publication.chapters), "warnings": (*publication.warnings, *beside.warnings)}
    return Asked(
        publication=publication.model_copy(update=by_hand),
        options=wish.options,
        chapters=beside.address,
        notes=beside.notes,
        reference=beside.reference,
        priority=wish.priority,
        webhook=wish.webhook.model_dump_json() if wish.webhook else None,
        again=wish.again,
    )


def _read_beside(chapters: str | None, notes: Path | None, reference: str | None, fetcher: Fetcher) -> _Beside:
    """Read what lies on this machine; an address of chapters goes to the workers as it is."""
    if chapters is None or local_path(chapters) is None:
        return _Beside(address=chapters, notes=given_notes(notes), reference=reference)
    source, warnings = given_chapters(chapters, fetcher)
    return _Beside(chapters=(source,), warnings=warnings, notes=given_notes(notes), reference=reference)


def absolute(place: str | None) -> str | None:
    """Return a model's folder or script by its whole path, since workers run elsewhere; a name or hub id stays as it is."""
    if not place:
        return place
    path = Path(place).expanduser()
    written_like_one = os.sep in place or place.startswith((".", "~"))
    return str(path.resolve()) if path.is_file() or (written_like_one and path.exists()) else place


# ------------------------------------------------------------------ telling


def _tell(outcome: _Outcome, hook: Webhook | None, *, as_json: bool) -> None:
    new_hook = hook if any(_takes_webhook(one) for one in outcome.submitted) else None
    if as_json:
        lines = JsonLines(results.file)
        for one in outcome.submitted:
            lines.write("submitted", {"job": job_fields(one.job), "fresh": one.fresh})
        if new_hook is not None:
            lines.write("webhook", new_hook.model_dump())
        return
    if outcome.submitted:
        results.print(_table([one.job for one in outcome.submitted]))
    if new_hook is not None:
        results.print(f"Secret of the webhook, shown this once: {new_hook.secret}", markup=False, highlight=False, soft_wrap=True)


def _tell_end(jobs: Sequence[JobRecord], *, as_json: bool) -> None:
    if as_json:
        JsonLines(results.file).write("summary", {"jobs": [job_fields(job) for job in jobs]})
        return
    if jobs:
        results.print(_table(jobs))


def _table(jobs: Iterable[JobRecord]) -> Table:
    table = Table("job", "state", "episode", "show", "reason")
    for job in jobs:
        table.add_row(job.id, job.state, escape(job.title), escape(job.show or ""), escape(job.reason))
    return table
