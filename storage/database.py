"""Opening the ledger's database: SQLite in a file, or PostgreSQL by URL; its schema is brought up to date first."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from storage.errors import LedgerUnavailable, StorageFull

NEWEST = "0002"
"""Revision of the schema that this code works with; a test holds it against the migrations."""

_BUSY_TIMEOUT = 30.0
"""Seconds that one writer waits for another."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_READING = "earmark_reading"
_TURNSTILE = 7_042_118
"""Any number that no other program on the same PostgreSQL database uses for an advisory lock."""


def open_database(url: str) -> Engine:
    """Open the ledger's database and migrate it to the newest schema.

    SQLite runs in write-ahead mode, and a transaction that writes takes the lock at its start (`BEGIN IMMEDIATE`), so that
    compare-and-set never meets a stale snapshot. Raises `LedgerUnavailable` if the database cannot be reached or written.
    """
    is_sqlite = url.startswith("sqlite")
    engine = create_engine(url, pool_pre_ping=not is_sqlite, connect_args={"timeout": _BUSY_TIMEOUT} if is_sqlite else {})
    event.listen(engine, "handle_error", _in_our_words)
    if is_sqlite:
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    try:
        if _revision(engine) != NEWEST:
            migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite database in a file."""
    return f"sqlite:///{path}"


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Lend a connection for looking things up: on SQLite it waits for no writer, and no writer waits for it."""
    with engine.connect().execution_options(**{_READING: True}) as connection, connection.begin():
        yield connection


def _in_our_words(context: ExceptionContext) -> None:
    """Raise `StorageFull` and `LedgerUnavailable` for what the database says when it is full, gone, or locked."""
    if context.engine is None or not _is_about_the_database(context):
        return
    error, place = context.original_exception, context.engine.url.render_as_string(hide_password=True)
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL or _is_a_failed_write(error):
        raise StorageFull(
            f"No room is left to write the ledger {place}: {error}.", hint="Make room there; a new try goes on from here."
        ) from error
    raise LedgerUnavailable(
        f"The ledger {place} cannot be used: {error}.", hint="Check that its place is there, has room, and may be written."
    ) from error


def _is_about_the_database(context: ExceptionContext) -> bool:
    """Tell whether it is the database that fails, and not a statement; of a file that is no database SQLite says otherwise."""
    damaged = getattr(context.original_exception, "sqlite_errorname", "") in {"SQLITE_NOTADB", "SQLITE_CORRUPT"}
    return damaged or isinstance(context.sqlalchemy_exception, OperationalError)


def _is_a_failed_write(error: BaseException) -> bool:
    """Tell whether SQLite could not grow a file: so it words quotas and limits on the size of files."""
    growing = {"SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_TRUNCATE", "SQLITE_IOERR_FSYNC"}
    return getattr(error, "sqlite_errorname", "") in growing


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to a revision in one transaction; processes that start together wait for one another."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_TURNSTILE})")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def is_migrated(engine: Engine) -> bool:
    """Tell whether the schema is the one that this code works with; `LedgerUnavailable` if the database does not answer."""
    return _revision(engine) == NEWEST


def _revision(engine: Engine) -> str | None:
    """Return the schema's revision, without the cost of loading the migrations."""
    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return str(found) if found is not None else None


def _configure_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # pysqlite would begin transactions by itself, and later than asked for
    connection.isolation_level = None
    cursor = connection.cursor()
    _write_ahead(cursor)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: DBAPICursor) -> None:
    """Switch to write-ahead mode; SQLite does not wait by itself where several processes open a new file at once."""
    deadline = time.monotonic() + _BUSY_TIMEOUT
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    is_reading = connection.get_execution_options().get(_READING, False)
    connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")
