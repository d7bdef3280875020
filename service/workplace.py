"""Opening what a command works with, as the settings say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from storage.blobs import FolderBlobs
from storage.database import open_database, sqlite_url
from storage.files import make_folder
from storage.ledger import Ledger
from storage.presence import Presence
from worker.settings import Settings


@dataclass(frozen=True)
class Stores:
    """The ledger, the blobs and this process's sign of life."""

    ledger: Ledger
    blobs: FolderBlobs
    presence: Presence


@contextmanager
def open_stores(settings: Settings) -> Iterator[Stores]:
    """Open what is kept under the data folder."""
    make_folder(settings.data_dir)
    engine = open_database(sqlite_url(settings.data_dir / "ledger.db"))
    blobs = FolderBlobs(settings.data_dir / "blobs")
    try:
        with Presence(settings.data_dir / "alive") as presence:
            blobs.sweep()
            yield Stores(Ledger(engine), blobs, presence)
    finally:
        engine.dispose()
