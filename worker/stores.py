"""Opening what is kept, as the settings say: the ledger, what looks into it, the blobs, and this process's sign of life."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from storage.blobs import Blobs, open_blobs
from storage.database import open_database, sqlite_url
from storage.deliveries import Deliveries
from storage.episodes import Episodes
from storage.events import Events
from storage.feed_items import FeedItems
from storage.feeds import Feeds
from storage.files import make_folder
from storage.ledger import Ledger
from storage.presence import Presence
from storage.queue import StepQueue
from storage.requests import Requests
from storage.search.index import SearchIndex
from storage.search.keeping import Indexer
from storage.search.postgres import PostgresIndex
from storage.search.sqlite import SqliteIndex, discard
from storage.voices import VoiceMemory
from worker.results import ResultReader
from worker.settings import Settings


@dataclass(frozen=True)
class Stores:
    """Everything that is kept."""

    engine: Engine
    ledger: Ledger
    queue: StepQueue
    requests: Requests
    episodes: Episodes
    events: Events
    feeds: Feeds
    feed_items: FeedItems
    deliveries: Deliveries
    memory: VoiceMemory
    blobs: Blobs
    results: ResultReader
    indexer: Indexer
    presence: Presence


@contextmanager
def open_stores(settings: Settings, *, owner: bool = True) -> Iterator[Stores]:
    """Open what is kept under the data folder, or where the settings say instead.

    A process that never claims a step is no `owner`, and leaves no sign of life.
    """
    make_folder(settings.data_dir)
    engine = open_database(settings.database_url or sqlite_url(settings.data_dir / "ledger.db"))
    blobs = open_blobs(settings.blobs or settings.data_dir / "blobs", cache=settings.data_dir / "cache")
    place = _index_path(engine, settings)
    indexer = Indexer(lambda: _open_index(engine, place), Episodes(engine), blobs, discard=lambda: discard(place))
    try:
        with Presence(settings.data_dir / "alive") if owner else nullcontext() as presence:
            blobs.sweep()
            yield Stores(
                engine=engine,
                ledger=Ledger(engine),
                queue=StepQueue(engine),
                requests=Requests(engine),
                episodes=Episodes(engine),
                events=Events(engine),
                feeds=Feeds(engine),
                feed_items=FeedItems(engine),
                deliveries=Deliveries(engine),
                memory=VoiceMemory(engine),
                blobs=blobs,
                results=ResultReader(blobs),
                indexer=indexer,
                presence=presence or Presence(settings.data_dir / "alive"),
            )
    finally:
        indexer.close()
        engine.dispose()


def _open_index(engine: Engine, place: Path) -> SearchIndex:
    """Open the search index where the ledger is: in PostgreSQL itself, or in a file beside that of SQLite."""
    return PostgresIndex(engine) if engine.dialect.name == "postgresql" else SqliteIndex(place)


def _index_path(engine: Engine, settings: Settings) -> Path:
    ledger = engine.url.database if engine.dialect.name == "sqlite" else None
    return Path(ledger).with_name("search.db") if ledger else settings.data_dir / "search.db"
