"""The service in real containers: from a fresh copy of the repository to a transcript, and through a `kill -9`.

Builds the images, which takes minutes and gigabytes, so it runs only where it is asked for: `make compose-test`.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import REPOSITORY
from tests.workshop import EXAMPLES

ASKED = "EARMARK_TEST_COMPOSE"
FEED = "http://example:8001/feed.xml"
PART_SECONDS = 12
"""So short that the example has a dozen parts and more."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get(ASKED), reason=f"builds images for minutes; {ASKED}=1 (make compose-test) asks for it"),
]


@dataclass(frozen=True)
class Project:
    """The containers of one `docker compose up`."""

    folder: Path
    environment: dict[str, str]
    url: str

    def compose(self, *arguments: str, timeout: float = 120) -> str:
        """Run a command of docker compose; return what it prints."""
        files = ["-f", "docker-compose.yml", "-f", "compose.example.yml"]
        return self._run("docker", "compose", *files, *arguments, timeout=timeout)

    def docker(self, *arguments: str) -> str:
        """Run another command of docker."""
        return self._run("docker", *arguments, timeout=120)

    def container(self, service: str) -> str:
        """Return the id of a service's container."""
        return self.compose("ps", "--quiet", service).strip()

    def inspect(self, service: str, template: str) -> str:
        """Return what docker knows of a service's container."""
        return self.docker("inspect", "--format", template, self.container(service)).strip()

    def kill_9(self, service: str) -> None:
        """Kill the container's first process from outside, as its machine's running out of memory would; docker restarts it."""
        pid = self.inspect(service, "{{.State.Pid}}")
        kill = ["--rm", "--pid", "host", "--user", "0", "--network", "none", "--entrypoint", "python", "earmark-service", "-c"]
        self.docker("run", *kill, f"import os; os.kill({pid}, 9)")

    def _run(self, *command: str, timeout: float) -> str:
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, check=False, capture_output=True, text=True, timeout=timeout
        )
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Bring up the service and the example from what would be in a fresh clone; take everything away in the end."""
    if shutil.which("docker") is None or subprocess.run(["docker", "info"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no docker engine answers")
    folder = tmp_path_factory.mktemp("clone") / "earmark"
    _copy_what_git_would(folder)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "COMPOSE_PROJECT_NAME": f"earmark-test-{secrets.token_hex(4)}",
        "API_PORT": str(port),
        "EARMARK_PART_SECONDS": str(PART_SECONDS),
    }
    up = Project(folder, environment, f"http://127.0.0.1:{port}")
    try:
        up.compose("up", "--detach", "--build", "--wait", timeout=3600)
        yield up
    finally:
        print(up.compose("logs", "--no-color", "--tail", "200"))
        up.compose("down", "--volumes", "--timeout", "20")


@pytest.fixture(scope="module")
def client(project: Project) -> Iterator[httpx.Client]:
    """Return a client of the API with a token made in the container."""
    token = project.compose("exec", "-T", "api", "earmark", "token", "create", "test").strip()
    with httpx.Client(base_url=project.url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        yield client


def _copy_what_git_would(folder: Path) -> None:
    """Copy the files that a commit of this checkout would hold, and nothing that is ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY, check=True, capture_output=True,
    ).stdout  # fmt: skip
    for name in listed.decode().split("\0"):
        if name and (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, folder / name)


def _submit(client: httpx.Client) -> dict[str, Any]:
    answer = client.post("/v1/jobs", json={"url": FEED})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()["jobs"][0]
    return job


def _until(client: httpx.Client, job: str, holds: Callable[[dict[str, Any]], bool], seconds: float) -> dict[str, Any]:
    """Return the job's document as soon as something holds for it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        told: dict[str, Any] = client.get(f"/v1/jobs/{job}").raise_for_status().json()
        if holds(told):
            return told
        time.sleep(0.2)
    raise AssertionError(json.dumps(told, indent=1))


def _done_parts(told: dict[str, Any]) -> dict[int, str]:
    steps = [step for step in told["steps"] if step["name"] == "transcribe" and step["state"] == "done"]
    return {step["part"]: step["finished_at"] for step in steps}


def test_without_a_token_nothing_is_told(project: Project) -> None:
    """The container listens on all its addresses."""
    assert httpx.get(f"{project.url}/v1/jobs").status_code == 401
    assert httpx.get(f"{project.url}/healthz").status_code == 200


@pytest.mark.parametrize("service", ["api", "worker", "asr", "diarize", "scheduler", "example"])
def test_no_container_runs_as_root_or_writes_its_root(project: Project, service: str) -> None:
    """Nor has any capability."""
    assert project.compose("exec", "-T", service, "id", "-u").strip() == "10001"
    look = "grep -E '^Cap(Eff|Bnd)' /proc/self/status; touch /opt/x 2>/dev/null && echo written || true"
    said = project.compose("exec", "-T", service, "sh", "-c", look)
    assert set(said.split()[1::2]) == {"0000000000000000"}
    assert "written" not in said


def test_a_killed_worker_comes_back_and_does_only_what_was_not_done(project: Project, client: httpx.Client) -> None:
    """Killed when a few parts were done: those keep their times and their one attempt, and the job ends well."""
    job = _submit(client)["id"]
    before = _done_parts(_until(client, job, lambda told: len(_done_parts(told)) >= 2, seconds=300))
    project.kill_9("asr")
    ended = _until(client, job, lambda told: told["state"] not in ("queued", "running"), seconds=600)
    assert ended["state"] == "done", ended["reason"]
    assert project.inspect("asr", "{{.RestartCount}}") == "1"
    parts = [step for step in ended["steps"] if step["name"] == "transcribe"]
    assert len(parts) > len(before), "the kill came too late to show anything"
    assert before.items() <= _done_parts(ended).items()
    assert all(step["attempts"] == 1 for step in parts if step["part"] in before)
    assert max(step["attempts"] for step in parts) <= 2

    with client.stream("GET", f"/v1/jobs/{job}/events") as events:
        assert events.status_code == 200
        assert any(line.startswith("event:") for line in events.iter_lines())

    transcript = client.get(ended["links"]["transcript"]).raise_for_status().json()
    truth = json.loads((EXAMPLES / "truth.json").read_text("utf-8"))
    assert len(transcript["chapters"]) == len(truth["chapters"])
    assert len(transcript["speakers"]) == 3
    webvtt = client.get(ended["links"]["transcript"], params={"format": "vtt"})
    assert webvtt.text.startswith("WEBVTT")


def test_the_same_request_again_is_answered_by_the_same_job(client: httpx.Client) -> None:
    """Nothing is done twice."""
    first, second = _submit(client), _submit(client)
    assert first["id"] == second["id"]
