"""The Celery app, and the two processes that it makes: a worker, and the beat that ticks for watched feeds."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from celery import Celery, signals
from celery.beat import Scheduler
from kombu import Queue as BrokerQueue

from storage.records import QUEUES, Queue
from worker.broker import TICK, CeleryAnnouncer, queue_name
from worker.desk import Desk
from worker.pulse import touch
from worker.settings import Settings
from worker.station import Station
from worker.stores import open_stores
from worker.tasks import Looker, make_tasks
from worker.tools import open_tools

TICK_SECONDS = 10.0
"""Seconds between two looks at watched feeds and webhooks."""


def make_app(settings: Settings) -> Celery:
    """Return the Celery app; it connects when it is used."""
    app = Celery("earmark", broker=settings.broker_url, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_queues=[BrokerQueue(queue_name(queue)) for queue in QUEUES],
        task_default_queue=queue_name("cpu"),
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2.0,
        broker_transport_options={
            # a message is only a hint, so one that comes again early does no harm
            "visibility_timeout": settings.visibility_seconds,
            "socket_connect_timeout": 2.0,
            "socket_timeout": 15.0,
            "socket_keepalive": True,
            "health_check_interval": 10,
        },
        beat_schedule={
            "tick": {"task": TICK, "schedule": TICK_SECONDS, "options": {"queue": queue_name("fetch"), "expires": 60}}
        },
        beat_max_loop_interval=TICK_SECONDS,
    )
    return app


@contextmanager
def open_desk(settings: Settings, *, owner: bool = False) -> Iterator[Desk]:
    """Open the ledger and the blobs for a process that takes requests, with word to the workers through the broker."""
    with open_stores(settings, owner=owner) as stores:
        app = make_app(settings)
        try:
            yield Desk(stores, open_tools(settings, stores), CeleryAnnouncer(app))
        finally:
            app.close()


def run_worker(settings: Settings, queues: Sequence[Queue], slots: int, *, log_level: str = "INFO") -> int:
    """Work on steps of these queues, up to `slots` at once, until SIGTERM or Ctrl-C; return the exit status."""
    for name in ("celery.worker.strategy", "celery.app.trace"):  # they say of each message that it came and went
        logging.getLogger(name).setLevel(logging.WARNING)
    with open_stores(settings) as stores:
        app = make_app(settings)
        announcer = CeleryAnnouncer(app)
        desk = Desk(stores, open_tools(settings, stores), announcer)
        station = Station(desk, settings, queues, slots)
        make_tasks(app, station, desk, settings)
        looker = Looker(station, desk, announcer.depth, settings.sweep_seconds)
        _drain_on_shutdown(station, settings)
        worker: Any = app.Worker(
            pool="threads",
            concurrency=slots,
            queues=[queue_name(queue) for queue in queues],
            loglevel=log_level,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        looker.start()
        gc.freeze()  # as in `worker.child`
        try:
            worker.start()
        finally:
            looker.stop()
            station.close()
            app.close()
        return int(worker.exitcode or 0)


def run_scheduler(settings: Settings, *, log_level: str = "INFO") -> None:
    """Tick for watched feeds and webhooks until SIGTERM or Ctrl-C."""

    class Ticking(Scheduler):  # type: ignore[misc]
        # in memory: when a feed is due is the ledger's to know

        def tick(self, *args: Any, **kwargs: Any) -> Any:
            touch(settings.pulse_file)
            return super().tick(*args, **kwargs)

    app = make_app(settings)
    app.Beat(scheduler_cls=Ticking, loglevel=log_level, quiet=True).run()


def _drain_on_shutdown(station: Station, settings: Settings) -> None:
    told = threading.Event()

    def drain(**_: object) -> None:
        # a second signal means: now
        station.drain(seconds=0.0 if told.is_set() else settings.drain_seconds)
        told.set()

    signals.worker_shutting_down.connect(drain, weak=False)
