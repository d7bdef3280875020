"""The ledger's database and its migrations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect

import storage.migrations
from storage.database import NEWEST, migrate, open_database, reading, sqlite_url
from storage.errors import LedgerUnavailable, OptionError
from storage.ledger import Ledger
from storage.tables import metadata
from tests.postgres import Postgres


def _downgrade(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(storage.migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")


def _described(engine: Engine) -> dict[str, object]:
    """Return everything that the database itself says of its tables."""
    found = inspect(engine)
    return {
        table: [
            sorted(repr(sorted(column.items(), key=str)) for column in found.get_columns(table)),
            found.get_pk_constraint(table),
            sorted(map(repr, found.get_foreign_keys(table))),
            sorted(map(repr, found.get_unique_constraints(table))),
            sorted(map(repr, found.get_indexes(table))),
        ]
        for table in found.get_table_names()
    }


@pytest.fixture
def opened(ledger_url: str) -> Iterator[Callable[[], Engine]]:
    """Lend a function that opens the same database again and again, and close all of it afterwards."""
    engines: list[Engine] = []

    def open_it() -> Engine:
        engines.append(open_database(ledger_url))
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


def test_a_new_database_is_the_same_as_one_that_migrations_led_to(opened: Callable[[], Engine]) -> None:
    """It is created at once, which is faster: to the last default and index it must be what an old one becomes."""
    engine = opened()
    created = _described(engine)
    _downgrade(engine)
    migrate(engine)
    assert _described(engine) == created


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
    engine = opened()
    _downgrade(engine)
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
    with engine.begin():  # holds the lock of the one that writes
        began = time.monotonic()
        assert ledger.job(job.id) == job
        assert time.monotonic() - began < 5  # not the busy timeout


@pytest.mark.parametrize("form", ["postgresql", "postgresql+psycopg", "postgres"])
def test_postgresql_is_named_as_people_name_it(form: str, postgres: Postgres) -> None:
    """With the library or without."""
    with postgres.new_database() as url:
        engine = open_database(url.replace("postgresql", form, 1))
        assert Ledger(engine).open_job("ep_1", "options", "Title").state == "queued"
        engine.dispose()


def test_a_connection_that_the_server_ended_is_made_anew(postgres: Postgres) -> None:
    """A restart of PostgreSQL costs those who wait, nothing else."""
    with postgres.new_database() as url:
        engine = open_database(url)
        ledger = Ledger(engine)
        job = ledger.open_job("ep_1", "options", "Title")
        postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname <> 'postgres'")
        assert ledger.job(job.id) == job
        engine.dispose()


def test_postgresql_ends_a_transaction_that_stands_still(postgres: Postgres) -> None:
    """Else a process that was stopped in the middle of one would hold up all that write."""
    with postgres.new_database() as url:
        engine = open_database(url)
        with reading(engine) as connection:
            assert connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar() == "10s"
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "30s"
        engine.dispose()


@pytest.mark.parametrize("place", ["127.0.0.1:9", "?host=/nowhere"])
def test_a_server_that_cannot_be_reached_says_so_without_its_password(place: str) -> None:
    """With its place, and what to check."""
    pytest.importorskip("psycopg")
    separator = "/" if "?" in place else ""
    with pytest.raises(LedgerUnavailable, match="earmark:") as caught:
        open_database(f"postgresql://earmark:a-password@{separator}{place}")
    assert "a-password" not in str(caught.value)
    assert "Check" in caught.value.hint


def test_a_machine_without_the_library_for_postgresql_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite needs nothing of it."""
    monkeypatch.setattr("storage.database.find_spec", lambda _: None)
    with pytest.raises(OptionError, match=r"earmark\[postgres\]"):
        open_database("postgresql://host/earmark")


def test_a_database_that_cannot_be_reached_says_so(tmp_path: Path) -> None:
    """With its place, and what to check."""
    with pytest.raises(LedgerUnavailable, match="nowhere") as caught:
        open_database(sqlite_url(tmp_path / "nowhere" / "ledger.db"))
    assert "Check" in caught.value.hint
