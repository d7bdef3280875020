"""Opening the ledger's database: SQLite in a file, or PostgreSQL by URL; its schema is brought up to date first."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    create_engine,
    event,
    insert,
    inspect,
)
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExceptionContext
from sqlalchemy.exc import InternalError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from storage.errors import LedgerUnavailable, OptionError, StorageFull
from storage.tables import metadata

NEWEST = "0005"
"""Revision of the schema that this code works with; a test holds it against the migrations."""

_BUSY_TIMEOUT = 30.0
"""Seconds that one writer waits for another."""

_PAUSES = (0.0003, 0.0005, *[0.001] * 10, *[0.002] * 20)
"""Seconds between two tries to begin to write, before it is left to SQLite to wait for the rest of `_BUSY_TIMEOUT`."""

_IDLE_TIMEOUT = 10.0
"""Seconds after which PostgreSQL ends a transaction whose process stands still or is gone, so that others can write."""

_CONNECTIONS = 10
"""Connections that a process keeps; a worker of many slots, or a busy API, opens up to four times as many more for a while."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_KIND = "earmark_kind"
_TURNSTILE = 7_042_118
"""The lock of the one that writes: any number that no other program on the same PostgreSQL database uses for an advisory lock."""


def open_database(url: str) -> Engine:
    """Open the ledger's database and migrate it to the newest schema.

    One transaction writes at a time, on both: it takes a lock at its start (on SQLite `BEGIN IMMEDIATE`, in write-ahead mode; on
    PostgreSQL an advisory lock), so that compare-and-set never meets a stale snapshot, what was looked for and not found can be
    inserted, and no two wait for each other's rows. They are short and few. Raises `LedgerUnavailable` if the database
    cannot be reached or written, and `OptionError` where the library for it is missing.
    """
    engine = connect(url)
    try:
        if _revision(engine) != NEWEST and not _create(engine):
            migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def connect(url: str, *, told: Callable[[ExceptionContext], None] | None = None) -> Engine:
    """Return a database with the rules of `open_database` for its transactions; what is in it is the caller's.

    `told` may raise something else than `LedgerUnavailable` for an error of the database.
    """
    url = _with_driver(url)
    is_sqlite = url.startswith("sqlite")
    engine = create_engine(
        url,
        pool_size=_CONNECTIONS,
        max_overflow=4 * _CONNECTIONS,
        pool_pre_ping=not is_sqlite,
        connect_args={"timeout": _BUSY_TIMEOUT} if is_sqlite else {},
    )
    if told is not None:
        event.listen(engine, "handle_error", told)
    event.listen(engine, "handle_error", _in_our_words)
    # no listener for "begin": with one, SQLAlchemy takes half as long again over every statement
    if is_sqlite:
        event.listen(engine, "connect", _configure_sqlite)
        engine.dialect.do_begin = _begin_sqlite  # type: ignore[method-assign]
    else:
        event.listen(engine, "connect", _configure_postgresql)
        engine.dialect.do_begin = _begin_postgresql  # type: ignore[method-assign]
        event.listen(engine, "before_cursor_execute", _without_nul, retval=True)
    return engine


def _with_driver(url: str) -> str:
    """Return the URL of a database with the library that reaches PostgreSQL named in it, which people leave out."""
    name, separator, rest = url.partition("://")
    if name in ("postgresql", "postgres"):
        name = "postgresql+psycopg"
    if name == "postgresql+psycopg" and find_spec("psycopg") is None:
        raise OptionError("The ledger in PostgreSQL needs the library psycopg.", hint="pip install 'earmark[postgres]'")
    return f"{name}{separator}{rest}"


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite database in a file."""
    return f"sqlite:///{path}"


_Kind = Literal["reading", "apart", "light", "full"]
"""Of a transaction; `Engine.begin` begins a full one."""


def lightly(engine: Engine) -> AbstractContextManager[Connection]:
    """Lend a connection for a transaction that a power cut may undo: it does not wait for the disk.

    What is committed otherwise takes along all that was written before it. For claims and signs of life, which are worth nothing
    once the machine they tell of is down, and for what is planned again from what is kept.
    """
    return _begun(engine, "light")


def reading(engine: Engine) -> AbstractContextManager[Connection]:
    """Lend a connection for looking things up: it waits for no writer, and no writer waits for it."""
    return _begun(engine, "reading")


def apart(engine: Engine) -> AbstractContextManager[Connection]:
    """Lend a connection for a transaction that writes none of the ledger's tables, and so need not wait for its turn."""
    return _begun(engine, "apart")


@contextmanager
def _begun(engine: Engine, kind: _Kind) -> Iterator[Connection]:
    with engine.connect() as connection:
        connection.info[_KIND] = kind  # for the one that begins, which is told of nothing else
        with connection.begin():
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
    """Tell whether it is the database that fails, and not a statement; of a file that is no database SQLite says otherwise.

    So does PostgreSQL of a transaction that it ended because it lay idle.
    """
    damaged = getattr(context.original_exception, "sqlite_errorname", "") in {"SQLITE_NOTADB", "SQLITE_CORRUPT"}
    return damaged or isinstance(context.sqlalchemy_exception, OperationalError | InternalError)


def _is_a_failed_write(error: BaseException) -> bool:
    """Tell whether SQLite could not grow a file: so it words quotas and limits on the size of files."""
    growing = {"SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_TRUNCATE", "SQLITE_IOERR_FSYNC"}
    return getattr(error, "sqlite_errorname", "") in growing


def _create(engine: Engine) -> bool:
    """Create the newest schema if the database is empty, which is faster than migrating it; tell whether it was."""
    with engine.begin() as connection:
        if inspect(connection).get_table_names():
            return False
        metadata.create_all(connection)
        table = Table(
            "alembic_version",
            MetaData(),
            Column("version_num", String(32)),
            PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
        )
        table.create(connection)
        connection.execute(insert(table).values(version_num=NEWEST))
    return True


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to a revision in one transaction; processes that start together wait for one another."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
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


def _configure_postgresql(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for name, seconds in (("lock_timeout", _BUSY_TIMEOUT), ("idle_in_transaction_session_timeout", _IDLE_TIMEOUT)):
        cursor.execute(f"SET {name} = {seconds * 1000:.0f}")
    cursor.close()
    connection.commit()


def _begin_postgresql(dbapi_connection: PoolProxiedConnection) -> None:
    kind: _Kind = dbapi_connection.info.pop(_KIND, "full")
    cursor = dbapi_connection.cursor()
    if kind in {"light", "full"}:
        cursor.execute(f"SELECT pg_advisory_xact_lock({_TURNSTILE})")
    if kind == "light":
        cursor.execute("SET LOCAL synchronous_commit = off")
    cursor.close()


def _without_nul(
    _connection: Connection, _cursor: DBAPICursor, statement: str, parameters: Any, _context: object, _many: object
) -> tuple[str, Any]:
    """Leave NUL out of texts: PostgreSQL takes none, and an error or a title with one must not stop a job."""
    if isinstance(parameters, list):
        return statement, [_cleaned(row) for row in parameters]
    return statement, _cleaned(parameters)


def _cleaned(row: Any) -> Any:
    if not isinstance(row, Mapping):
        return row
    return {name: value.replace("\0", "") if isinstance(value, str) else value for name, value in row.items()}


def _configure_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # pysqlite would begin transactions by itself, and later than asked for
    connection.isolation_level = None
    cursor = connection.cursor()
    _write_ahead(cursor)
    cursor.execute("PRAGMA foreign_keys=ON")
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


def _begin_sqlite(dbapi_connection: PoolProxiedConnection) -> None:
    kind: _Kind = dbapi_connection.info.pop(_KIND, "full")
    raw: Any = dbapi_connection.driver_connection
    if kind == "reading":
        raw.execute("BEGIN")
        return
    wanted = "NORMAL" if kind == "light" else "FULL"
    if dbapi_connection.info.get("synchronous") != wanted:
        raw.execute(f"PRAGMA synchronous={wanted}")
        dbapi_connection.info["synchronous"] = wanted
    if not _begun_soon(raw):
        raw.execute("BEGIN IMMEDIATE")


def _begun_soon(raw: Any) -> bool:
    """Begin to write as soon as nobody else does; False where that takes longer.

    Others write for a millisecond or two, and SQLite itself would sleep for up to a tenth of a second between two tries.
    """
    raw.execute("PRAGMA busy_timeout=0")
    try:
        for pause in _PAUSES:
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                time.sleep(pause)
            else:
                return True
        return False
    finally:
        raw.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT * 1000:.0f}")
