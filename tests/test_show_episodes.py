"""Shows as their episodes tell of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from storage.database import open_database, sqlite_url
from storage.documents import Episode
from storage.errors import NotFound, OptionError
from storage.requests import NewJob, Requests
from storage.show_episodes import ShowEpisodes
from tests.test_ledger import Clock


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A ledger of its own."""
    opened = open_database(sqlite_url(tmp_path / "ledger.db"))
    yield opened
    opened.dispose()


def put(engine: Engine, name: str, show: str | None, day: int | None = 1, *, done: bool = True) -> None:
    """Put an episode in."""
    published = None if day is None else datetime(2024, 5, day, tzinfo=UTC)
    requests = Requests(engine, clock=Clock())
    job = requests.submit(NewJob(Episode(id=name, title=name, show=show, published=published), "options", f"{{{name}}}")).job
    if done:
        requests.done(job.id, name * 64)


def test_a_show_is_one_however_its_title_is_written(engine: Engine) -> None:
    """Case, spaces and marks do not count; it is called as most of its episodes call it."""
    for name, title in (("a", "The Show"), ("b", "The  show!"), ("c", "The Show"), ("d", "Another"), ("e", None), ("f", "!?")):
        put(engine, name, title)
    another, show = ShowEpisodes(engine).shows()
    assert (another.key, another.episodes) == ("another", 1)
    assert (show.key, show.title, show.episodes, show.transcribed) == ("the-show", "The Show", 3, 3)
    assert set(show.titles) == {"The Show", "The  show!"}
    assert ShowEpisodes(engine).get("the-show") == show


def test_shows_without_transcripts_are_left_out_unless_they_are_wanted(engine: Engine) -> None:
    """They have no newest episode."""
    put(engine, "a", "Waiting", done=False)
    store = ShowEpisodes(engine)
    assert store.shows() == ()
    (waiting,) = store.shows(transcribed=False)
    assert (waiting.transcribed, waiting.newest) == (0, None)
    assert store.page(waiting).items == ()


def test_episodes_come_by_date_in_pages(engine: Engine) -> None:
    """Those published last first; one without a date stands where it was first seen."""
    for name, day in (("a", 2), ("b", 3), ("c", 1), ("d", None), ("e", 3)):
        put(engine, name, "The Show", day)
    put(engine, "f", "The Show", 9, done=False)
    store = ShowEpisodes(engine)
    show, found, after = store.get("the-show"), list[str](), None
    assert show.newest == datetime(2024, 5, 3, tzinfo=UTC).timestamp()
    while True:
        page = store.page(show, after=after, limit=2)
        found += [record.id for record in page.items]
        if (after := page.next) is None:
            break
    assert found == ["e", "b", "a", "c", "d"]
    with pytest.raises(OptionError):
        store.page(show, after="nonsense")


def test_a_show_that_nobody_asked_for_is_none(engine: Engine) -> None:
    """Nor is one by its title."""
    put(engine, "a", "The Show")
    for key in ("nothing", "The Show", ""):
        with pytest.raises(NotFound):
            ShowEpisodes(engine).get(key)


def test_what_a_job_was_asked_is_found_by_its_episode(engine: Engine) -> None:
    """For those that are asked about."""
    put(engine, "a", "The Show")
    put(engine, "b", "The Show")
    store = ShowEpisodes(engine)
    records = {record.id: record for record in store.page(store.get("the-show")).items}
    assert store.requests([records["a"]]) == {"a": "{a}"}
