"""What the routes of the API work with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request
from sqlalchemy import Engine

from jobs.fetch import Fetcher
from service.api.access import Access
from service.api.problems import ProblemError, busy
from service.api.stream import Slots
from service.api.traffic import Traffic
from service.pages.views import EpisodeViews
from service.republish.outlines import Outlines
from storage.blobs import Blobs
from storage.episodes import Episodes
from storage.events import Events
from storage.feeds import Feeds
from storage.ledger import Ledger
from storage.requests import Requests
from storage.search.index import SearchIndex
from storage.submissions import Submissions
from storage.tokens import Tokens
from worker.desk import Desk
from worker.settings import Settings

_Answer = TypeVar("_Answer")

LEDGER_THREADS = 8
SOURCE_THREADS = 8
STREAM_THREADS = 3
DOOR_THREADS = 2
"""The ledger's pool lends 15 connections: threads for the ledger, for streams of events, and for tokens stay below that."""

WAITING_SOURCES = 128
"""Submissions that may wait for a thread to look at their source; others are asked to come again."""


@dataclass(frozen=True)
class Threads:
    """Threads for what blocks, in groups, so that slow sources hold up neither the lists nor the streams."""

    ledger: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(LEDGER_THREADS))
    sources: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(SOURCE_THREADS))
    streams: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(STREAM_THREADS))
    door: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(DOOR_THREADS))


@dataclass(frozen=True)
class Context:
    """Everything that the routes need; one for each server."""

    desk: Desk
    settings: Settings
    fetcher: Fetcher
    access: Access
    tokens: Tokens
    submissions: Submissions
    feeds: Feeds
    traffic: Traffic
    views: EpisodeViews
    outlines: Outlines
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set when the server is about to stop, so that streams end."""
    streams: Slots = field(default_factory=Slots)
    threads: Threads = field(default_factory=Threads)

    @property
    def engine(self) -> Engine:
        """The ledger's database."""
        return self.desk.stores.engine

    @property
    def requests(self) -> Requests:
        """The jobs."""
        return self.desk.stores.requests

    @property
    def episodes(self) -> Episodes:
        """The episodes."""
        return self.desk.stores.episodes

    @property
    def events(self) -> Events:
        """The history of jobs."""
        return self.desk.stores.events

    @property
    def ledger(self) -> Ledger:
        """The steps."""
        return self.desk.stores.ledger

    @property
    def search_index(self) -> SearchIndex:
        """The index of all transcripts."""
        return self.desk.stores.indexer.index

    @property
    def blobs(self) -> Blobs:
        """The transcripts."""
        return self.desk.stores.blobs

    async def in_ledger(self, work: Callable[[], _Answer]) -> _Answer:
        """Run what asks the ledger beside the event loop."""
        return await to_thread.run_sync(work, limiter=self.threads.ledger)

    async def at_source(self, work: Callable[[], _Answer]) -> _Answer:
        """Run what asks the network; refuse where many wait already."""
        if self.threads.sources.statistics().tasks_waiting >= WAITING_SOURCES:
            raise ProblemError(busy("Many sources are being looked at."))
        return await to_thread.run_sync(work, limiter=self.threads.sources)


def _context(request: Request) -> Context:
    context = request.app.state.context
    assert isinstance(context, Context)
    return context


Here = Annotated[Context, Depends(_context)]
"""How a route asks for its context."""
