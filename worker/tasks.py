"""The Celery tasks: each a name and a queue over a function that knows no Celery."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from storage.errors import EarmarkError
from storage.records import QUEUES, Queue
from worker.broker import TICK, WORK
from worker.desk import Desk
from worker.due import run_due
from worker.poll import PollRules
from worker.settings import Settings
from worker.station import BEAT, Station
from worker.sweeper import sweep

_log = logging.getLogger("earmark.worker")


def make_tasks(app: Any, station: Station, desk: Desk, settings: Settings) -> None:
    """Give the app its tasks."""

    @app.task(name=WORK)  # type: ignore[untyped-decorator]
    def work(queue: str, job_id: str, name: str, part: int) -> None:
        """Do what is foremost; what that is the ledger decides, the message only says that there is something in a queue."""
        _log.debug("word of %s[%d] of job %s", name, part, job_id)
        if queue in QUEUES:
            station.work_off(queue)

    @app.task(name=TICK)  # type: ignore[untyped-decorator]
    def tick() -> None:
        """Do what is due: poll watched feeds, deliver to webhooks."""
        run_due(desk, desk.tools.fetcher, rules=PollRules(most=settings.max_new_episodes))


class Looker(threading.Thread):
    """Sweeps now and then; and where no word comes through the broker, a free worker looks for steps by itself."""

    def __init__(self, station: Station, desk: Desk, depth: Callable[[str], int | None], every: float) -> None:
        super().__init__(name="earmark-looker", daemon=True)
        self._station = station
        self._desk = desk
        self._depth = depth
        self._every = every
        self._ended = threading.Event()
        self._serving: list[threading.Thread] = []

    def run(self) -> None:
        """Look until told to stop."""
        away = False
        while not self._ended.wait(self._every):
            try:
                if away:
                    self._let_hearts_go_first()
                unheard = sweep(self._desk, self._depth)
                away = False
            except EarmarkError as error:
                away = True
                _log.warning("%s", error)
                continue
            except Exception:  # noqa: BLE001 - whatever it is: without a sweep nothing that was lost comes back
                _log.exception("the sweep stumbled")
                continue
            self._serving = [thread for thread in self._serving if thread.is_alive()]
            for queue in self._station.queues:
                if self._station.idle and any(hint.queue == queue for hint in unheard):
                    self._serve(queue)

    def _let_hearts_go_first(self) -> None:
        """Wait until the ledger is back, and a little longer: workers that are well renew the leases that ran out meanwhile."""
        self._desk.stores.queue.backlog()
        self._ended.wait(3 * BEAT)

    def _serve(self, queue: Queue) -> None:
        def serve() -> None:
            try:
                while not self._ended.is_set() and self._station.serve(queue):
                    pass
            except EarmarkError as error:
                _log.warning("%s", error)

        thread = threading.Thread(target=serve, name=f"earmark-{queue}", daemon=True)
        thread.start()
        self._serving.append(thread)

    def stop(self) -> None:
        """End the thread; what it has begun the station gives back."""
        self._ended.set()
        self.join()
