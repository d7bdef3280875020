"""What the FTS5 tables of `sqlite` are asked: the newest passages that match, and which of them match best."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection

from storage.search.fts5 import anywhere, filters, left_out, titled, titled_in_passages
from storage.search.index import WINDOW, highest_id
from storage.search.query import Query, Term

_NEWEST = "SELECT rowid FROM found WHERE found MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?"
_NEWEST_TITLES = "SELECT rowid FROM titled WHERE titled MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?"
_AMONG = "SELECT rowid FROM found WHERE found MATCH ? AND rowid IN (SELECT value FROM json_each(?))"
_SCORED = (
    "SELECT rowid, bm25(found, 8.0, 4.0, 4.0, 2.0, 1.0, 0.0) FROM found"  # what a hit in each of the columns counts
    " WHERE found MATCH ? AND rowid BETWEEN ? AND ?"
)
_COUNTED = "SELECT count(*) FROM (SELECT 1 FROM passages WHERE id >= ? LIMIT ?)"

_FREQUENT = 0.03
"""Share of the passages; a term that is in more of them tells nothing."""

_SAMPLE = 200
"""Passages with a term by which this is estimated."""

_FEW = 200
"""Passages up to which each is asked by itself whether it holds what is to be left out."""


def newest(connection: Connection, wanted: str, low: int, high: int, most: int) -> list[int]:
    """Return the ids of the newest matching passages between two ids, the newest first."""
    return list(connection.exec_driver_sql(_NEWEST, (wanted, low, high, most)).scalars())


def by_title(connection: Connection, query: Query, low: int, high: int) -> list[int]:
    """Return the newest passages at which a title or name is found that holds the query's only term."""
    wanted = titled(query)
    if wanted is None:
        return []
    ids = list(connection.exec_driver_sql(_NEWEST_TITLES, (wanted, low, high, WINDOW)).scalars())
    if not ids or not query.excluded:
        return ids
    if len(ids) > _FEW:
        return newest(connection, titled_in_passages(query), low, high, WINDOW)
    dropped = set(connection.exec_driver_sql(_AMONG, (left_out(query), json.dumps(ids))).scalars())
    return [passage_id for passage_id in ids if passage_id not in dropped]


def ranked(connection: Connection, query: Query, ids: Sequence[int], titles: frozenset[int]) -> list[int]:
    """Return the ids of a window, which come with the newest first, in the order of how well they match.

    bm25 counts in how many passages each term is, all over the index. So only terms are ranked by that are in few of them: the
    others tell nothing, and would cost most. Where none is left, titles come first.
    """
    telling = [term for term in query.terms if _is_telling(connection, term)]
    if telling:
        wanted = " AND ".join([*filters(query), *map(anywhere, telling)])
        rows = connection.exec_driver_sql(_SCORED, (wanted, ids[-1], ids[0]))
        scores: dict[int, float] = {row[0]: row[1] for row in rows}
    else:
        scores = dict.fromkeys(titles, -1.0)
    return sorted(ids, key=lambda passage_id: scores.get(passage_id, 0.0))


def _is_telling(connection: Connection, term: Term) -> bool:
    """Tell whether a term, or one of the tokens of a phrase, is in few of the passages, by the newest ones that it is in."""
    if term.open_ended and len(term.tokens) == 1:
        return False  # it would have to be looked up anew
    for token in dict.fromkeys(term.tokens[: -1 if term.open_ended else None]):
        sampled = newest(connection, f'"{token}"', 0, highest_id(None, None), _SAMPLE)
        if len(sampled) < _SAMPLE:
            return True
        among = connection.exec_driver_sql(_COUNTED, (sampled[-1], int(_SAMPLE / _FREQUENT))).scalar_one()
        if among >= int(_SAMPLE / _FREQUENT):
            return True
    return False
