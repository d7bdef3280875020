"""Opening what is kept, as the settings say: the ledger, what looks into it, the blobs, and this process's sign of life."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

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
from storage.voices import VoiceMemory
from worker.known import ResultReader
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
    presence: Presence


@contextmanager
def open_stores(settings: Settings, *, owner: bool = True) -> Iterator[Stores]:
    """Open what is kept under the data folder, or where the settings say instead.

    A process that never claims a step is no `owner`, and leaves no sign of life.
    """
    make_folder(settings.data_dir)
    engine = open_database(settings.database_url or sqlite_url(settings.data_dir / "ledger.db"))
    blobs = open_blobs(settings.blobs or settings.data_dir / "blobs", cache=settings.data_dir / "cache")
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
                presence=presence or Presence(settings.data_dir / "alive"),
            )
    finally:
        engine.dispose()
