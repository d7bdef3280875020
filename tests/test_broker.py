"""Word to the workers, with a Redis server of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.records import Hint
from tests.yard import RedisServer
from worker.app import make_app
from worker.broker import ENOUGH, CeleryAnnouncer, queue_name
from worker.settings import Settings

HINTS = [Hint("asr", "job", "transcribe", part) for part in range(ENOUGH + 10)]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Lend a Redis server."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def announcer(redis: RedisServer, tmp_path: Path) -> Iterator[CeleryAnnouncer]:
    """Lend an announcer on an empty broker."""
    redis.command("FLUSHALL")
    app = make_app(Settings(data_dir=tmp_path, broker_url=redis.url))
    yield CeleryAnnouncer(app)
    app.close()


def test_a_backlog_needs_few_messages(announcer: CeleryAnnouncer) -> None:
    """Each of them wakes a worker, which then does all there is; the steps count as announced."""
    assert announcer(HINTS) == tuple(HINTS)
    assert announcer.depth("asr") == ENOUGH
    assert announcer(HINTS[:3]) == tuple(HINTS[:3])
    assert announcer.depth("asr") == ENOUGH


def test_queues_have_room_of_their_own(announcer: CeleryAnnouncer) -> None:
    """A full one does not keep word from the workers of another."""
    other = Hint("diarize", "job", "diarize", 0)
    announcer([*HINTS, other])
    assert announcer.depth("diarize") == 1


def test_what_was_taken_is_made_up_for(announcer: CeleryAnnouncer, redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a moment has gone by."""
    monkeypatch.setattr("worker.broker._FULL_SECONDS", 0.0)
    announcer(HINTS)
    announcer(HINTS[:1])
    redis.command("LTRIM", queue_name("asr"), "0", str(ENOUGH - 6))
    announcer(HINTS[:3])
    assert announcer.depth("asr") == ENOUGH - 2


def test_without_a_broker_nothing_is_sent_and_nothing_raised(tmp_path: Path) -> None:
    """The ledger knows what there is to do."""
    app = make_app(Settings(data_dir=tmp_path, broker_url="redis://127.0.0.1:1/0"))
    assert CeleryAnnouncer(app)(HINTS) == ()
    app.close()
