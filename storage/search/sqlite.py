"""The index in a SQLite file of its own, by FTS5.

It lies beside the ledger and not in it: indexing an episode writes for a tenth of a second, and whoever renews a lease must not
wait for that. All of it can be made again from the transcripts, so it has a version instead of migrations: another version is
dropped and filled anew. A power cut may undo the last episodes; they are noticed to be missing.

The tables are contentless: tokens go in, ids come out, and the words themselves lie packed in `passages`. The ids are in the
order of days, which gives what FTS5 can do without sorting: the newest matches first, and days as ranges of ids. `mark` says of
a passage that it opens its episode or chapter, or has a new speaker, so that a title is found once and not with each of its
passages. `titled` has the titles and names of such passages alone, and those once more that are found there: FTS5 keeps one
list for a word, wherever it stands, and would have to go through all passages with a frequent one to find the few whose titles
have it.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry

from storage.database import connect, lightly, reading, sqlite_url
from storage.errors import IndexDamaged, LedgerUnavailable
from storage.search.fts5 import said
from storage.search.index import PATIENCE, PER_DAY, WINDOW, Window, entry_of_row, highest_id, lowest_id, too_much
from storage.search.passages import Entry, Passage, packed, unpacked
from storage.search.query import Query
from storage.search.sqlite_ranking import by_title, newest, ranked
from storage.search.tokens import indexed_text

VERSION = "2"
"""Of the tables and of what is in them; another one is filled anew."""

_TABLES = (
    (
        "CREATE TABLE episodes (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, show TEXT,"
        " day INTEGER NOT NULL, published REAL, digest TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL)"
    ),
    "CREATE TABLE passages (id INTEGER PRIMARY KEY, episode INTEGER NOT NULL, body BLOB NOT NULL)",
    "CREATE VIRTUAL TABLE found USING fts5(chapter, episode, show, speakers, words, mark, content='', tokenize='ascii')",
    (
        "CREATE VIRTUAL TABLE titled USING fts5(chapter, episode, show, speakers,"
        " opened_chapter, opened_episode, opened_show, opened_speakers, content='', tokenize='ascii')"
    ),
)
_INSERT = "INSERT INTO found (rowid, chapter, episode, show, speakers, words, mark) VALUES (?, ?, ?, ?, ?, ?, ?)"
_DELETE = "INSERT INTO found (found, rowid, chapter, episode, show, speakers, words, mark) VALUES ('delete', ?, ?, ?, ?, ?, ?, ?)"
_INSERT_TITLES = (
    "INSERT INTO titled (rowid, chapter, episode, show, speakers, opened_chapter, opened_episode, opened_show, opened_speakers)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_DELETE_TITLES = _INSERT_TITLES.replace("(rowid", "(titled, rowid").replace("(?", "('delete', ?")
_LOADED = (
    "SELECT p.id AS passage, p.body, e.* FROM passages p JOIN episodes e ON e.number = p.episode"
    " WHERE p.id IN (SELECT value FROM json_each(?))"
)

_MAPPED = 1 << 30
"""Bytes of the file that are read as memory, so that processes share what is read, and nothing is copied."""

_CHECK_EVERY = 1000
"""Steps of SQLite's machine between two looks at the clock."""


class SqliteIndex:
    """A search index in a file."""

    def __init__(self, path: Path) -> None:
        self._engine = connect(sqlite_url(path), told=_tell_damage)
        event.listen(self._engine, "connect", _configure)
        try:
            _prepare(self._engine)
        except BaseException:
            self._engine.dispose()
            raise

    def put(self, entry: Entry, passages: Sequence[Passage]) -> None:
        """Index an episode, in place of what was indexed of it before."""
        texts = [_columns(entry, passage) for passage in passages]
        bodies = [packed(passage) for passage in passages]
        with lightly(self._engine) as connection:
            _remove(connection, entry.id)
            first = _free_ids(connection, entry, len(passages))
            ids = range(first, first + len(passages))
            row = (
                entry.id, entry.title, entry.show, entry.day.toordinal(), entry.published, entry.digest, first, ids[-1],
            )  # fmt: skip
            sql = "INSERT INTO episodes (id, title, show, day, published, digest, first, last) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            number = connection.exec_driver_sql(sql, row).lastrowid
            rows = [(passage_id, number, body) for passage_id, body in zip(ids, bodies, strict=True)]
            connection.exec_driver_sql("INSERT INTO passages VALUES (?, ?, ?)", rows)
            columns = list(zip(ids, texts, strict=True))
            connection.exec_driver_sql(_INSERT, [(passage_id, *of_passage) for passage_id, of_passage in columns])
            connection.exec_driver_sql(_INSERT_TITLES, _titles(columns))

    def remove(self, episode_ids: Collection[str]) -> None:
        """Forget episodes."""
        for episode_id in episode_ids:  # each in a transaction of its own, so that others can write between them
            with lightly(self._engine) as connection:
                _remove(connection, episode_id)

    def digests(self, episode_id: str | None = None) -> Mapping[str, str]:
        """Return by episode what names all that was indexed of it."""
        sql = "SELECT id, digest FROM episodes WHERE ?1 IS NULL OR id = ?1"
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(sql, (episode_id,)).all()
        return {row.id: row.digest for row in rows}

    def clear(self) -> None:
        """Forget everything."""
        with self._engine.begin() as connection:
            _make_anew(connection)

    def window(self, query: Query, below: int | None) -> Window:
        """Return the newest matching passages, the best first."""
        extent = lowest_id(query.since), highest_id(query.until, below)
        with _within_reason(self._engine) as connection:
            titles = frozenset(by_title(connection, query, *extent))
            ids = sorted(titles.union(newest(connection, said(query), *extent, WINDOW)), reverse=True)[:WINDOW]
            if not ids:
                return Window(())
            best = ranked(connection, query, ids, titles)
        return Window(tuple(best), ids[0], ids[-1] if len(ids) == WINDOW else None)

    def load(self, ids: Sequence[int]) -> Mapping[int, tuple[Entry, Passage]]:
        """Return passages with their episodes."""
        with reading(self._engine) as connection:
            rows = connection.exec_driver_sql(_LOADED, (json.dumps(list(ids)),)).all()
        return {row.passage: (entry_of_row(row), unpacked(row.body)) for row in rows}

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()


# ------------------------------------------------------------------ writing


def _prepare(engine: Engine) -> None:
    with reading(engine) as connection:
        known = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'about'").first()
        if known and connection.exec_driver_sql("SELECT version FROM about").scalar() == VERSION:
            return
    with engine.begin() as connection:
        known = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'about'").first()
        if not (known and connection.exec_driver_sql("SELECT version FROM about").scalar() == VERSION):
            _make_anew(connection)


def _make_anew(connection: Connection) -> None:
    for name in ("about", "episodes", "passages", "found", "titled"):
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
    for statement in _TABLES:
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("CREATE TABLE about (version TEXT NOT NULL)")
    connection.exec_driver_sql("INSERT INTO about VALUES (?)", (VERSION,))


def _free_ids(connection: Connection, entry: Entry, count: int) -> int:
    """Return the first of so many free ids of the episode's day, or of the next day that has as many left."""
    day = lowest_id(entry.day)
    while True:
        sql = "SELECT max(id) FROM passages WHERE id >= ? AND id < ?"
        highest = connection.exec_driver_sql(sql, (day, day + PER_DAY)).scalar()
        first = day if highest is None else highest + 1
        if first + count <= day + PER_DAY:
            return int(first)
        day += PER_DAY


def _remove(connection: Connection, episode_id: str) -> None:
    """Take an episode out: a contentless table is told again what it was given."""
    row = connection.exec_driver_sql("SELECT * FROM episodes WHERE id = ?", (episode_id,)).first()
    if row is None:
        return
    entry, extent = entry_of_row(row), (row.first, row.last)
    bodies = connection.exec_driver_sql("SELECT id, body FROM passages WHERE id BETWEEN ? AND ?", extent).all()
    columns = [(kept.id, _columns(entry, unpacked(kept.body))) for kept in bodies]
    connection.exec_driver_sql(_DELETE, [(passage_id, *of_passage) for passage_id, of_passage in columns])
    connection.exec_driver_sql(_DELETE_TITLES, _titles(columns))
    connection.exec_driver_sql("DELETE FROM passages WHERE id BETWEEN ? AND ?", extent)
    connection.exec_driver_sql("DELETE FROM episodes WHERE number = ?", (row.number,))


def _columns(entry: Entry, passage: Passage) -> tuple[str, ...]:
    """Return what the index is given of a passage, a text for each column."""
    return (
        indexed_text(passage.chapter or ""),
        indexed_text(entry.title),
        indexed_text(entry.show or ""),
        " ".join(map(indexed_text, passage.speakers)),
        passage.indexed_words,
        passage.marks,
    )


def _titles(columns: Sequence[tuple[int, tuple[str, ...]]]) -> list[tuple[int | str, ...]]:
    """Return rows for the passages that open something: the id, all titles and names, and those that are found there."""
    rows: list[tuple[int | str, ...]] = []
    for passage_id, (*titles, _words, marks) in columns:
        if marks:
            opened = [title if mark in marks else "" for mark, title in zip("cees", titles, strict=True)]
            rows.append((passage_id, *titles, *opened))
    return rows


# ------------------------------------------------------------------ reading


@contextmanager
def _within_reason(engine: Engine) -> Iterator[Connection]:
    """Lend a connection whose statements are given up after `PATIENCE`."""
    spent, wall = time.thread_time() + PATIENCE, time.monotonic() + 10 * PATIENCE
    try:
        with reading(engine) as connection:
            raw: Any = connection.connection.driver_connection
            raw.set_progress_handler(lambda: int(time.thread_time() > spent or time.monotonic() > wall), _CHECK_EVERY)
            try:
                yield connection
            finally:
                raw.set_progress_handler(None, 0)
    except LedgerUnavailable as error:
        if getattr(error.__cause__, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
            raise
        raise too_much() from error


def discard(path: Path) -> None:
    """Remove the file of an index that is damaged."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


def _tell_damage(context: ExceptionContext) -> None:
    """Raise `IndexDamaged` for what SQLite says of a file that is no database, or not a whole one."""
    if getattr(context.original_exception, "sqlite_errorname", "").startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        hint = "`earmark search --reindex` makes it anew from the transcripts."
        raise IndexDamaged(
            f"The search index is damaged: {context.original_exception}.", hint=hint
        ) from context.original_exception


def _configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA mmap_size={_MAPPED}")
    cursor.close()
