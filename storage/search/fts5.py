"""Queries in the language of SQLite's FTS5."""

from __future__ import annotations

from collections.abc import Iterable

from storage.search.query import Query, Term

_EVERYWHERE = "{chapter episode show speakers words}"


def expressions(query: Query) -> tuple[str, ...]:
    """Return a query as FTS5 understands it: made of quoted tokens alone, whatever was typed.

    What any of the expressions matches is found. A single term is looked for in words and in titles by itself, since FTS5 would
    go through a frequent word for each part of an `OR`. Of several terms only one need be said; what is in titles alone,
    and so in every passage below them, `moment_of` leaves out.
    """
    wanted = filters(query)
    if not query.terms:
        marked = () if query.speakers else ("mark : c" if query.chapters else "mark : e",)
        return (_without(query, [*wanted, *marked]),)
    if len(query.terms) > 1:
        return (_without(query, [*wanted, *map(anywhere, query.terms)]),)
    said = f"words : {quoted(query.terms[0])}"
    titled = f"mark : (c OR e OR s) AND {{chapter episode show speakers}} : {quoted(query.terms[0])}"
    return _without(query, [*wanted, said]), _without(query, [*wanted, titled])


def _without(query: Query, wanted: list[str]) -> str:
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
