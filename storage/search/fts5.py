"""Queries in the language of SQLite's FTS5."""

from __future__ import annotations

from collections.abc import Iterable

from storage.search.query import Query, Term

_EVERYWHERE = "{chapter episode show speakers words}"


def expression(query: Query) -> str:
    """Return a query as FTS5 understands it: made of quoted tokens alone, whatever was typed."""
    wanted = filters(query)
    if query.terms:
        anyone = either(map(quoted, query.terms))
        if any(term.open_ended for term in query.terms):
            # a beginning is looked up anew wherever it stands; what this finds too much, `moment_of` leaves out
            titled = [f"(mark : (c OR e OR s) AND {{chapter episode show speakers}} : {anyone})"]
        else:
            places = (("c", "chapter"), ("e", "{episode show}"), ("s", "speakers"))
            titled = [f"(mark : {mark} AND {place} : {anyone})" for mark, place in places]
        wanted.append(either([f"words : {anyone}", *titled]))
    elif not query.speakers:
        wanted.append("mark : c" if query.chapters else "mark : e")
    if len(query.terms) > 1:
        wanted += map(anywhere, query.terms)
    found = " AND ".join(wanted)
    return f"({found}) NOT {either(map(anywhere, query.excluded))}" if query.excluded else found


def filters(query: Query) -> list[str]:
    """Return what names and titles have to hold."""
    named = (("show", query.shows), ("speakers", query.speakers), ("chapter", query.chapters))
    return [f"{column} : {quoted(term)}" for column, terms in named for term in terms]


def anywhere(term: Term) -> str:
    """Return a term wherever it stands."""
    return f"{_EVERYWHERE} : {quoted(term)}"


def either(parts: Iterable[str]) -> str:
    """Return an expression of which one part is enough."""
    return f"({' OR '.join(parts)})"


def quoted(term: Term) -> str:
    """Return a term as a string of FTS5; a token has nothing in it that would end one."""
    return f'"{" ".join(term.tokens)}"{" *" if term.open_ended else ""}'
