"""The episodes that were asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, event, insert

from storage.database import open_database
from storage.documents import Episode
from storage.episodes import Episodes
from storage.errors import NotFound, OptionError
from storage.ledger import Ledger
from storage.tables import episodes as table
from tests.clock import Clock

FEED = "https://example.com/feed.xml"
EPISODE = Episode(
    id="ep_1",
    title="Snow_fall",
    show="A show",
    guid="g1",
    audio_url="https://example.com/1.mp3",
    feed_url=FEED,
    published=datetime(2026, 1, 2, tzinfo=UTC),
    published_duration=1800.0,
    language="en",
)


@pytest.fixture
def clock() -> Clock:
    """Return a clock at 1000 s."""
    return Clock()


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    """Lend an empty database of each kind."""
    engine = open_database(ledger_url)
    yield engine
    engine.dispose()


@pytest.fixture
def episodes(engine: Engine, clock: Clock) -> Episodes:
    """Lend the episodes of the ledger."""
    return Episodes(engine, clock=clock)


def other(**fields: object) -> Episode:
    """Return an episode that differs in some fields."""
    return EPISODE.model_copy(update=fields)


def test_an_episode_is_remembered_with_what_its_publisher_says(episodes: Episodes) -> None:
    """There is no transcript yet."""
    episodes.remember(EPISODE)
    found = episodes.get("ep_1")
    assert (found.title, found.show, found.guid, found.audio_url) == ("Snow_fall", "A show", "g1", EPISODE.audio_url)
    assert (found.published, found.duration, found.language) == (1_767_312_000.0, 1800.0, "en")
    assert (found.transcript, found.job_id, found.transcribed_at, found.first_seen) == (None, None, None, 1000.0)


def test_an_episode_that_is_seen_again_is_brought_up_to_date_and_keeps_its_place(
    episodes: Episodes, engine: Engine, clock: Clock
) -> None:
    """And its transcript."""
    episodes.remember(EPISODE)
    ledger = Ledger(engine, clock=clock)
    job = ledger.open_job("ep_1", "options", "By hand")
    ledger.set_job(job.id, "done", output="d" * 64)
    clock.now = 2000.0
    episodes.remember(other(title="New title", language=None))
    found = episodes.get("ep_1")
    assert (found.title, found.language, found.first_seen) == ("New title", None, 1000.0)
    assert (found.transcript, found.job_id, found.transcribed_at) == ("d" * 64, job.id, 1000.0)


def test_a_date_without_a_zone_is_taken_for_universal_time(episodes: Episodes) -> None:
    """Wherever this runs."""
    episodes.remember(other(published=datetime(2026, 1, 2)))  # noqa: DTZ001 - the point
    assert episodes.get("ep_1").published == 1_767_312_000.0


def test_an_episode_that_nobody_asked_for_is_not_there(episodes: Episodes) -> None:
    """The error says what to do."""
    with pytest.raises(NotFound, match=r"There is no episode nope\. List"):
        episodes.get("nope")


def test_episodes_are_listed_the_last_asked_for_first_in_pages(episodes: Episodes, clock: Clock) -> None:
    """Each on one page, also those of the same moment."""
    for number in range(5):
        clock.now += number % 2
        episodes.remember(other(id=f"ep_{number}"))
    first = episodes.list(limit=2)
    second = episodes.list(limit=2, after=first.next)
    third = episodes.list(limit=2, after=second.next)
    assert [found.id for page in (first, second, third) for found in page.items] == ["ep_4", "ep_3", "ep_2", "ep_1", "ep_0"]
    assert third.next is None
    with pytest.raises(OptionError):
        episodes.list(after="nowhere")


def test_a_list_can_be_narrowed(episodes: Episodes, engine: Engine) -> None:
    """By the whole show, a piece of the title in any case, and whether there is a transcript."""
    episodes.remember(EPISODE)
    episodes.remember(other(id="ep_2", title="Rain", show="Another show"))
    ledger = Ledger(engine)
    ledger.set_job(ledger.open_job("ep_2", "options", "").id, "done", output="d" * 64)

    def ids(**wanted: object) -> list[str]:
        return [found.id for found in episodes.list(**wanted).items]  # type: ignore[arg-type]

    assert ids(show="A show") == ["ep_1"]
    assert ids(show="a show") == []
    assert ids(query="W_FALL") == ["ep_1"]
    assert ids(query="n_f") == []
    assert ids(transcribed=True) == ["ep_2"]
    assert ids(transcribed=False) == ["ep_1"]


def test_the_titles_of_thousands_of_episodes_are_told_at_once(engine: Engine, episodes: Episodes) -> None:
    """Whatever is asked for twice, or by nobody."""
    rows = [{"id": f"ep_{n}", "title": f"No. {n}", "first_seen": 0.0} for n in range(2500)]
    with engine.begin() as connection:
        connection.execute(insert(table), rows)
    asked = [*(f"ep_{n}" for n in range(2400)), "ep_0", "ep_unknown"]
    asked_for: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked_for.append(told[2]))
    assert episodes.titles(asked) == {f"ep_{n}": f"No. {n}" for n in range(2400)}
    assert sum("title" in statement for statement in asked_for) == 3
    assert episodes.titles([]) == {}
