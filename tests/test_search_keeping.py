"""The index follows the ledger: what is finished, replaced, renamed, removed or lost is made up for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.documents import Episode, Transcript
from storage.requests import NewJob
from storage.search.index import search
from storage.search.keeping import CaughtUp
from storage.search.query import parse_query
from tests.desks import TestDesk, open_test_desk
from tests.transcripts import chapter, segment, transcript
from worker.due import run_due
from worker.stores import Stores


@pytest.fixture
def work(tmp_path: Path, ledger_url: str) -> Iterator[TestDesk]:
    """Lend a desk and its worker, on each of the databases."""
    with open_test_desk(tmp_path / "data", database_url=ledger_url) as desk:
        yield desk


@pytest.fixture
def stores(work: TestDesk) -> Stores:
    """Lend what is kept."""
    return work.desk.stores


def finish(stores: Stores, name: str, text: str, *, show: str = "The Show", options: str = "options") -> Episode:
    """Put a finished episode into the ledger, unseen by the index."""
    episode = Episode(id=f"ep_{name}", title=f"Number {name}", show=show)
    made: Transcript = transcript([segment(text)], [chapter("Start", 0, 5, (0, 1))], id=episode.id)
    job = stores.requests.submit(NewJob(episode, options, "{}")).job
    assert stores.requests.done(job.id, stores.blobs.put(made.model_dump_json(by_alias=True).encode()))
    return episode


def found(stores: Stores, text: str) -> list[str]:
    """Return the episodes of the moments that are found."""
    return [moment.episode_id for moment in search(stores.indexer.index, parse_query(text)).items]


def test_a_job_that_is_done_can_be_searched_at_once(work: TestDesk) -> None:
    """Nobody has to ask for it: the last step of the example is enough."""
    job = work.submit()
    work.work()
    stores = work.desk.stores
    assert stores.requests.get(job.id).state == "done"
    assert set(found(stores, "example OR the")) <= {job.episode_id}
    assert found(stores, "before:2100") == [job.episode_id]
    assert stores.indexer.missing() == 0
    assert stores.indexer.catch_up() == CaughtUp()


def test_what_was_missed_is_made_up_for(stores: Stores) -> None:
    """Nothing is done twice."""
    finish(stores, "a", "A volcano speaks.")
    finish(stores, "b", "A river runs.")
    assert (found(stores, "volcano"), stores.indexer.missing()) == ([], 2)
    told: list[tuple[int, int]] = []
    assert stores.indexer.catch_up(told=lambda done, of: told.append((done, of))) == CaughtUp(indexed=2)
    assert told == [(1, 2), (2, 2)]
    assert found(stores, "volcano") == ["ep_a"]
    assert stores.indexer.catch_up() == CaughtUp()


def test_a_newer_transcript_takes_the_place_of_the_older(stores: Stores) -> None:
    """Of the same episode, by another job."""
    finish(stores, "a", "A volcano speaks.")
    stores.indexer.refresh("ep_a")
    finish(stores, "a", "A mountain speaks.", options="others")
    stores.indexer.refresh("ep_a")
    assert (found(stores, "volcano"), found(stores, "mountain")) == ([], ["ep_a"])


def test_a_new_title_or_show_is_found_and_the_old_one_is_not(stores: Stores) -> None:
    """As its publisher renames it, without a new transcript."""
    episode = finish(stores, "a", "A volcano speaks.")
    stores.indexer.catch_up()
    assert found(stores, 'show:"the show"') == ["ep_a"]
    stores.episodes.remember(episode.model_copy(update={"show": "Another", "title": "Fire"}))
    assert stores.indexer.catch_up() == CaughtUp(indexed=1)
    assert (found(stores, 'show:"the show"'), found(stores, "show:another fire")) == ([], ["ep_a"])


def test_an_episode_that_the_ledger_does_not_have_any_more_is_forgotten(stores: Stores) -> None:
    """By whoever looks next."""
    finish(stores, "a", "A volcano speaks.")
    finish(stores, "b", "A volcano sleeps.")
    stores.indexer.catch_up()
    with stores.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM episodes WHERE id = 'ep_a'")
        connection.exec_driver_sql("UPDATE episodes SET transcript = NULL WHERE id = 'ep_b'")
    stores.indexer.refresh("ep_b")
    assert found(stores, "volcano") == ["ep_a"]
    assert stores.indexer.catch_up() == CaughtUp(removed=1)
    assert found(stores, "volcano") == []
    finish(stores, "c", "A volcano again.")
    stores.indexer.refresh("ep_c")
    stores.indexer.refresh("ep_unknown")
    assert found(stores, "volcano") == ["ep_c"]


def test_the_index_is_made_anew_from_the_transcripts(stores: Stores) -> None:
    """Whatever was in it."""
    finish(stores, "a", "A volcano speaks.")
    stores.indexer.catch_up()
    assert stores.indexer.rebuild() == CaughtUp(indexed=1)
    assert found(stores, "volcano") == ["ep_a"]


def test_a_transcript_that_cannot_be_read_is_told_once_and_holds_up_no_other(
    stores: Stores, caplog: pytest.LogCaptureFixture
) -> None:
    """Gone, damaged, or no transcript."""
    for name in ("a", "b", "c", "d"):
        finish(stores, name, f"A volcano speaks to {name}.")
    gone, damaged, other = (stores.episodes.get(f"ep_{name}").transcript or "" for name in "abc")
    stores.blobs.remove(gone)
    stores.blobs.path(damaged).write_bytes(b"{")
    with stores.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE episodes SET transcript = '{stores.blobs.put(b'{}')}' WHERE transcript = '{other}'")
    with caplog.at_level(logging.WARNING, logger="earmark.search"):
        assert stores.indexer.catch_up() == CaughtUp(indexed=1, missing=3)
        assert stores.indexer.catch_up() == CaughtUp(missing=3)
        assert len(caplog.records) == 3
        stores.indexer.refresh("ep_a")  # no job fails for it
    assert found(stores, "volcano") == ["ep_d"]


def test_catching_up_stops_in_time_and_goes_on_later(stores: Stores) -> None:
    """The rest is counted."""
    finish(stores, "a", "A volcano speaks.")
    assert stores.indexer.catch_up(seconds=0.0) == CaughtUp(missing=1)
    assert stores.indexer.catch_up_now_and_then(seconds=9.0) == CaughtUp(indexed=1)
    finish(stores, "b", "A river runs.")
    assert stores.indexer.catch_up_now_and_then(seconds=9.0) == CaughtUp()  # it was done a moment ago


def test_workers_look_after_the_index(work: TestDesk) -> None:
    """With all else that is due now and then."""
    finish(work.desk.stores, "a", "A volcano speaks.")
    assert run_due(work.desk, work.desk.tools.fetcher).indexed == 1
    assert found(work.desk.stores, "volcano") == ["ep_a"]
