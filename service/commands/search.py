"""`earmark search`: moments in all transcripts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from service.console import errors, print_json, results
from service.wording import clock
from storage.errors import QueryInvalid
from storage.search.index import search as find
from storage.search.keeping import CaughtUp, Indexer
from storage.search.moments import Moment
from storage.search.query import parse_query
from worker.settings import Settings
from worker.stores import open_stores

_SOON = 3.0
"""Seconds for which a search first indexes what is missing; it says how much is missing still."""

_TOLD_EVERY = 50


def search(
    query: Annotated[
        list[str] | None,
        typer.Argument(metavar="QUERY…", help="What to look for; best as one argument in single quotes.", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many moments at most.")] = 10,
    after: Annotated[
        str | None, typer.Option(metavar="PLACE", help="Go on after a list that was cut; it says with what.", show_default=False)
    ] = None,
    reindex: Annotated[bool, typer.Option("--reindex", help="Make the index anew from all transcripts first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Find what was said, by whom, in which chapter, and the second to play from.

    Words must all be there, near each other; "words in quotation marks" one after the other; transcrib* begins so; -word is
    not there. Filters: show:NAME, speaker:NAME, chapter:WORD, after:DATE, before:DATE (2024, 2024-05, 2024-05-31). For example:
    earmark search '"interest rates" speaker:ann after:2024-05'
    """
    text = " ".join(query or ())
    if not text and not reindex:
        raise QueryInvalid("There is nothing to look for.", hint="Give a word, or --reindex to make the index anew.")
    wanted = parse_query(text) if text else None
    with open_stores(Settings(), owner=False) as stores:
        caught_up = _rebuilt(stores.indexer) if reindex else stores.indexer.catch_up(seconds=_SOON)
        page = find(stores.indexer.index, wanted, after=after, limit=limit) if wanted else None
    moments: Sequence[Moment] = page.items if page else ()
    following = page.next if page else None
    if as_json:
        document = {"query": text, "moments": [_fields(moment) for moment in moments], "next": following}
        print_json({**document, "indexed": caught_up.indexed, "not_indexed": caught_up.missing})
        return
    for moment in moments:
        _show(moment)
    _say(text, moments, following, caught_up)


def _rebuilt(indexer: Indexer) -> CaughtUp:
    def told(done: int, of: int) -> None:
        if done == of or done % _TOLD_EVERY == 0:
            errors.print(f"{done} of {of} transcripts are read", markup=False, highlight=False)

    caught_up = indexer.rebuild(told)
    count = caught_up.indexed
    errors.print(f"The index has {count} episode{'' if count == 1 else 's'}.", markup=False, highlight=False)
    return caught_up


def _fields(moment: Moment) -> dict[str, Any]:
    published = None if moment.published is None else datetime.fromtimestamp(moment.published, UTC).isoformat()
    return {
        "episode": moment.episode_id, "title": moment.title, "show": moment.show, "published": published,
        "chapter": moment.chapter, "chapter_start": moment.chapter_start, "speaker": moment.speaker,
        "sentence": moment.sentence, "marks": moment.marks, "start": moment.start,
    }  # fmt: skip


def _show(moment: Moment) -> None:
    """Print a moment in two or three lines; hits are bold, and between stars where there is no terminal."""
    day = "" if moment.published is None else f" ({datetime.fromtimestamp(moment.published, UTC):%Y-%m-%d})"
    place = " · ".join(part for part in (moment.show, moment.title) if part)
    _print(Text.assemble((f"{clock(moment.start):>8}", "bold cyan"), f"  {place}{day}"))
    if moment.chapter:
        _print(Text(f"{'':10}{moment.chapter}", style="dim"))
    if moment.sentence:
        speaker = f"{moment.speaker}: " if moment.speaker else ""
        _print(Text.assemble(f"{'':10}{speaker}", *_marked(moment)))


def _marked(moment: Moment) -> list[tuple[str, str]]:
    star = "" if results.is_terminal else "*"
    parts: list[tuple[str, str]] = []
    at = 0
    for begin, end in moment.marks:
        parts += [(moment.sentence[at:begin], ""), (f"{star}{moment.sentence[begin:end]}{star}", "bold yellow")]
        at = end
    return [*parts, (moment.sentence[at:], "")]


def _say(text: str, moments: Sequence[Moment], following: str | None, caught_up: CaughtUp) -> None:
    if text and not moments:
        _print(Text("Nothing was found." if following is None else "Nothing was found so far."))
    if following is not None:
        _print(Text(f"More: add --after {following}"))
    if caught_up.missing:
        words = f"{caught_up.missing} transcripts are not indexed; `earmark search --reindex` reads them all."
        errors.print(words, markup=False, highlight=False, soft_wrap=True, style="yellow")


def _print(text: Text) -> None:
    results.print(text, highlight=False, soft_wrap=True)
