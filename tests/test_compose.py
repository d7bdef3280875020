"""The Dockerfile, the compose files and `.env.example`: that they agree with one another and with the settings.

What runs in containers is tried in `test_compose_run.py`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import REPOSITORY
from worker.settings import Settings

MAIN = "docker-compose.yml"
OVERRIDES = ("compose.gpu.yml", "compose.scale.yml", "compose.example.yml")
OURS = {"earmark-service", "earmark-speech", "earmark-diarize", "earmark-gpu"}
THEIRS = {"redis:7-alpine", "postgres:17-alpine", "chrislusf/seaweedfs:4.47"}
HUB = {"HF_TOKEN", "HF_HUB_OFFLINE", "HF_HOME"}
"""Variables of the model hub's own library."""

_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])((?:[^{}]|\$\{[^{}]*\})*))?\}")


def read(name: str) -> str:
    """Return the text of a file of the repository."""
    return (REPOSITORY / name).read_text("utf-8")


def services(name: str) -> dict[str, dict[str, Any]]:
    """Return the services of one compose file, with its anchors filled in."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(read(name))["services"]
    return found


def new_services() -> dict[str, dict[str, Any]]:
    """Return each service as the file says it that brings it in."""
    found = dict(services(MAIN))
    for name in OVERRIDES:
        found.update({key: value for key, value in services(name).items() if key not in found})
    return found


def variables(name: str) -> dict[str, str]:
    """Return the variables that a compose file fills in, with their defaults."""
    return {variable: default for variable, kind, default in _VARIABLE.findall(read(name)) if kind != "?"}


def settings_of_env_example() -> dict[str, str]:
    """Return the variables that `.env.example` offers, with the values that it shows."""
    return dict(re.findall(r"^#([A-Z_]+)=(.*)$", read(".env.example"), flags=re.MULTILINE))


@pytest.mark.parametrize("service", new_services())
def test_each_service_is_watched_comes_back_and_has_a_limit(service: str) -> None:
    """A healthcheck, a restart, a memory limit, and no way to more rights."""
    said = new_services()[service]
    assert said["healthcheck"]["test"]
    assert said["restart"] == "unless-stopped"
    assert said["deploy"]["resources"]["limits"]["memory"]
    assert said["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in said


@pytest.mark.parametrize("service", [*services(MAIN), "example"])
def test_our_containers_have_no_rights_and_a_root_that_is_not_written(service: str) -> None:
    """What is written lies in volumes and in /tmp; children that were killed are collected."""
    said = new_services()[service]
    assert said["read_only"] is True
    assert said["cap_drop"] == ["ALL"]
    assert said["init"] is True
    assert "user" not in said or said["user"] == "redis"


def test_only_the_api_is_published_and_only_on_this_machine() -> None:
    """Redis, PostgreSQL and the store are not."""
    published = {name: said["ports"] for name, said in new_services().items() if "ports" in said}
    assert published == {"api": ["${API_ADDRESS:-127.0.0.1}:${API_PORT:-8000}:8000"]}
    assert yaml.safe_load(read(MAIN))["networks"] == {"queue": {"internal": True}}
    assert services(MAIN)["redis"]["networks"] == ["queue"]


def test_redis_keeps_what_it_is_told() -> None:
    """On disk, with a password, and throwing nothing away."""
    command = " ".join(services(MAIN)["redis"]["command"])
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command
    assert "--requirepass ${REDIS_PASSWORD:-" in command


def test_the_queues_of_the_workers_are_all_queues() -> None:
    """None is left without a worker, and none has two kinds."""
    from storage.records import QUEUES

    commands = [said["command"] for said in services(MAIN).values() if said["command"][0] == "worker"]
    served = [queue for command in commands for queue in command[command.index("--queues") + 1].split(",")]
    assert sorted(served) == sorted(QUEUES)


def test_a_worker_has_longer_to_stop_than_it_takes() -> None:
    """Otherwise it is killed while it gives back what it has begun."""
    drain = Settings.model_fields["drain_seconds"].default
    for name in ("worker", "asr", "diarize"):
        assert int(services(MAIN)[name]["stop_grace_period"].removesuffix("s")) >= drain + 10


@pytest.mark.parametrize("name", [MAIN, *OVERRIDES, ".env.example", "Dockerfile"])
def test_each_setting_that_is_named_exists(name: str) -> None:
    """A misspelt `EARMARK_` variable would be ignored without a word."""
    known = {f"EARMARK_{field.upper()}" for field in Settings.model_fields}
    assert set(re.findall(r"\bEARMARK_[A-Z_]+\b", read(name))) <= known


def test_the_example_of_env_offers_what_compose_asks_for() -> None:
    """With the same defaults, and nothing that nobody reads."""
    offered = settings_of_env_example()
    asked = {variable: default for name in (MAIN, *OVERRIDES) for variable, default in variables(name).items()}
    known = {f"EARMARK_{field.upper()}" for field in Settings.model_fields} | HUB
    required = {variable for name in OVERRIDES for variable, kind, _ in _VARIABLE.findall(read(name)) if kind == "?"}
    assert set(asked) | required <= set(offered)
    assert set(offered) <= set(asked) | required | known
    for variable, default in asked.items():
        if not (offered[variable] == "" or variable.startswith(("EARMARK_", "AWS_ENDPOINT"))):
            assert offered[variable] == default, variable


def test_the_images_are_those_that_were_agreed_on() -> None:
    """Others' by name and version; ours are built here."""
    named = {said["image"] for name in (MAIN, *OVERRIDES) for said in services(name).values() if "image" in said}
    assert named == OURS | THEIRS
    for name in (MAIN, *OVERRIDES):
        for said in services(name).values():
            assert ("build" in said) == (said.get("image") in OURS)


def test_an_image_is_built_in_one_way() -> None:
    """Two services with one image ask for the same extras, all of which pyproject.toml has."""
    extras = set(tomllib.loads(read("pyproject.toml"))["project"]["optional-dependencies"])
    built: dict[str, Any] = {}
    for name in (MAIN, *OVERRIDES):
        for said in services(name).values():
            if "build" in said:
                assert built.setdefault(said["image"], said["build"]) == said["build"]
                assert set(said["build"]["args"]["EXTRAS"].split(",")) <= extras


def test_the_dockerfile_names_no_registry_and_ends_without_rights() -> None:
    """Where images and packages come from is the business of whoever builds."""
    text = read("Dockerfile")
    assert "://" not in text
    assert not re.search(r"^# *syntax", text, flags=re.MULTILINE)
    bases = set(re.findall(r"^FROM (\S+)", text, flags=re.MULTILINE))
    assert bases == {"python:3.11-slim-bookworm", "libraries"}
    assert re.findall(r"^USER (\S+)", text, flags=re.MULTILINE) == ["earmark"]
    assert "--constraint /constraints.txt" in text


def test_nothing_secret_reaches_the_image() -> None:
    """All is left out but what is named."""
    lines = read(".dockerignore").splitlines()
    assert "*" in lines
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert let_in == {"pyproject.toml", "constraints.txt", "README.md", "service", "worker", "jobs", "storage"}
    assert ".env" in read(".gitignore").splitlines()


def test_make_env_writes_secrets_of_its_own(tmp_path: Path) -> None:
    """Each differs, only their owner reads them, and a file that is there stays as it is."""
    for name in ("Makefile", ".env.example"):
        shutil.copy(REPOSITORY / name, tmp_path)
    subprocess.run(["make", "env"], cwd=tmp_path, check=True, capture_output=True)
    written = tmp_path / ".env"
    secrets = re.findall(r"^[A-Z_]+=([0-9a-f]{48})$", written.read_text("utf-8"), flags=re.MULTILINE)
    assert len(secrets) == len(set(secrets)) == 3
    assert written.stat().st_mode & 0o077 == 0
    before = written.read_bytes()
    assert subprocess.run(["make", "env"], cwd=tmp_path, check=False, capture_output=True).returncode != 0
    assert written.read_bytes() == before


@pytest.mark.parametrize("override", [None, *OVERRIDES])
def test_compose_itself_reads_the_files(override: str | None) -> None:
    """Alone, and with each override."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], check=False, capture_output=True).returncode != 0:
        pytest.skip("docker compose is not on this machine")
    files = [argument for name in (MAIN, override) if name for argument in ("-f", name)]
    secrets = {"POSTGRES_PASSWORD": "a", "AWS_SECRET_ACCESS_KEY": "b", "PATH": str(Path(docker).parent), "HOME": "/nonexistent"}
    read_by_compose = subprocess.run(
        [docker, "compose", *files, "config", "--quiet"],
        cwd=REPOSITORY, env=secrets, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert read_by_compose.returncode == 0, read_by_compose.stderr
    assert not read_by_compose.stderr
