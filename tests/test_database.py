"""The ledger's database and its migrations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

import storage.migrations
from storage.database import NEWEST, migrate, open_database, reading, sqlite_url
from storage.errors import LedgerUnavailable
from storage.ledger import Ledger
from storage.tables import metadata


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], Engine]]:
    """Lend a function that opens the same database again and again, and close all of it afterwards."""
    engines: list[Engine] = []

    def open_it() -> Engine:
        engines.append(open_database(sqlite_url(tmp_path / "ledger.db")))
        return engines[-1]

    yield open_it
    for engine in engines:
        engine.dispose()


def test_a_new_database_has_every_table_as_the_code_expects_it(opened: Callable[[], Engine]) -> None:
    """Migrations lead to the tables of `storage.tables`, to the last column and constraint."""
    engine = opened()
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_the_one_that_the_code_waits_for() -> None:
    """Else every start would migrate, or none."""
    config = Config()
    config.set_main_option("script_location", str(Path(storage.migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_current_head() == NEWEST


def test_opening_again_keeps_what_is_there(opened: Callable[[], Engine]) -> None:
    """A second start migrates nothing."""
    job = Ledger(opened()).open_job("ep_1", "options", "Title")
    assert Ledger(opened()).job(job.id) == job


def test_migrations_lead_back_to_an_empty_database(opened: Callable[[], Engine]) -> None:
    """Each one knows how to undo itself."""
    from alembic import command

    engine = opened()
    config = Config()
    config.set_main_option("script_location", str(Path(storage.migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    migrate(engine)
    assert {"jobs", "steps"} <= set(inspect(engine).get_table_names())


def test_many_that_start_together_on_a_new_database_all_get_it(opened: Callable[[], Engine]) -> None:
    """One migrates, the others wait."""
    with ThreadPoolExecutor(8) as pool:
        engines = list(pool.map(lambda _: opened(), range(8)))
    assert all({"jobs", "steps"} <= set(inspect(engine).get_table_names()) for engine in engines)


def test_a_reader_does_not_wait_for_a_writer(opened: Callable[[], Engine]) -> None:
    """Listing jobs goes on while a long transaction is open."""
    engine = opened()
    ledger = Ledger(engine)
    job = ledger.open_job("ep_1", "options", "Title")
    with engine.begin():  # holds SQLite's write lock
        began = time.monotonic()
        assert ledger.job(job.id) == job
        assert time.monotonic() - began < 5  # not the busy timeout


def test_a_database_that_cannot_be_reached_says_so(tmp_path: Path) -> None:
    """With its place, and what to check."""
    with pytest.raises(LedgerUnavailable, match="nowhere") as caught:
        open_database(sqlite_url(tmp_path / "nowhere" / "ledger.db"))
    assert "Check" in caught.value.hint
