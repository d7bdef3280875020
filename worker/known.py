"""What of a job's plan has been done, as the ledger and the blobs tell."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from jobs.plan import Plan
from jobs.tasks import Result, Task
from storage.errors import CorruptBlob, NotFound
from storage.ledger import Ledger
from storage.outlook import Outlook
from storage.records import ReadyStep, Standing
from worker.results import ResultReader


class LedgerResults:
    """The finished steps of one job, and those of others that serve it.

    `standing` is how the job stood when it was read: what is found is not noted down for a job that was asked for anew since.
    The step `at_hand`, by name and part, is not known: somebody is about to do it. What it needs are results of its own job, so
    no others are looked for.
    """

    def __init__(
        self,
        ledger: Ledger,
        reader: ResultReader,
        job_id: str,
        standing: Standing,
        *,
        at_hand: tuple[str, int] | None = None,
    ) -> None:
        self._ledger = ledger
        self._reader = reader
        self._job_id = job_id
        self.standing = standing
        self._at_hand = at_hand
        self._own = {(step.name, step.part): step for step in standing.steps}

    @property
    def key_at_hand(self) -> str | None:
        """The key under which the step at hand was queued."""
        own = self._own.get(self._at_hand) if self._at_hand is not None else None
        return own.key if own is not None else None

    def has(self, task: Task[Any]) -> bool:
        """Tell whether the step is done."""
        return self._output(task) is not None

    def result(self, task: Task[Result]) -> Result | None:
        """Return what the step made; a result that is gone, damaged or not usable is forgotten, and none returned."""
        output = self._output(task)
        return None if output is None else self._checked(task, output)

    def done_meanwhile(self, task: Task[Any]) -> str | None:
        """Return the digest of what another job had made of the step at hand; none if nobody did it, or it will not do."""
        return self._settled(task, self.standing.twin)

    def _settled(self, task: Task[Any], output: str | None) -> str | None:
        if output is None:
            return None
        result = self._checked(task, output)
        return output if result is not None and task.settled(result) else None

    def digest(self, task: Task[Any]) -> str | None:
        """Return the digest of what the step made; none if it is not done."""
        return self._output(task)

    def _checked(self, task: Task[Result], output: str) -> Result | None:
        try:
            result = self._reader.read(output, task.kind)
        except (NotFound, CorruptBlob, ValidationError):
            result = None
        if result is None or not task.usable(result):
            self._forget(task)
            return None
        return result

    def _output(self, task: Task[Any]) -> str | None:
        step = task.step
        if (step.name, step.part) == self._at_hand:
            return None
        own = self._own.get((step.name, step.part))
        if own is not None and own.key == step.key and own.state == "done":
            return own.output
        if self._at_hand is not None or (own is not None and own.key == step.key and own.awaited):
            return None  # of a step that is awaited, whoever claims it looks whether another job has done it
        output = self._settled(task, self._ledger.finished(step.key))
        if output is not None:
            self._ledger.adopt(self._job_id, step.name, step.part, step.key, output, request=self.standing.request)
        return output

    def _forget(self, task: Task[Any]) -> None:
        self._ledger.forget(task.step.key)
        self._own.pop((task.step.name, task.step.part), None)


def look_ahead(plan: Plan, known: LedgerResults) -> Outlook:
    """Return what follows in a job, given what is known: the steps that can be queued now, or its transcript."""
    ahead = plan.ahead(known)
    if ahead.transcript is not None and ahead.last is not None:
        return Outlook(known.standing, transcript=known.digest(ahead.last), decoded=plan.decoded_blob(known))
    return Outlook(known.standing, tuple(_ready(task) for task in ahead.ready))


def _ready(task: Task[Any]) -> ReadyStep:
    step = task.step
    return ReadyStep(
        name=step.name,
        part=step.part,
        key=step.key,
        queue=task.queue,
        parts=step.parts,
        total=step.total,
        unit=step.unit,
        needs_bytes=task.needs_bytes,
    )
