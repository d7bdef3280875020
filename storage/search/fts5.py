"""Queries in the language of SQLite's FTS5."""

from __future__ import annotations

from collections.abc import Iterable

from storage.search.query import Query, Term

_TITLES = "{chapter episode show speakers}"
_OPENED = "{opened_chapter opened_episode opened_show opened_speakers}"
_EVERYWHERE = "{chapter episode show speakers words}"


def said(query: Query) -> str:
    """Return a query as FTS5 understands it for the passages: made of quoted tokens alone, whatever was typed.

    A single term is looked for in the words, and in the titles by `titled`, since FTS5 would go through a frequent word for each
    part of an `OR`. Of several terms only one need be said; what is in titles alone, and so in every passage below them,
    `moment_of` leaves out.
    """
    if not query.terms:
        marked = () if query.speakers else ("mark : c" if query.chapters else "mark : e",)
        return _all(query, marked)
    if len(query.terms) > 1:
        return _all(query, map(anywhere, query.terms))
    return _all(query, [f"words : {quoted(query.terms[0])}"])


def titled(query: Query) -> str | None:
    """Return a query of a single term for the titles and names; none if there are more, or none.

    What is to be left out is looked for in titles only.
    """
    if len(query.terms) != 1:
        return None
    wanted = " AND ".join([*filters(query), f"{_OPENED} : {quoted(query.terms[0])}"])
    return f"({wanted}) NOT {either(f'{_TITLES} : {quoted(term)}' for term in query.excluded)}" if query.excluded else wanted


def titled_in_passages(query: Query) -> str:
    """Return the same for the passages, whose words are there as well to be left out."""
    return _all(query, [f"mark : (c OR e OR s) AND {_TITLES} : {quoted(query.terms[0])}"])


def left_out(query: Query) -> str:
    """Return what no passage may hold."""
    return either(map(anywhere, query.excluded))


def _all(query: Query, parts: Iterable[str]) -> str:
    found = " AND ".join([*filters(query), *parts])
    return f"({found}) NOT {left_out(query)}" if query.excluded else found


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
