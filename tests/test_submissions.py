"""Requests that must not be done twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from storage.database import open_database, sqlite_url
from storage.errors import Conflict, NotFound
from storage.submissions import HOLD_SECONDS, KEPT_SECONDS, Submissions
from tests.test_ledger import Clock


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """A ledger of its own."""
    opened = open_database(sqlite_url(tmp_path / "ledger.db"))
    yield opened
    opened.dispose()


def test_the_same_request_gets_the_same_answer(engine: Engine) -> None:
    """Once there is one; until then it is busy."""
    submissions = Submissions(engine)
    assert submissions.take("k", "body") == ("mine", None)
    assert submissions.take("k", "body") == ("busy", None)
    submissions.answer("k", "an answer")
    assert submissions.take("k", "body") == ("answered", "an answer")


def test_another_request_with_the_same_key_is_a_conflict(engine: Engine) -> None:
    """Whether the first is answered or not."""
    submissions = Submissions(engine)
    submissions.take("k", "body")
    with pytest.raises(Conflict, match="used before"):
        submissions.take("k", "other")
    submissions.answer("k", "an answer")
    with pytest.raises(Conflict, match="used before"):
        submissions.take("k", "other")


def test_a_request_that_failed_can_be_tried_again(engine: Engine) -> None:
    """It gives the key back; an answer stays."""
    submissions = Submissions(engine)
    submissions.take("k", "body")
    submissions.give_back("k")
    assert submissions.take("k", "other") == ("mine", None)
    submissions.answer("k", "an answer")
    submissions.give_back("k")
    assert submissions.take("k", "other") == ("answered", "an answer")


def test_a_key_whose_process_died_is_free_after_a_while(engine: Engine) -> None:
    """For the same request only."""
    clock = Clock()
    submissions = Submissions(engine, clock=clock)
    submissions.take("k", "body")
    clock.now += HOLD_SECONDS + 1
    assert submissions.take("k", "body") == ("mine", None)
    assert submissions.take("k", "body") == ("busy", None)


def test_answers_are_forgotten_after_seven_days(engine: Engine) -> None:
    """A key may then be used anew."""
    clock = Clock()
    submissions = Submissions(engine, clock=clock)
    submissions.take("k", "body")
    submissions.answer("k", "an answer")
    submissions.keep("#list", "ids")
    assert submissions.kept("#list") == "ids"
    clock.now += KEPT_SECONDS + 1
    assert submissions.take("k", "other") == ("mine", None)
    with pytest.raises(NotFound, match="no such submission"):
        submissions.kept("#list")


def test_of_many_requests_at_once_one_takes_the_key(engine: Engine) -> None:
    """The others see that it is busy."""
    taken: list[str] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        taken.append(Submissions(engine).take("k", "body")[0])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == ["busy"] * 7 + ["mine"]
