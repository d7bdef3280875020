"""From a request for transcripts to jobs: the source is looked at first, and then every job is taken down."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from jobs.fetch import Fetcher
from jobs.sources import Found, open_source
from service.api.asked import JobBody
from service.api.problems import ProblemError, of_error, of_source_error
from storage.documents import Note, Notice, Publication
from storage.errors import EarmarkError, NoEpisode, OptionError, TooLarge, TooSlow
from storage.requests import Submitted
from worker.desk import BACKLOG, NEW_EPISODE, Asked, Desk
from worker.settings import Settings

LOOKING_SECONDS = 120.0
"""Longest time for looking at a source: a list may name many feeds, and each may be slow."""


@dataclass(frozen=True)
class Chosen:
    """The episodes that a source stands for."""

    publications: tuple[Publication, ...]
    notices: tuple[Notice, ...]
    failures: tuple[Found, ...]
    """Feeds of a list that cannot be used."""


def look(body: JobBody, fetcher: Fetcher, *, most: int) -> Chosen:
    """Return the episodes that a request stands for, each once; raises `ProblemError` if there is none that can be used."""
    try:
        return _look(body, fetcher, most)
    except EarmarkError as error:
        raise ProblemError(of_source_error(error)) from error


def _look(body: JobBody, fetcher: Fetcher, most: int) -> Chosen:
    until = time.monotonic() + LOOKING_SECONDS
    wanted: dict[str, Publication] = {}
    notices: list[Notice] = []
    failures: list[Found] = []
    for find in open_source(body.url, body.selection.selection(), fetcher):
        notices += find.notices
        failures += [find] if find.error is not None else []
        wanted.update({publication.episode.id: publication for publication in find.publications})
        _require_room(len(wanted), most)
        if time.monotonic() > until:
            raise TooSlow("Looking at all feeds of the list takes too long.", hint="Submit them one by one.")
    if not wanted:
        first = failures[0].error if failures else None
        raise first or NoEpisode("The source stands for no episode.", hint="Give the address of a feed or of an episode.")
    if len(wanted) > 1 and any(given is not None for given in (body.chapters, body.notes, body.reference)):
        raise OptionError(
            f"`chapters`, `notes` and `reference` belong to one episode, and {len(wanted)} are chosen.",
            hint="Choose one in `selection`.",
        )
    return Chosen(tuple(wanted.values()), tuple(notices), tuple(failures))


def _require_room(count: int, most: int) -> None:
    if count > most:
        raise TooLarge(
            f"The request stands for more than {most} jobs.", hint="Ask for fewer in `selection`, for instance with `latest`."
        )


def take_down(body: JobBody, chosen: Chosen, desk: Desk, settings: Settings, *, secret: str | None) -> tuple[Submitted, ...]:
    """Submit every episode; `secret` is for a webhook that has none.

    Raises `ProblemError` that names the jobs that were taken down before one failed.
    """
    taken: list[Submitted] = []
    for asked in _asked(body, chosen.publications, settings, secret):
        try:
            taken.append(desk.submit(asked))
        except EarmarkError as error:
            raise ProblemError(of_error(error, taken=[each.job.id for each in taken] or None)) from error
    return tuple(taken)


def _asked(body: JobBody, publications: Sequence[Publication], settings: Settings, secret: str | None) -> tuple[Asked, ...]:
    usual = NEW_EPISODE if len(publications) == 1 else BACKLOG
    options = body.options.options(settings)
    return tuple(
        Asked(
            publication=publication,
            options=options,
            chapters=body.chapters,
            reference=body.reference,
            notes=(Note(field="file", html=body.notes),) if body.notes is not None else (),
            priority=usual if body.priority is None else body.priority,
            webhook=body.webhook.stored(secret or "") if body.webhook is not None else None,
            again=body.again,
        )
        for publication in publications
    )
