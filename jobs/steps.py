"""How a step is run: not at all if its result is known, else under a lease, and committed blob before row."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from pydantic import ValidationError

from jobs.events import Event, Listener, StepBegan, StepEnded, StepMoved, StepName, Unit
from storage.blobs import Blobs
from storage.documents import Document
from storage.errors import CorruptBlob, EarmarkError, LeaseLost, NotFound
from storage.ledger import Ledger
from storage.presence import Presence
from storage.records import LEASE_SECONDS, Lease

Result = TypeVar("Result", bound=Document)


class Report(Protocol):
    """Told how much of a step is done, in its unit, and how much there is if that was learned meanwhile; may raise to stop it."""

    def __call__(self, done: float, total: float | None = None) -> None:
        """Take note of progress."""


@dataclass(frozen=True)
class Step:
    """One unit of work: what it is called, what its result depends on, and how it is measured."""

    name: StepName
    key: str
    part: int = 0
    parts: int = 1
    total: float | None = None
    """Size of this part, in `unit`."""
    whole: float | None = None
    """Size of all parts together; none if there is one part."""
    unit: Unit = "seconds"


class _Stopped(BaseException):
    """Work beside this failed, or a person interrupted it: the step is given back, as on Ctrl-C."""


@dataclass
class StepRunner:
    """Runs the steps of one job against a ledger and a blob store.

    `force` forgets what is known of a step before it is run. The listener is told one thing at a time.
    """

    ledger: Ledger
    blobs: Blobs
    presence: Presence
    job_id: str
    listener: Listener
    force: bool = False
    lease_seconds: float = LEASE_SECONDS
    worked: bool = field(default=False, init=False)
    """Whether any step had to be done in this run."""
    _stopped: threading.Event = field(default_factory=threading.Event, init=False)
    _telling: threading.Lock = field(default_factory=threading.Lock, init=False)

    def run(
        self,
        step: Step,
        kind: type[Result],
        work: Callable[[Report], Result],
        *,
        usable: Callable[[Result], bool] = lambda _: True,
    ) -> Result:
        """Return the step's result: the known one, else that of `work`.

        `usable` can refuse a known result, for instance because a file that it names is gone.
        """
        known = self._known(step, kind, usable)
        if known is not None:
            self._ended(step, reused=True, seconds=0.0)
            return known
        self.worked = True
        self._tell(StepBegan(step.name, step.part, step.parts))
        began = time.monotonic()
        lease = self._claim(step)
        with self._held(lease) as lost:
            result = self._commit(lease, work(self._report(step, lost)))
        self._ended(step, reused=False, seconds=time.monotonic() - began)
        return result

    def run_all(
        self, tasks: Sequence[tuple[Step, Callable[[Report], Result]]], kind: type[Result], *, at_once: int = 1
    ) -> tuple[Result, ...]:
        """Return the results of steps that do not need each other, up to `at_once` of them in threads beside each other.

        Each is claimed when its turn comes. When one fails, or on Ctrl-C, the others are given back at their next report.
        """
        if at_once <= 1 or len(tasks) <= 1:
            return tuple(self.run(step, kind, work) for step, work in tasks)
        pool = ThreadPoolExecutor(at_once, thread_name_prefix="earmark-step")
        futures = [pool.submit(self._unless_stopped, step, kind, work) for step, work in tasks]
        try:
            ended = wait(futures, return_when=FIRST_EXCEPTION).done
            errors = [error for error in (future.exception() for future in ended) if error is not None]
            for error in sorted(errors, key=lambda error: isinstance(error, _Stopped)):
                raise error
            return tuple(future.result() for future in futures)
        finally:
            self._stopped.set()
            pool.shutdown(cancel_futures=True)
            self._stopped.clear()

    def _unless_stopped(self, step: Step, kind: type[Result], work: Callable[[Report], Result]) -> Result:
        """Run a step beside others; the first that fails stops the rest, before another is begun."""
        if self._stopped.is_set():
            raise _Stopped
        try:
            return self.run(step, kind, work)
        except BaseException:
            self._stopped.set()
            raise

    def _known(self, step: Step, kind: type[Result], usable: Callable[[Result], bool]) -> Result | None:
        if self.force:
            self.ledger.forget(step.key)
            return None
        output = self.ledger.finished(step.key)
        if output is None:
            return None
        try:
            result = kind.model_validate_json(self.blobs.read(output))
        except (NotFound, CorruptBlob, ValidationError):
            self.ledger.forget(step.key)
            return None
        if not usable(result):
            self.ledger.forget(step.key)
            return None
        self.ledger.adopt(self.job_id, step.name, step.part, step.key, output)
        return result

    def _ended(self, step: Step, *, reused: bool, seconds: float) -> None:
        self._tell(StepEnded(step.name, step.part, step.parts, reused, step.total, seconds))

    def _tell(self, event: Event) -> None:
        with self._telling:
            self.listener(event)

    def _claim(self, step: Step) -> Lease:
        return self.ledger.claim(
            self.job_id,
            step.name,
            step.part,
            step.key,
            self.presence.owner,
            seconds=self.lease_seconds,
            is_gone=self.presence.is_gone,
        )

    def _commit(self, lease: Lease, result: Result) -> Result:
        """Keep the result; return it as it will be read again, so that a run gives the same whether it was interrupted or not."""
        kept = result.model_dump_json().encode()
        self.ledger.commit(lease, self.blobs.put(kept))
        return type(result).model_validate_json(kept)

    def _report(self, step: Step, lost: threading.Event) -> Report:
        def report(done: float, total: float | None = None) -> None:
            if self._stopped.is_set():
                raise _Stopped
            if lost.is_set():
                raise LeaseLost(f"Another process took over {step.name}.", hint="Nothing is lost: it goes on there.")
            known = total if total is not None else step.total
            self._tell(StepMoved(step.name, step.part, done, known, step.whole or known, step.unit))

        return report

    @contextmanager
    def _held(self, lease: Lease) -> Iterator[threading.Event]:
        """Keep the lease alive beside the work; on an error record it, on an interruption give the step back."""
        stop, lost = threading.Event(), threading.Event()
        heart = threading.Thread(target=self._beat, args=(lease, stop, lost), name="earmark-lease", daemon=True)
        heart.start()
        try:
            yield lost
        except LeaseLost:
            raise
        except Exception as error:
            self.ledger.fail(lease, str(error) if isinstance(error, EarmarkError) else repr(error))
            raise
        except BaseException:
            self.ledger.release(lease)
            raise
        finally:
            stop.set()
            heart.join()

    def _beat(self, lease: Lease, stop: threading.Event, lost: threading.Event) -> None:
        while not stop.wait(self.lease_seconds / 3):
            try:
                self.ledger.renew(lease, seconds=self.lease_seconds)
            except LeaseLost:
                lost.set()
                return
