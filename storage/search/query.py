"""What people type into a search, read by a grammar of our own: any text is a query, or refused with a reason.

    tax "open model" transcrib* -crypto show:"The Daily" speaker:ann chapter:news after:2024-05 before:2025

Words that stand side by side must all be there, in any order; words in quotation marks one after the other; `*` stands for any
ending; `-` leaves out. What a database is asked is made from this value alone, and never from the text.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from storage.errors import QueryInvalid
from storage.search.tokens import tokens_of

LONGEST_QUERY = 500
"""Characters."""

MOST_TERMS = 16
"""Words, phrases and filters together."""

MOST_TOKENS = 64
"""Tokens of all of them; long phrases of a script without spaces have many."""

SHORTEST_BEGINNING = 3
"""Letters before a `*`: shorter ones stand for too many words."""

_QUOTES = '"“”„'
_PIECE = re.compile(
    rf"(?P<minus>-?)(?:(?P<name>[A-Za-z]+):)?(?:[{_QUOTES}](?P<phrase>[^{_QUOTES}]*)(?:[{_QUOTES}]|$)(?P<star>\*?)|(?P<word>[^\s{_QUOTES}]*))"
)
_DATE = re.compile(r"(?P<year>\d{4})(?:-(?P<month>\d{1,2}))?(?:-(?P<day>\d{1,2}))?", re.ASCII)
_FILTERS = ("show", "speaker", "chapter", "after", "before")


@dataclass(frozen=True)
class Term:
    """A word or a phrase: tokens that follow each other; with `open_ended`, the last one may go on."""

    tokens: tuple[str, ...]
    open_ended: bool = False


@dataclass(frozen=True)
class Query:
    """What to look for. All of it must hold."""

    terms: tuple[Term, ...] = ()
    """Said, or in the title of the chapter or episode, or the name of the show or of a speaker."""
    excluded: tuple[Term, ...] = ()
    """In none of these."""
    shows: tuple[Term, ...] = ()
    speakers: tuple[Term, ...] = ()
    """In the name of who says the words."""
    chapters: tuple[Term, ...] = ()
    since: date | None = None
    """The first day."""
    until: date | None = None
    """The day after the last."""

    @property
    def positive(self) -> tuple[Term, ...]:
        """Everything that must be found in a text."""
        return (*self.terms, *self.shows, *self.speakers, *self.chapters)


@dataclass
class _Found:
    """What was read so far."""

    terms: dict[str, list[Term]] = field(default_factory=dict)
    dates: dict[str, date] = field(default_factory=dict)

    def of(self, kind: str) -> tuple[Term, ...]:
        return tuple(dict.fromkeys(self.terms.get(kind, ())))


def parse_query(text: str) -> Query:
    """Read a query; `QueryInvalid` says what is wrong with it, and what to do."""
    if len(text) > LONGEST_QUERY:
        raise QueryInvalid(
            f"The query has {len(text)} characters; {LONGEST_QUERY} is the most.",
            hint="Look for fewer words, or a shorter phrase.",
        )
    found = _Found()
    for piece in _PIECE.finditer(text):
        if piece.group():
            _take(piece, found)
    query = Query(
        found.of("terms"), found.of("excluded"), found.of("show"), found.of("speaker"), found.of("chapter"),
        found.dates.get("after"), found.dates.get("before"),
    )  # fmt: skip
    _check(query)
    return query


def _take(piece: re.Match[str], found: _Found) -> None:
    name = (piece["name"] or "").lower()
    quoted = piece["phrase"] is not None
    text = (piece["phrase"] + piece["star"]) if quoted else piece["word"]
    if name and name not in _FILTERS:
        text, name = f"{piece['name']}:{text}", ""
    if piece["minus"] and name:
        raise QueryInvalid(f"{name}: cannot be left out with a minus.", hint=f"Leave out words, or give {name}: without it.")
    if name in {"after", "before"}:
        found.dates[name] = _date(name, text)
        return
    term = _term(text)
    if term is not None:
        found.terms.setdefault("excluded" if piece["minus"] else name or "terms", []).append(term)
    elif name:
        raise QueryInvalid(f"{name}: needs a name or a piece of one.", hint=f'Write {name}:word or {name}:"several words".')


def _term(text: str) -> Term | None:
    """Return a word or phrase; none if it has no letter or digit."""
    tokens = list(tokens_of(text))
    if not tokens:
        return None
    last = tokens[-1]
    open_ended = text.rstrip().endswith("*")
    if last.kind == "tail":
        # the text may go on after it: it is in the pair before, or begins one
        open_ended = len(tokens) == 1 or tokens[-2].kind != "pair"
        tokens = tokens if open_ended else tokens[:-1]
    elif open_ended and len(last.text) < SHORTEST_BEGINNING:
        hint = f"Give {SHORTEST_BEGINNING} letters or more before a *."
        raise QueryInvalid(f"{last.text}* stands for too many words.", hint=hint)
    return Term(tuple(token.text for token in tokens), open_ended)


def _date(name: str, text: str) -> date:
    found = _DATE.fullmatch(text.strip())
    with contextlib.suppress(ValueError):
        if found is not None:
            return date(int(found["year"]), int(found["month"] or 1), int(found["day"] or 1))
    today = datetime.now(UTC).date()
    hint = f"Write {name}:{today:%Y}, {name}:{today:%Y-%m} or {name}:{today:%Y-%m-%d}."
    raise QueryInvalid(f"{name}: needs a date.", hint=hint)


def _check(query: Query) -> None:
    every = (*query.positive, *query.excluded)
    if not query.positive and query.since is None and query.until is None:
        what = "only words to leave out" if query.excluded else "no word to look for"
        raise QueryInvalid(
            f"The query has {what}.", hint='Give a word, a "phrase in quotation marks", or a filter like show:name.'
        )
    if len(every) > MOST_TERMS or sum(len(term.tokens) for term in every) > MOST_TOKENS:
        raise QueryInvalid(f"The query has too many words: {MOST_TERMS} is the most.", hint="Look for fewer at a time.")
    if query.since is not None and query.until is not None and query.since >= query.until:
        hint = "after: is the first day that counts, before: the first one that does not."
        raise QueryInvalid(f"No day is after {query.since} and before {query.until}.", hint=hint)
