"""A desk over real stores in a test's own folder, and a worker that does its steps one by one when it is told to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from jobs.engines.protocols import Diarizer, Transcriber
from jobs.engines.scripted import ScriptedDiarizer, ScriptedTranscriber, read_script
from jobs.fetch import Fetcher
from jobs.options import Options
from jobs.plan import Plan
from jobs.request import JobRequest
from jobs.tasks import EngineChoice, Tools
from jobs.wire import FetchLimits
from storage.documents import EngineInfo, Publication
from storage.records import QUEUES, Hint, JobRecord, Queue
from tests.workshop import SCRIPT, example_as_published
from worker.desk import Asked, Desk
from worker.known import LedgerResults
from worker.settings import Settings
from worker.stores import open_stores


@dataclass(frozen=True)
class ScriptedEngines:
    """Engines that know the example."""

    script: Path = SCRIPT

    def choose_transcriber(self) -> EngineChoice:
        """Take the only one there is."""
        return EngineChoice(info=ScriptedTranscriber(read_script(self.script)).info)

    def choose_diarizer(self) -> EngineChoice:
        """Take the only one there is."""
        return EngineChoice(info=ScriptedDiarizer(read_script(self.script)).info)

    def transcriber(self, chosen: EngineInfo) -> Transcriber:
        """Return it."""
        return ScriptedTranscriber(read_script(self.script))

    def diarizer(self, chosen: EngineInfo) -> Diarizer:
        """Return it."""
        return ScriptedDiarizer(read_script(self.script))


@dataclass(frozen=True)
class TestDesk:
    """A desk whose word to the workers is written down, and the hands to do the work."""

    __test__ = False

    desk: Desk
    told: list[Hint] = field(default_factory=list)

    def submit(self, publication: Publication | None = None, **options: object) -> JobRecord:
        """Ask for the example, or another episode, in parts of 20 s."""
        chosen = Options.model_validate({"engine": "scripted", "diarizer": "scripted", "part_seconds": 20} | options)
        return self.desk.submit(Asked(publication or example_as_published(), chosen)).job

    def work(self, steps: int = 1000, queues: Sequence[Queue] = QUEUES) -> list[str]:
        """Do up to so many steps that are ready, as a worker would; return what they are called."""
        done: list[str] = []
        for _ in range(steps):
            claim = self.desk.stores.queue.claim_next(queues, self.desk.stores.presence.owner)
            if claim is None:
                break
            standing = self.desk.stores.ledger.standing(claim.step.job_id)
            assert standing.request is not None
            with Plan(JobRequest.model_validate_json(standing.request), self.desk.tools) as plan:
                known = LedgerResults(self.desk.stores.ledger, self.desk.stores.results, claim.step.job_id, standing)
                (task,) = (task for task in plan.ahead(known).ready if task.step.key == claim.step.key)
                result = task.work(lambda done, total=None: None)
            output = self.desk.stores.blobs.put(result.model_dump_json().encode())
            self.desk.stores.ledger.commit(claim.lease, output)
            self.desk.advance(claim.step.job_id)
            done.append(claim.step.label)
        return done


@contextmanager
def open_test_desk(data: Path, *, database_url: str | None = None, keep_decoded: bool = False) -> Iterator[TestDesk]:
    """Open a desk over a data folder, with scripted engines."""
    told: list[Hint] = []

    def announce(hints: Iterable[Hint]) -> tuple[Hint, ...]:
        sent = tuple(hints)
        told.extend(sent)
        return sent

    with open_stores(Settings(data_dir=data, database_url=database_url)) as stores:
        fetcher = Fetcher(FetchLimits(tries=1), allow_private=True)
        tools = Tools(blobs=stores.blobs, fetcher=fetcher, engines=ScriptedEngines(), keep_decoded=keep_decoded)
        yield TestDesk(Desk(stores, tools, announce), told)
