"""The shows of the ledger, and their episodes in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from storage.database import open_database
from storage.documents import Episode
from storage.episodes import Episodes
from storage.errors import NotFound
from storage.show_list import episodes_of, find_show, list_shows, page_of_shows


def _day(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    """A ledger with seven episodes of two shows and of none."""
    opened = open_database(ledger_url)
    kept = Episodes(opened, clock=lambda: _day(2024, 3).timestamp())
    for number in range(1, 5):
        kept.remember(Episode(id=f"ep_{number}", title=f"No. {number}", show="The Show", published=_day(2024, number)))
    kept.remember(Episode(id="ep_other", title="Other", show="Another"))
    kept.remember(Episode(id="ep_spelt", title="Spelt", show="the show!", published=_day(2023, 1)))
    kept.remember(Episode(id="ep_alone", title="Alone"))
    yield opened
    opened.dispose()


def test_shows_are_listed_by_title_with_what_they_have(engine: Engine) -> None:
    """Spellings of one title are one show; episodes without a show come last."""
    another, show, none = list_shows(engine)
    assert (another.title, another.newest) == ("Another", None)
    assert (show.key, show.title, show.episodes, show.transcribed) == ("the-show", "The Show", 5, 0)
    assert show.spellings == ("The Show", "the show!")
    assert (none.key, none.title, none.episodes) == (None, None, 1)


def test_episodes_of_a_show_are_paged_the_newest_first(engine: Engine) -> None:
    """One without a date stands where it was first seen."""
    show = find_show(engine, "the-show")
    first = episodes_of(engine, show, limit=3)
    second = episodes_of(engine, show, limit=3, after=first.next)
    assert [episode.id for episode in (*first.items, *second.items)] == ["ep_4", "ep_3", "ep_2", "ep_1", "ep_spelt"]
    assert second.next is None
    assert [episode.id for episode in episodes_of(engine, find_show(engine, None)).items] == ["ep_alone"]


def test_a_show_that_nobody_asked_for_is_not_found(tmp_path: Path, engine: Engine) -> None:
    """And says so."""
    with pytest.raises(NotFound, match="no such show"):
        find_show(engine, "nothing")


def test_shows_come_in_pages_and_by_a_piece_of_their_title(engine: Engine) -> None:
    """Those without a show are the last, and have no title."""
    every = list_shows(engine)
    first = page_of_shows(every, limit=2)
    second = page_of_shows(every, limit=2, after=first.next)
    assert (first.items + second.items, second.next) == (every, None)
    assert [show.key for show in page_of_shows(every, query="SHOW").items] == ["the-show"]
