"""Which of a feed's episodes a person asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date

from jobs.titles import best_title, closest_titles, plain
from storage.documents import Notice, Publication
from storage.errors import NoMatch, OptionError

Publications = tuple[Publication, ...]

FUZZY = 80.0
"""Similarity, 0 … 100, from which a mistyped title is taken; a person typed it and sees what was chosen."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The options `--latest`, `--since`, `--episode` (repeatable) and `--all`; with none of them, the newest episode."""

    latest: int | None = None
    since: date | None = None
    """First day that counts, in UTC."""
    episodes: tuple[str, ...] = ()
    """Each a title, a guid, or a number: 1 is the newest."""
    all: bool = False


def select(publications: Sequence[Publication], selection: Selection) -> tuple[Publications, tuple[Notice, ...]]:
    """Return the chosen episodes, in the order of `publications` (newest first), and what should be said about the choice.

    `latest` and `since` together keep what satisfies both. Raises `OptionError` for options that contradict each
    other, and `NoMatch` if nothing, or no single episode for an `--episode`, fits.
    """
    _require_sense(selection)
    if selection.episodes:
        return _named(publications, selection.episodes)
    if not publications:
        raise NoMatch("There is no episode to choose from.", hint="The feed lists none with audio.")
    if selection.since is None and selection.latest is None and not selection.all:
        newest = publications[0]
        text = f"No episode was asked for; the newest of {len(publications)} was taken: “{newest.episode.title}”."
        return (newest,), (Notice(code="newest_chosen", message=text),)
    kept, notices = _since(tuple(publications), selection.since)
    return kept[: selection.latest], notices


def _require_sense(selection: Selection) -> None:
    narrowing = selection.latest is not None or selection.since is not None
    if selection.episodes and (narrowing or selection.all):
        raise OptionError("--episode cannot be combined with --latest, --since or --all.", hint="Give the one or the others.")
    if selection.all and selection.latest is not None:
        raise OptionError("--all and --latest contradict each other.", hint="Give one of them.")
    if selection.latest is not None and selection.latest < 1:
        raise OptionError(f"--latest {selection.latest} asks for no episode.", hint="Give a number from 1.")


def _since(publications: Publications, since: date | None) -> tuple[Publications, tuple[Notice, ...]]:
    if since is None:
        return publications, ()
    undated = [publication for publication in publications if publication.episode.published is None]
    kept = tuple(publication for publication in publications if (day := _day(publication)) is not None and day >= since)
    if not kept:
        newest = max((day for publication in publications if (day := _day(publication))), default=None)
        hint = f"The newest is of {newest}." if newest else "No episode of this feed has a date."
        raise NoMatch(f"No episode was published since {since}.", hint=hint)
    if not undated:
        return kept, ()
    text = f"{len(undated)} episodes without a date were passed over by --since, the first: “{undated[0].episode.title}”."
    return kept, (Notice(code="undated_skipped", message=text),)


def _day(publication: Publication) -> date | None:
    moment = publication.episode.published
    return moment.astimezone(UTC).date() if moment else None


def _named(publications: Sequence[Publication], wanted: tuple[str, ...]) -> tuple[Publications, tuple[Notice, ...]]:
    found = {_find(publications, text) for text in wanted}
    return tuple(publication for index, publication in enumerate(publications) if index in found), ()


def _find(publications: Sequence[Publication], text: str) -> int:
    """Return the index of the one episode that `text` names: by guid, number, title, part of a title, then nearly a title."""
    text = text.strip()
    if not text:
        raise NoMatch("An empty --episode matches nothing.", hint="Give a title, a guid, or a number: 1 is the newest.")
    titles = [publication.episode.title for publication in publications]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    by_guid = [
        index for index, publication in enumerate(publications) if text in {publication.episode.guid, publication.episode.id}
    ]
    if 1 <= number <= len(publications):
        _require_one_meaning(text, number - 1, by_guid, titles)
        return number - 1
    folded = text.casefold()
    part = plain(text)
    for candidates in (
        by_guid,
        [index for index, title in enumerate(titles) if title.casefold() == folded],
        [index for index, title in enumerate(titles) if folded in title.casefold()],
        [index for index, title in enumerate(titles) if part and part in plain(title)],
    ):
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            raise _ambiguous(text, candidates, titles)
    near = best_title(text, titles, threshold=FUZZY)
    if near is not None:
        return near
    closest = closest_titles(text, titles)
    hint = "The closest titles: " + "; ".join(closest) + "." if closest else "`earmark episodes FEED` lists them."
    raise NoMatch(f"No episode matches {text!r}.", hint=hint)


def _require_one_meaning(text: str, numbered: int, by_guid: list[int], titles: list[str]) -> None:
    """Refuse a number that is also another episode's guid: neither reading is more likely."""
    meanings = sorted({numbered, *by_guid})
    if len(meanings) > 1:
        raise _ambiguous(text, meanings, titles)


def _ambiguous(text: str, candidates: list[int], titles: list[str]) -> NoMatch:
    shown = "; ".join(f"{index + 1}. {titles[index]}" for index in candidates[:10]) + (" …" if len(candidates) > 10 else "")
    return NoMatch(f"{text!r} matches {len(candidates)} episodes.", hint=f"Say which, by number or whole title: {shown}")
