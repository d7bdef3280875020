"""The whole service in one process tree, without Docker: Redis, workers, scheduler, and the HTTP API.

    earmark up ─┬─ redis        unless EARMARK_BROKER_URL names one
                ├─ fetch        earmark worker --queues fetch,cpu
                ├─ asr 1 … N    earmark worker --queues asr
                ├─ diarize      earmark worker --queues diarize
                ├─ scheduler    earmark scheduler
                └─ api          earmark serve

They are stopped from the bottom to the top, so that nobody is asked who can no longer answer.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from jobs.engines.devices import usable_cores
from service.own_redis import OwnRedis, own_redis
from service.process_tree import Child, ProcessTree, Say
from service.running import Running, only_one, say_running, say_stopped, up_folder
from worker.settings import Settings

_API, _SCHEDULER, _WORKERS, _REDIS = 0, 1, 2, 3
"""Ranks: the order in which they are stopped."""

_API_GRACE = 20.0
_SPARE = 10.0
"""Seconds that a worker has beyond its drain time, to give back what it holds."""

_LOOK = 0.2
"""Seconds between two looks at the children."""

_UP_ANYWAY = 30.0
"""Seconds after which a worker that lives is taken to be ready, whatever it says."""

_READY = re.compile(r"\bready\.$")
"""What a worker says once it takes steps."""


@dataclass(frozen=True)
class Wanted:
    """What `earmark up` is asked for."""

    host: str
    port: int
    asr: int
    """Workers that transcribe."""
    settings: Settings
    earmark: tuple[str, ...] = (sys.executable, "-m", "service.cli")
    """The command line."""

    @property
    def address(self) -> str:
        """Where the API is found from this machine."""
        return f"http://{_bracketed(self._reachable)}:{self.port}"

    @property
    def _reachable(self) -> str:
        return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - not bound here

    def answers(self) -> bool:
        """Tell whether the API answers."""
        connection = http.client.HTTPConnection(self._reachable, self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


@dataclass
class Readiness:
    """Listens to what the children say, and announces once that all of them are ready."""

    wanted: Wanted
    say: Say
    announce: Callable[[str], None]
    workers: tuple[str, ...] = ()
    """Names of those that have to be ready."""
    _ready: set[str] = field(default_factory=set)
    _began: float = field(default_factory=time.monotonic)
    _announced: bool = False

    def heard(self, name: str, line: str) -> None:
        """Pass on a line of a child's output."""
        if _READY.search(line):
            self._ready.add(name)
        self.say(name, line)

    def look(self, tree: ProcessTree) -> None:
        """Announce it when the API answers and all workers take steps."""
        if self._announced:
            return
        long_enough = time.monotonic() - self._began > _UP_ANYWAY
        at_work = all(tree.alive(name) and (name in self._ready or long_enough) for name in self.workers)
        if at_work and self.wanted.answers():
            self._announced = True
            self.announce(f"ready: {self.wanted.address}, {len(self.workers)} workers")


def run_up(wanted: Wanted, say: Say, announce: Callable[[str], None]) -> None:
    """Run the service until SIGINT, SIGTERM or SIGHUP; a second one kills it at once.

    Raises `OptionError` if it runs on this data folder already or there is no Redis to run, and `KeepsDying` if a process dies
    again and again.
    """
    data_dir = wanted.settings.data_dir
    readiness = Readiness(wanted, say, announce)
    with only_one(data_dir) as lock, _told() as told, ProcessTree(readiness.heard, held=(lock,)) as tree:
        told.again = tree.kill
        redis = None if "broker_url" in wanted.settings.model_fields_set else own_redis(up_folder(data_dir) / "redis")
        broker_url = wanted.settings.broker_url if redis is None else redis.url
        children = tuple(children_of(wanted, redis, broker_url))
        readiness.workers = tuple(child.name for child in children if child.rank == _WORKERS)
        try:
            for child in children:
                tree.start(child)
            say_running(data_dir, Running(pid=os.getpid(), broker_url=broker_url, address=wanted.address))
            while not told.to_stop.wait(_LOOK):
                tree.look_after()
                readiness.look(tree)
            announce("stopping …")
        finally:
            say_stopped(data_dir)


def children_of(wanted: Wanted, redis: OwnRedis | None, broker_url: str) -> Iterator[Child]:
    """Yield the processes of the service, in the order in which they are started."""
    settings, earmark = wanted.settings, wanted.earmark
    everyone = {
        **os.environ,
        "EARMARK_DATA_DIR": str(settings.data_dir.resolve()),
        "EARMARK_BROKER_URL": broker_url,
        "PYTHONUNBUFFERED": "1",
    }
    threads = settings.threads if "threads" in settings.model_fields_set else max(1, usable_cores() // wanted.asr)
    thinking = {**everyone, "EARMARK_THREADS": str(threads)}
    if redis is not None:
        yield Child("redis", redis.command, os.environ, _REDIS, folder=redis.folder)

    def worker(name: str, queues: str, environment: Mapping[str, str], concurrency: int = 1) -> Child:
        command = (*earmark, "worker", "--queues", queues, "--concurrency", str(concurrency))
        return Child(name, command, environment, _WORKERS, grace=settings.drain_seconds + _SPARE)

    yield worker("fetch", "fetch,cpu", everyone, concurrency=2)
    for number in range(1, wanted.asr + 1):
        yield worker("asr" if wanted.asr == 1 else f"asr {number}", "asr", thinking)
    yield worker("diarize", "diarize", thinking)
    yield Child("scheduler", (*earmark, "scheduler"), everyone, _SCHEDULER)
    serve = (*earmark, "serve", "--host", wanted.host, "--port", str(wanted.port))
    yield Child("api", serve, everyone, _API, grace=_API_GRACE)


def usual_asr_workers(gpus: int) -> int:
    """Return how many workers transcribe, if nobody says: one on a GPU, which it fills; else one for each four cores, up to 4."""
    return 1 if gpus else min(4, max(1, usable_cores() // 4))


@dataclass
class _Told:
    """What signals asked for."""

    to_stop: threading.Event = field(default_factory=threading.Event)
    again: Callable[[], None] = lambda: None
    """Called when one is told to stop once more."""


@contextmanager
def _told() -> Iterator[_Told]:
    """Listen to SIGINT, SIGTERM and SIGHUP."""
    told = _Told()

    def hear(*_: object) -> None:
        if told.to_stop.is_set():
            told.again()
        told.to_stop.set()

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
