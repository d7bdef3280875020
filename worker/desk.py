"""Where requests become jobs, and jobs become steps in queues: the ledger first, then word to the workers.

Word that does not get out is no harm: the sweeper (`worker/sweeper.py`) gives it again. So a request that was taken down is
kept, whatever becomes of the broker.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pydantic import ValidationError

from jobs.decoded import PreparedEpisode
from jobs.options import Options
from jobs.plan import Plan
from jobs.request import JobRequest, read_request
from jobs.tasks import Tools
from storage.documents import Note, Publication
from storage.errors import CorruptBlob, EarmarkError, NotFound, TransientError
from storage.records import Hint, Standing
from storage.requests import NewJob, Submitted
from worker.known import LedgerResults, ready_steps
from worker.stores import Stores

_log = logging.getLogger("earmark.desk")


class Announcer(Protocol):
    """Tells workers that there may be work; whether the word arrives is nobody's to rely on."""

    def __call__(self, hints: Iterable[Hint]) -> tuple[Hint, ...]:
        """Send one message for each hint; return those that were sent, and never raise."""


@dataclass(frozen=True)
class Asked:
    """One episode that a person or a watched feed asks for."""

    publication: Publication
    options: Options
    chapters: str | None = None
    """Web address of a chapter file."""
    reference: str | None = None
    """Web address, or a file where the workers are, of audio for comparison."""
    notes: tuple[Note, ...] = ()
    priority: int = 0
    """Higher ones are done first; `NEW_EPISODE` for what just came out."""
    webhook: str | None = None
    """Where to tell of the end, as JSON."""
    again: bool = False
    """Do everything again, and reuse nothing."""


NEW_EPISODE = 10
"""Priority of an episode that was asked for by itself or has just come out."""

BACKLOG = 0
"""Priority of what was asked for in bulk."""


@dataclass(frozen=True)
class Desk:
    """Takes requests and moves jobs on."""

    stores: Stores
    tools: Tools
    announce: Announcer

    def submit(self, asked: Asked) -> Submitted:
        """Take down a request and queue what can be done at once; the same episode with the same options is one job.

        Raises `LedgerUnavailable` with nothing taken down.
        """
        request = JobRequest(
            publication=asked.publication,
            options=asked.options,
            chapters=asked.chapters,
            reference=asked.reference,
            notes=asked.notes,
            salt=secrets.token_hex(8) if asked.again else "",
        )
        by_hand = [source.model_dump_json() for source in asked.publication.chapters if source.kind == "file"]
        beside = [*(note.html for note in asked.notes), *by_hand, *([asked.reference] if asked.reference else [])]
        given = [asked.chapters or "", *beside] if asked.chapters or beside else []
        new = NewJob(
            episode=asked.publication.episode,
            options_key=asked.options.key(*given),
            request=request.model_dump_json(),
            priority=asked.priority,
            webhook=asked.webhook,
            again=asked.again,
        )
        submitted = self.stores.requests.submit(new)
        if submitted.fresh:
            self._begin(submitted.job.id)
        return submitted

    def retry(self, job_id: str) -> Submitted:
        """Set a failed or cancelled job going again, from its last finished step; any other stays as it is."""
        submitted = self.stores.requests.retry(job_id)
        if submitted.fresh:
            self._begin(job_id)
        return submitted

    def _begin(self, job_id: str) -> None:
        """Queue the first steps of a job. It is taken down: if it cannot be planned just now, that is no reason to refuse it."""
        try:
            self.advance(job_id)
        except TransientError as error:
            _log.warning("Job %s is taken down, and the sweeper begins it: %s", job_id, error)

    def advance(self, job_id: str) -> None:
        """Queue what has become ready in a job and give word of it; end the job once its transcript is there."""
        self.tell(self.plan(job_id))

    def plan(self, job_id: str, standing: Standing | None = None) -> tuple[Hint, ...]:
        """Queue what has become ready in a job, or end it; return the steps that are new in their queues.

        `standing` is how the job stands, for whoever just read it.
        """
        standing = standing or self.stores.ledger.standing(job_id)
        raw = standing.request
        if raw is None:
            return ()
        tools = replace(self.tools, forget=self.stores.ledger.forget)
        known = LedgerResults(self.stores.ledger, self.stores.results, job_id, standing)
        try:
            asked = read_request(raw)
            with Plan(asked, tools) as plan:
                ready, transcript = ready_steps(plan, known)
                if transcript is not None and self.stores.requests.done(job_id, transcript, request=raw):
                    self._clean_up(job_id, asked.publication.episode.id, plan.decoded_blob(known))
        except TransientError:
            raise
        except EarmarkError as error:
            self.stores.requests.failed(job_id, str(error), request=raw)
            return ()
        return self.stores.queue.enqueue(job_id, ready, request=raw)

    def tell(self, hints: Sequence[Hint]) -> None:
        """Give word to the workers of steps that were queued just now."""
        sent = set(self.announce(hints)) if hints else set()
        unsent = [hint for hint in hints if hint not in sent]
        if unsent:
            _log.warning("%d of %d messages could not be sent; the sweeper sends them again.", len(unsent), len(hints))
            self.stores.queue.unheard(unsent)

    def tell_again(self, hints: Sequence[Hint]) -> None:
        """Give word again of steps that have waited for a while."""
        if hints:
            self.stores.queue.announced(self.announce(hints))

    def _clean_up(self, job_id: str, episode: str, decoded: str | None) -> None:
        """Remove the decoded audio, which is large and can be made again, unless another job of the episode may be using it."""
        if decoded is None or self.tools.keep_decoded or self.stores.ledger.has_others(episode, job_id):
            return
        if not any(self._is_decoded_to(decoded, output) for output in self.stores.ledger.outputs_in_use("prepare", job_id)):
            self.stores.blobs.remove(decoded)

    def _is_decoded_to(self, decoded: str, output: str) -> bool:
        """Tell whether an episode was decoded to this audio; files that differ in their tags alone are."""
        try:
            return self.stores.results.read(output, PreparedEpisode).pcm == decoded
        except (NotFound, CorruptBlob, ValidationError):
            return False
