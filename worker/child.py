"""The child process of a worker, which does the work itself: whatever native code does to it, the worker lives on to tell.

    worker → child    {"settings": {…}}, {"work": {lease}}, {"stop": token}
    child → worker    {"ready": pid}, {"moved": done, "total": …}, {"committed": token},
                      {"ended": "done" | "lost" | "stopped" | "error" | "unforeseen", …}

The child commits what it made with the job's next steps; what fails is told to the worker, who settles it.
"""

from __future__ import annotations

import gc
import logging
import os
import queue
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from jobs.engines.allocator import keep_freed_memory
from jobs.plan import Plan
from jobs.request import read_request
from jobs.tasks import Task
from storage.errors import EarmarkError, LeaseLost, LedgerUnavailable, TransientError
from storage.outlook import Outlook
from storage.queue import Committed
from storage.records import Hint, Lease
from worker.desk import Desk
from worker.engines import EngineRoom
from worker.known import LedgerResults
from worker.lines import Lines, Message
from worker.settings import Settings
from worker.stores import Stores, open_stores
from worker.tied import tie_to
from worker.tools import engine_place, open_tools

MOVED_EVERY = 0.5
"""Seconds between two reports of progress."""

_ASK_AGAIN = 1.0
"""Seconds between two tries to reach a ledger that is away."""

_log = logging.getLogger("earmark.child")


class _Stopped(BaseException):
    """The worker asked this step to stop."""


@dataclass
class _Work:
    """The step at hand, as far as the thread that listens to the worker needs to know it."""

    token: int = -1
    stopped: threading.Event = field(default_factory=threading.Event)


class Bench:
    """Does steps for a worker."""

    def __init__(self, settings: Settings, stores: Stores, lines: Lines) -> None:
        self._stores = stores
        self._lines = lines
        self._tools = open_tools(settings, stores)
        self._room = EngineRoom(engine_place(settings), threads=settings.threads)
        self._desk = Desk(stores, self._tools, lambda _: ())
        self._patience = settings.lease_seconds
        self.work = _Work()

    def do(self, lease: Lease) -> Message:
        """Do a step and return how it ended."""
        try:
            hints = self._do(lease)
        except _Stopped:
            return {"ended": "stopped"}
        except LeaseLost:
            return {"ended": "lost"}
        except EarmarkError as error:
            passing = isinstance(error, TransientError)
            after = error.retry_after if isinstance(error, TransientError) else None
            return {"ended": "error", "message": str(error), "transient": passing, "retry_after": after}
        except Exception as error:  # noqa: BLE001 - told to the worker, who tries again and says it in the end
            _log.exception("%s of job %s", lease.name, lease.job_id)
            return {"ended": "unforeseen", "message": f"{type(error).__name__}: {error}"}
        return {"ended": "done", "hints": [asdict(hint) for hint in hints]}

    def _do(self, lease: Lease) -> tuple[Hint, ...]:
        here = (lease.name, lease.part)
        standing = self._stores.ledger.standing(lease.job_id, here)
        if standing.request is None:
            self._stores.queue.withdraw(lease)  # a job that is run by hand
            return ()
        request = read_request(standing.request)
        known = LedgerResults(self._stores.ledger, self._stores.results, lease.job_id, standing, at_hand=here)
        with Plan(request, replace(self._tools, engines=self._room.for_job(request.options))) as plan:
            ready = plan.ahead(known).ready
            task = next((task for task in ready if _is_of(task.step, lease) and task.step.key == known.key_at_hand), None)
            if task is None:
                self._stores.queue.withdraw(lease)  # planned before the job changed
                return self._desk.plan(lease.job_id)
            output = known.done_meanwhile(task) or self._made(task)
        outlook = self._desk.foresee(lease, output, standing)
        return self._desk.follow(lease.job_id, self._commit(lease, output, outlook), outlook)

    def _made(self, task: Task[Any]) -> str:
        made = task.work(self._reporter())
        return self._stores.blobs.put(made.model_dump_json().encode())

    def _commit(self, lease: Lease, output: str, outlook: Outlook | None) -> Committed:
        """Record what was made, and what follows from it.

        A ledger that is away for less than a lease is no reason to make it again.
        """
        deadline = time.monotonic() + self._patience
        while True:
            try:
                committed = self._stores.queue.commit(lease, output, outlook)
            except LedgerUnavailable as error:
                if time.monotonic() > deadline:
                    raise
                _log.warning("%s of job %s waits to be recorded: %s", lease.name, lease.job_id, error)
                time.sleep(_ASK_AGAIN)
            else:
                self._lines.send({"committed": lease.token})
                return committed

    def _reporter(self) -> Any:
        said = 0.0

        def report(done: float, total: float | None = None) -> None:
            nonlocal said
            if self.work.stopped.is_set():
                raise _Stopped
            now = time.monotonic()
            if now - said >= MOVED_EVERY:
                said = now
                self._lines.send({"moved": done, "total": total})

        return report


def _is_of(step: Any, lease: Lease) -> bool:
    return (step.name, step.part) == (lease.name, lease.part)


def _listen(lines: Lines, inbox: queue.Queue[Message], bench: Bench) -> None:
    """Take the worker's messages while the step runs; a worker that is gone takes this process with it."""
    while (message := lines.receive()) is not None:
        if message.get("stop") is not None:
            if message["stop"] == bench.work.token:
                bench.work.stopped.set()
        else:
            # here and not where it is done: the word to stop may be the next line
            bench.work = _Work(message["work"]["token"])
            inbox.put(message)
    os._exit(1)


def main(descriptor: int, parent: int) -> None:
    """Serve the worker at the other end of the connection until it hangs up."""
    keep_freed_memory()
    tie_to(parent)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    lines = Lines(socket.socket(fileno=descriptor))
    first = lines.receive()
    if first is None:
        return
    settings = Settings.model_validate(first["settings"])
    with open_stores(settings, owner=False) as stores:
        bench = Bench(settings, stores, lines)
        inbox: queue.Queue[Message] = queue.Queue()
        threading.Thread(target=_listen, args=(lines, inbox, bench), name="earmark-worker", daemon=True).start()
        gc.collect()
        gc.freeze()  # what was imported stays: there is no use in looking for garbage among it again and again
        lines.send({"ready": os.getpid()})
        while True:
            lines.send(bench.do(Lease(**inbox.get()["work"])))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
