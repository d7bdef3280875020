"""What the things cost that people and the service do every day, in archives of 1 to 10,000 episodes.

Commands are processes of their own, measured from start to end; pages and lists are asked of an `earmark serve` that was just
started. The feed that is listed and polled has as many items as the archive has episodes, and the show whose voices are listed
and compared is the whole archive: nothing is shared out among shows, so that what grows shows. A poll finds all known, in a
feed that has changed. The site is only made of smaller archives: it writes everything there is.

What breaks first is what passes its limit at the smallest archive: ten seconds of processor time for a command that somebody
waits for, one for a page, a quarter of an hour for a site, which is everything anew, two GiB of memory for each. The sweep,
which comes every five seconds, may take half a second.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from benchmarks.archive import Archive
from benchmarks.children import REPOSITORY, Cost, run_python, warm_up
from benchmarks.full_archive import DAILY, DIMENSIONS, HOSTS, FullArchive
from benchmarks.growth_fit import Series, breaks_first, shown
from benchmarks.listing import make_feed
from benchmarks.readers import load_audio
from benchmarks.recordings import write_wav
from benchmarks.table import Goal, Report, Row
from storage.shows import show_key
from tests.voices import Speakers, add
from tests.webserver import Reply, Request, WebServer
from tests.yard import RedisServer, free_port, wait_for
from worker.app import open_desk
from worker.settings import Settings
from worker.stores import open_stores
from worker.sweeper import sweep

COMMAND, PAGE, SWEEP, SITE = 10.0, 1.0, 0.5, 900.0
"""Seconds of processor time within which each is to be done."""

MEMORY = 2048.0
"""MiB that a command may take."""

_NOISE = {COMMAND: 0.1, PAGE: 0.005, SWEEP: 0.005, SITE: 0.1}
"""By limit, the seconds by which what takes as long differs from time to time; processes differ by some MiB, too."""

_NOISE_MIB = 10.0

MOST = 1.2
"""Largest exponent of whatever takes more than a tenth of its limit in the largest archive."""

_SPEECH = REPOSITORY / "tests" / "data" / "audio" / "two_sentences.mp3"
_HEARD = {"sentences": [{"speaker": "A", "words": [{"word": "Welcome", "start": 0.2, "end": 0.5}]}]}
_SWEEPS, _REQUESTS = 20, 100
_SECONDS = 3.0
_JSON = {"Accept": "application/json"}
_BROWSER = {"Accept": "text/html"}


@dataclass(frozen=True)
class Taken:
    """What one operation took."""

    cpu: float
    wall: float
    peak: float | None = None
    """MiB; none where it shares a process with others."""


@dataclass
class Yard:
    """An archive with everything around it that the operations need."""

    archive: FullArchive
    redis: RedisServer
    web: WebServer
    number: int = 0
    """Counts what was made, so that no two episodes are the same."""
    environment: dict[str, str] = field(default_factory=dict)

    def earmark(self, *arguments: str) -> Cost:
        """Run a command on the archive."""
        return run_python(["-m", "service.cli", *arguments], environment=self.environment)

    def new_audio(self) -> Path:
        """Return a second of speech that nobody has heard yet."""
        self.number += 1
        samples = load_audio(_SPEECH)
        return write_wav(samples[8_000 + self.number : 24_000 + self.number], self.archive.folder / f"new {self.number}.wav")


@contextmanager
def open_yard(folder: Path, *, words: int, seed: int) -> Iterator[Yard]:
    """Open an empty archive."""
    redis = RedisServer(folder / "redis")
    redis.start()
    archive = FullArchive(folder, Archive(seed, words), seed)
    (folder / "script.json").write_text(json.dumps(_HEARD), "utf-8")
    try:
        with WebServer() as web:
            yield Yard(archive, redis, web, environment={**archive.environment, "EARMARK_BROKER_URL": redis.url})
    finally:
        redis.kill()


# ------------------------------------------------------------------ commands


def commands(yard: Yard, *, with_site: bool) -> Iterator[tuple[str, Taken]]:
    """Do what is done by commands; those that put something in come last."""
    count = yard.archive.count
    word = yard.archive.archive.vocabulary[40]
    path = f"/feed-{count}.xml"
    yard.web.routes[path] = _changing(make_feed(count, seed=1)[0])
    address = yard.web.url(path)
    yield "earmark search", _taken(yard.earmark("search", word))
    yield "earmark jobs", _taken(yard.earmark("jobs"))
    yield "earmark speakers SHOW", _taken(yard.earmark("speakers", DAILY))
    yield "earmark episodes FEED", _taken(yard.earmark("episodes", address))
    with open_stores(yard.archive.settings, owner=False) as stores:
        feed = stores.feeds.add(address, every=86_400.0)
    yard.earmark("feeds", "poll", feed.id)  # the first one remembers what is there
    yield "a poll of FEED", _taken(yard.earmark("feeds", "poll", feed.id))
    if with_site:
        out = yard.archive.folder / "site"
        yield "earmark site, the first time", _taken(yard.earmark("site", str(out)))
        yield "earmark site, again", _taken(yard.earmark("site", str(out)))
    engines = ["--engine", "scripted", "--model", str(yard.archive.folder / "script.json"), "--diarizer", "scripted"]
    yield "earmark submit, one more", _taken(yard.earmark("submit", str(yard.new_audio()), *engines))
    yield "earmark run, one more", _taken(yard.earmark("run", str(yard.new_audio()), *engines))
    yard.number += 1
    one_more = f"from benchmarks.growth_archive import hear; hear({yard.number})"
    yield "voices of one more", _taken(run_python(["-c", one_more], environment=yard.environment))


def _changing(feed: str) -> Callable[[Request], Reply]:
    """Return a route to a feed that is another text each time, and says the same."""
    body = feed.encode()
    return lambda _: Reply(body + f"<!-- {time.time_ns()} -->".encode())


def _taken(cost: Cost) -> Taken:
    return Taken(cost.cpu, cost.wall, cost.peak)


def hear(number: int) -> None:
    """Compare the voices of one more episode with the show's, and remember them, as the step `voices` does."""
    people = Speakers(number, size=DIMENSIONS)
    with open_stores(Settings(), owner=False) as stores:
        add(stores.memory, f"more_{number}", people.episode(*HOSTS, "a guest"), show=DAILY)


def sweeping(yard: Yard) -> Taken:
    """Sweep as a worker does every few seconds, with nothing to be found."""
    with open_desk(yard.archive.settings.model_copy(update={"broker_url": yard.redis.url})) as desk:
        sweep(desk, lambda _: 0)
        begin, idle = time.perf_counter(), time.process_time()
        for _ in range(_SWEEPS):
            sweep(desk, lambda _: 0)
        return Taken((time.process_time() - idle) / _SWEEPS, (time.perf_counter() - begin) / _SWEEPS)


# ------------------------------------------------------------------ pages and lists


def served(yard: Yard) -> Iterator[tuple[str, Taken]]:
    """Start the server, and ask it for pages and lists."""
    port = free_port()
    command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port)]
    environment = {**os.environ, **yard.environment, "PYTHONPATH": str(REPOSITORY)}
    begin = time.perf_counter()
    with (
        subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False) as client,
    ):
        try:
            process = psutil.Process(server.pid)
            wait_for(lambda: _answers(client), what="an answer of the server")
            started, ready = _worked(process), time.perf_counter() - begin
            for what, path, headers in _places(yard):
                yield what, _asked(client, process, path, headers)
            yield "earmark serve, to its first answer", Taken(started, ready, _resident(process))
        finally:
            server.terminate()
            server.wait(30)


def _places(yard: Yard) -> Iterator[tuple[str, str, dict[str, str]]]:
    show, word = show_key(yard.archive.archive.episode(0).show), yard.archive.archive.vocabulary[40]
    yield "page: shows", "/", _BROWSER
    yield "page: a show", f"/shows/{show}", _BROWSER
    yield "page: an episode", "/episodes/ep_0", _BROWSER
    yield "page: jobs", "/jobs", _BROWSER
    yield "page: search", f"/search?q={word}", _BROWSER
    yield "page: feeds", "/feeds", _BROWSER
    yield "page: system", "/system", _BROWSER
    yield "page: speakers of SHOW", f"/shows/{show_key(DAILY)}/speakers", _BROWSER
    yield "list: jobs", "/v1/jobs", _JSON
    yield "list: episodes", "/v1/episodes", _JSON
    yield "list: speakers of SHOW", f"/v1/shows/{show_key(DAILY)}/speakers", _JSON
    yield "list: shows with voices", "/v1/shows", _JSON
    yield "figures for monitoring", "/metrics", {}


def _asked(client: httpx.Client, process: psutil.Process, path: str, headers: dict[str, str]) -> Taken:
    """Ask again and again, for some seconds at most: processor time of another process is told in hundredths only."""
    client.get(path, headers=headers).raise_for_status()  # what only the first one does is not every day's
    begin, idle, asked = time.perf_counter(), _worked(process), 0
    while asked < _REQUESTS and (asked < 1 or time.perf_counter() - begin < _SECONDS):
        client.get(path, headers=headers).raise_for_status()
        asked += 1
    return Taken(max(_worked(process) - idle, 0.005) / asked, (time.perf_counter() - begin) / asked)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").is_success
    except httpx.TransportError:
        return False


def _worked(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _resident(process: psutil.Process) -> float:
    return float(process.memory_info().rss / (1 << 20))


# ------------------------------------------------------------------ the table


def measure(episodes: Sequence[int], *, words: int, site_up_to: int, seed: int) -> Report:
    """Let an archive grow, and do everything at each size."""
    warm_up("service.cli", "benchmarks.growth_archive")
    taken: dict[str, dict[int, Taken]] = {}
    with tempfile.TemporaryDirectory() as name, open_yard(Path(name), words=words, seed=seed) as yard:
        for count in sorted(episodes):
            yard.archive.grow(count)
            os.sync()  # else the disk would still be busy with what was written just now
            for source in (served(yard), iter([("a sweep", sweeping(yard))]), commands(yard, with_site=count <= site_up_to)):
                for what, one in source:
                    taken.setdefault(what, {})[count] = one
            print(f"{count:,} episodes: measured", file=sys.stderr, flush=True)
    settings = {"episodes": list(episodes), "words": words, "site_up_to": site_up_to, "seed": seed}
    return report(taken, settings)


def report(taken: dict[str, dict[int, Taken]], settings: dict[str, object]) -> Report:
    """Put what was taken into a table: processor time at each size, memory at the largest, and how they grow."""
    rows: list[Row] = []
    goals: list[Goal] = []
    every: list[Series] = []
    for what, by_size in taken.items():
        sizes, largest = list(by_size), list(by_size.values())[-1]
        seconds = Series(
            what, sizes, [one.cpu for one in by_size.values()], limit_of(what), "s of processor time", _NOISE[limit_of(what)]
        )
        growth = seconds.growth
        row: Row = {"what": what, **{f"{size:,}": value for size, value in zip(sizes, seconds.values, strict=True)}}
        row |= {"exponent": shown(growth.exponent), "limit": seconds.limit, "wall at the largest": largest.wall}
        every.append(seconds)
        if largest.peak is not None:
            memory = Series(
                f"the memory of {what}", sizes, [one.peak or 0.0 for one in by_size.values()], MEMORY, "MiB", _NOISE_MIB
            )
            row |= {
                "MiB at the smallest": memory.values[0],
                "at the largest": largest.peak,
                "its exponent": shown(memory.growth.exponent),
            }
            every.append(memory)
        rows.append(row)
        if largest.cpu - growth.base > seconds.limit / 10 and not math.isnan(growth.exponent):
            goals.append(Goal(f"exponent of {what}", growth.exponent, MOST))
    notes = [
        breaks_first(every, "episodes"),
        "Exponents are of what grows beside what the smallest archive costs; none where less than a fifth has grown.",
    ]
    return Report("Growth of the archive: seconds of processor time by episodes", rows, goals, notes, settings)


def limit_of(what: str) -> float:
    """Return the seconds of processor time within which an operation is to be done."""
    if what == "a sweep":
        return SWEEP
    if what.startswith("earmark site"):
        return SITE
    return PAGE if what.startswith(("page", "list", "figures")) else COMMAND
