"""The child process of a worker, which does the work itself: whatever native code does to it, the worker lives on to tell.

    worker → child    {"settings": {…}}, {"work": {lease}, "key": …}, {"stop": token}
    child → worker    {"moved": done, "total": …}, {"ended": "done" | "lost" | "stopped" | "error" | "unforeseen", …}

The child commits what it made and plans the job's next steps; what fails is told to the worker, who settles it.
"""

from __future__ import annotations

import logging
import os
import queue
import socket
import sys
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from jobs.plan import Plan, Task
from jobs.request import JobRequest
from storage.errors import EarmarkError, LeaseLost, TransientError
from storage.records import Hint, Lease
from worker.desk import Desk
from worker.engines import EngineRoom
from worker.known import LedgerResults
from worker.lines import Lines, Message
from worker.settings import Settings
from worker.stores import Stores, open_stores
from worker.tied import die_with
from worker.tools import engine_place, open_tools

MOVED_EVERY = 0.5
"""Seconds between two reports of progress."""

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
        self._room = EngineRoom(engine_place(settings))
        self._desk = Desk(stores, self._tools, lambda _: ())
        self.work = _Work()

    def do(self, lease: Lease, key: str) -> Message:
        """Do the step with this key and return how it ended."""
        try:
            hints = self._do(lease, key)
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

    def _do(self, lease: Lease, key: str) -> tuple[Hint, ...]:
        raw = self._stores.requests.request_of(lease.job_id)
        if raw is not None and (known := self._stores.ledger.finished(key)) is not None:
            self._stores.ledger.commit(lease, known)  # another job did the same meanwhile
        elif raw is not None:
            request = JobRequest.model_validate_json(raw)
            tools = replace(self._tools, engines=self._room.for_job(request.options))
            with Plan(request, tools) as plan:
                ahead = plan.ahead(LedgerResults(self._stores.ledger, self._stores.results, lease.job_id, own_alone=True))
                task = next((task for task in ahead.ready if _is_of(task.step, lease) and task.step.key == key), None)
                if task is None:
                    self._stores.queue.withdraw(lease)  # planned before the job changed
                else:
                    self._run(task, lease)
        return self._desk.plan(lease.job_id)

    def _run(self, task: Task[Any], lease: Lease) -> None:
        made = task.work(self._reporter())
        output = self._stores.blobs.put(made.model_dump_json().encode())
        self._stores.ledger.commit(lease, output)

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
            inbox.put(message)
    os._exit(1)


def main(descriptor: int, parent: int) -> None:
    """Serve the worker at the other end of the connection until it hangs up."""
    die_with(parent)
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
        lines.send({"ready": os.getpid()})
        while True:
            message = inbox.get()
            lease = Lease(**message["work"])
            bench.work = _Work(lease.token)
            lines.send(bench.do(lease, message["key"]))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
