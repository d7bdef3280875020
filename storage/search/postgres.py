"""The index in the ledger's PostgreSQL database, by its full text search.

Tables of its own, which the ledger's migrations know nothing of: all of it can be made again from the transcripts, so
another version is dropped and filled anew, as in SQLite. The tokens are ours and not those of PostgreSQL's dictionaries, so
that any language is found by the same rules. A lexeme begins with a letter for the field that it was found in, which keeps
phrases inside a field, and lets filters ask for one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from storage.database import apart, reading
from storage.errors import LedgerUnavailable
from storage.search.index import PATIENCE, PER_DAY, WINDOW, Window, entry_of_row, highest_id, lowest_id, too_much
from storage.search.passages import Entry, Passage, packed, unpacked
from storage.search.query import Query, Term
from storage.search.tokens import indexed_text

VERSION = "1"
"""Of the tables and of what is in them; another one is filled anew."""

_FIELDS = {"c": "A", "e": "B", "h": "B", "s": "C", "w": "D"}
"""Letters of the chapter's title, the episode's, the show's, the speakers' names and the words; how PostgreSQL weighs them."""

_WEIGHTS = "{0.1, 0.2, 0.5, 1.0}"
"""Of D, C, B and A."""

_LAST_POSITION, _MOST_POSITIONS = 16_383, 255
"""What a tsvector can hold of a lexeme."""

_TABLES = (
    (
        "CREATE TABLE search_episodes (number SERIAL PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, show TEXT,"
        " day INTEGER NOT NULL, published DOUBLE PRECISION, digest TEXT NOT NULL, first BIGINT NOT NULL, last BIGINT NOT NULL)"
    ),
    (
        "CREATE TABLE search_passages"
        " (id BIGINT PRIMARY KEY, episode INTEGER NOT NULL, body BYTEA NOT NULL, tokens TSVECTOR NOT NULL)"
    ),
    # without a list of what is pending, through which every search would have to go
    "CREATE INDEX ix_search_passages_tokens ON search_passages USING GIN (tokens) WITH (fastupdate = off)",
    "CREATE TABLE search_about (version TEXT NOT NULL)",
)
_TURN = 7_042_119
"""The lock of the one that indexes, beside that of the ledger."""

_LONGEST = 4 * PATIENCE
"""Seconds that a statement may take, waiting for the disk and for others included."""

_CANCELED = "57014"
"""What PostgreSQL calls a statement that took longer than it may."""


class PostgresIndex:
    """A search index in the ledger's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with self._writing() as connection:
            if _version(connection) != VERSION:
                _make_anew(connection)

    def put(self, entry: Entry, passages: Sequence[Passage]) -> None:
        """Index an episode, in place of what was indexed of it before."""
        rows = [{"body": packed(passage), "tokens": _vector(entry, passage)} for passage in passages]
        with self._writing() as connection:
            _remove(connection, entry.id)
            first = _free_ids(connection, entry, len(rows))
            number = connection.execute(
                text(
                    "INSERT INTO search_episodes (id, title, show, day, published, digest, first, last)"
                    " VALUES (:id, :title, :show, :day, :published, :digest, :first, :last) RETURNING number"
                ),
                {
                    "id": entry.id, "title": entry.title, "show": entry.show, "day": entry.day.toordinal(),
                    "published": entry.published, "digest": entry.digest, "first": first, "last": first + len(rows) - 1,
                },
            ).scalar_one()  # fmt: skip
            values = [{"id": first + place, "episode": number, **row} for place, row in enumerate(rows)]
            connection.execute(
                text("INSERT INTO search_passages VALUES (:id, :episode, :body, CAST(:tokens AS tsvector))"), values
            )

    def remove(self, episode_ids: Collection[str]) -> None:
        """Forget episodes."""
        for episode_id in episode_ids:
            with self._writing() as connection:
                _remove(connection, episode_id)

    def digests(self, episode_id: str | None = None) -> Mapping[str, str]:
        """Return by episode what names all that was indexed of it."""
        sql = text("SELECT id, digest FROM search_episodes WHERE CAST(:id AS text) IS NULL OR id = :id")
        with reading(self._engine) as connection:
            rows = connection.execute(sql, {"id": episode_id}).all()
        return {row.id: row.digest for row in rows}

    def clear(self) -> None:
        """Forget everything."""
        with self._writing() as connection:
            _make_anew(connection)

    def window(self, query: Query, below: int | None) -> Window:
        """Return the newest matching passages, the best first."""
        wanted = {"query": _tsquery(query), "low": lowest_id(query.since), "high": highest_id(query.until, below), "most": WINDOW}
        newest = text(
            "SELECT id FROM search_passages WHERE tokens @@ CAST(:query AS tsquery) AND id BETWEEN :low AND :high"
            " ORDER BY id DESC LIMIT :most"
        )
        ranked = text(
            "SELECT id FROM search_passages WHERE id = ANY(:ids)"
            " ORDER BY ts_rank(CAST(:weights AS real[]), tokens, CAST(:query AS tsquery)) DESC, id DESC"
        )
        with self._within_reason() as connection:
            ids = list(connection.execute(newest, wanted).scalars())
            if not ids:
                return Window(())
            best = connection.execute(ranked, {"ids": ids, "weights": _WEIGHTS, "query": wanted["query"]}).scalars().all()
        return Window(tuple(best), ids[0], ids[-1] if len(ids) == WINDOW else None)

    def load(self, ids: Sequence[int]) -> Mapping[int, tuple[Entry, Passage]]:
        """Return passages with their episodes."""
        sql = text(
            "SELECT p.id AS passage, p.body, e.* FROM search_passages p JOIN search_episodes e ON e.number = p.episode"
            " WHERE p.id = ANY(:ids)"
        )
        with reading(self._engine) as connection:
            rows = connection.execute(sql, {"ids": list(ids)}).all()
        return {row.passage: (entry_of_row(row), unpacked(bytes(row.body))) for row in rows}

    def close(self) -> None:
        """Leave the database to the ledger, whose it is."""

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with apart(self._engine) as connection:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_TURN})"))
            yield connection

    @contextmanager
    def _within_reason(self) -> Iterator[Connection]:
        """Lend a connection whose statements are given up after a while."""
        try:
            with reading(self._engine) as connection:
                connection.execute(text(f"SET LOCAL statement_timeout = {_LONGEST * 1000:.0f}"))
                yield connection
        except LedgerUnavailable as error:
            if getattr(error.__cause__, "sqlstate", None) != _CANCELED:
                raise
            raise too_much() from error


# ------------------------------------------------------------------ writing


def _version(connection: Connection) -> str | None:
    if connection.execute(text("SELECT to_regclass('search_about')")).scalar() is None:
        return None
    found: str | None = connection.execute(text("SELECT version FROM search_about")).scalar()
    return found


def _make_anew(connection: Connection) -> None:
    connection.execute(text("DROP TABLE IF EXISTS search_about, search_passages, search_episodes"))
    for statement in _TABLES:
        connection.execute(text(statement))
    connection.execute(text("INSERT INTO search_about VALUES (:version)"), {"version": VERSION})


def _free_ids(connection: Connection, entry: Entry, count: int) -> int:
    """Return the first of so many free ids of the episode's day, or of the next day that has as many left."""
    day = lowest_id(entry.day)
    while True:
        sql = text("SELECT max(id) FROM search_passages WHERE id >= :day AND id < :next")
        highest = connection.execute(sql, {"day": day, "next": day + PER_DAY}).scalar()
        first = day if highest is None else int(highest) + 1
        if first + count <= day + PER_DAY:
            return first
        day += PER_DAY


def _remove(connection: Connection, episode_id: str) -> None:
    sql = text("DELETE FROM search_episodes WHERE id = :id RETURNING first, last")
    row = connection.execute(sql, {"id": episode_id}).first()
    if row is not None:
        ids = {"first": row.first, "last": row.last}
        connection.execute(text("DELETE FROM search_passages WHERE id BETWEEN :first AND :last"), ids)


def _vector(entry: Entry, passage: Passage) -> str:
    """Return the text of a passage's tsvector."""
    fields = {
        "c": indexed_text(passage.chapter or ""),
        "e": indexed_text(entry.title),
        "h": indexed_text(entry.show or ""),
        "s": " ".join(map(indexed_text, passage.speakers)),
        "w": passage.indexed_words,
    }
    lexemes = [f"'m{mark}'" for mark in passage.marks.split()]
    for field, tokens in fields.items():
        places: dict[str, list[str]] = {}
        for place, token in enumerate(tokens.split(), 1):
            found = places.setdefault(token, [])
            if place <= _LAST_POSITION and len(found) < _MOST_POSITIONS:
                found.append(f"{place}{_FIELDS[field]}")
        lexemes += [f"'{field}{token}':{','.join(found)}" if found else f"'{field}{token}'" for token, found in places.items()]
    return " ".join(lexemes)


# ------------------------------------------------------------------ reading


def _tsquery(query: Query) -> str:
    """Return a query as PostgreSQL understands it: made of quoted tokens alone, whatever was typed."""
    wanted = [_anywhere(term) for term in query.terms]
    wanted += [
        _in(field, term) for field, terms in (("h", query.shows), ("s", query.speakers), ("c", query.chapters)) for term in terms
    ]
    if query.terms:
        said = _either(_in("w", term) for term in query.terms)
        opened = (("c", "c"), ("e", "e"), ("e", "h"), ("s", "s"))
        titled = [f"('m{mark}' & {_either(_in(field, term) for term in query.terms)})" for mark, field in opened]
        wanted.append(_either([said, *titled]))
    elif not query.speakers:
        wanted.append("'mc'" if query.chapters else "'me'")
    wanted += [f"!{_anywhere(term)}" for term in query.excluded]
    return " & ".join(wanted)


def _anywhere(term: Term) -> str:
    return _either(_in(field, term) for field in _FIELDS)


def _in(field: str, term: Term) -> str:
    *exact, last = term.tokens
    parts = [*(f"'{field}{token}'" for token in exact), f"'{field}{last}'{':*' if term.open_ended else ''}"]
    return f"({' <-> '.join(parts)})"


def _either(parts: Iterable[str]) -> str:
    return f"({' | '.join(parts)})"
