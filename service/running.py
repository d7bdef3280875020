"""What `earmark up` leaves in the data folder while it runs, so that commands in other terminals find its Redis."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from storage.documents import Document
from storage.errors import EarmarkError, OptionError
from storage.files import explained, make_folder, write_atomically
from worker.settings import Settings


@contextlib.contextmanager
def only_one(data_dir: Path) -> Iterator[int]:
    """Be the only `earmark up` on a data folder; lend the lock's descriptor, which holds it for whoever inherits it.

    Raises `OptionError` if there is another, or what is left of one is still ending.
    """
    import fcntl

    path = up_folder(data_dir) / "lock"
    with explained(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            running = find_running(data_dir)
            where = f" as process {running.pid}, at {running.address}" if running else ", or just ending"
            hint = "Stop it first, or give this one another data folder with --data."
            raise OptionError(f"`earmark up` runs on {data_dir} already{where}.", hint=hint) from error
        yield descriptor
    finally:
        os.close(descriptor)


class Running(Document):
    """A service that `earmark up` started."""

    pid: int
    broker_url: str
    address: str
    """Of the HTTP API."""


def up_folder(data_dir: Path) -> Path:
    """Return the folder of `earmark up`, made if it is missing: for its owner alone, since Redis' password lies in it."""
    folder = data_dir / "up"
    make_folder(folder)
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
    return folder


def say_running(data_dir: Path, running: Running) -> None:
    """Leave word that the service runs."""
    write_atomically(up_folder(data_dir) / "running.json", running.model_dump_json())


def say_stopped(data_dir: Path) -> None:
    """Take the word back."""
    with contextlib.suppress(OSError):
        (data_dir / "up" / "running.json").unlink()


def find_running(data_dir: Path) -> Running | None:
    """Return the service that runs on a data folder; none if there is none any more."""
    try:
        running = Running.model_validate_json((data_dir / "up" / "running.json").read_bytes())
        os.kill(running.pid, 0)
    except PermissionError:
        return None  # another person's
    except (OSError, ValidationError, EarmarkError):
        return None
    return running


def settings_here() -> Settings:
    """Return the settings of a command that speaks with the service: with the Redis of `earmark up`, if it runs here.

    A broker that was set by hand is left alone.
    """
    settings = Settings()
    running = None if "broker_url" in settings.model_fields_set else find_running(settings.data_dir)
    return settings if running is None else settings.model_copy(update={"broker_url": running.broker_url})
