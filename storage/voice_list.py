"""The voices of a show as people read them: by how often they were heard, in pages, without embeddings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, select, tuple_

from storage.database import reading
from storage.documents import NameCandidate
from storage.episodes import titles_of
from storage.errors import NotFound, OptionError
from storage.paging import Page, page_of, place_of
from storage.person_names import bare_name
from storage.tables import voice_samples, voices
from storage.voice_names import names_of

SHORTEST_ID = 4
"""Characters of a voice's id that may stand for the whole of it."""

_SAMPLES = (
    select(*(column for column in voice_samples.c if column.name != "embedding"))
    .join(voices)
    .order_by(voice_samples.c.created_at, voice_samples.c.id)
)
_NO_CLIPS = "[]"

_AT_ONCE = 500
"""Voices that are asked for together: databases take no more than some ten thousand values in one question."""


@dataclass(frozen=True)
class HeardIn:
    """What one episode contributed to a voice."""

    id: str
    title: str
    """Empty for an episode that nobody asked for."""
    score: float | None
    seconds: float
    heard_name: str | None


@dataclass(frozen=True)
class ListedVoice:
    """A voice as people read of it."""

    id: str
    show: str
    name: NameCandidate | None
    episodes: int
    """How many it was heard in."""
    seconds: float
    clips: int
    models: tuple[str, ...]
    heard_in: tuple[HeardIn, ...]
    """The last of these in order of time, as many as were asked for."""


def list_voices(
    engine: Engine,
    show: str,
    *,
    query: str | None = None,
    after: str | None = None,
    limit: int | None = 50,
    latest: int | None = None,
) -> Page[ListedVoice]:
    """Return a page of the voices of a show (its key), those in most episodes first, the oldest first of equals.

    `query` is a piece of a name, in any case and without accents, or the beginning of an id; `after` the `next` of the page
    before, `OptionError` if it is none; `limit` none for all; `latest` how many episodes of each are told, none for all.
    """
    with reading(engine) as connection:
        most = None if limit is None else limit + 1
        rows = connection.execute(_ranked(show, after).limit(None if query else most)).all()
        if query:
            fitting = _called(connection, show, query)
            rows = [row for row in rows if row.id in fitting or _names(query, row.id)][:most]
        page = page_of(rows, len(rows) if limit is None else limit, _place)
        return Page(tuple(_listed(connection, page.items, latest)), page.next)


def find_voice(engine: Engine, voice_id: str, *, latest: int | None = None) -> ListedVoice:
    """Return one voice; `NotFound` if there is none."""
    with reading(engine) as connection:
        rows = connection.execute(_counted().where(voices.c.id == voice_id)).all()
        found = next(_listed(connection, rows, latest), None)
    if found is None:
        raise NotFound(f"There is no voice {voice_id}.", hint="`earmark speakers SHOW` lists them with their ids.")
    return found


def _counted() -> Select[Any]:
    count = func.count(voice_samples.c.episode_id.distinct()).label("episodes")
    return select(voices.c.id, voices.c.show, voices.c.created_at, count).join(voice_samples).group_by(voices.c.id)


def _ranked(show: str, after: str | None) -> Select[Any]:
    count = func.count(voice_samples.c.episode_id.distinct())
    wanted = _counted().where(voices.c.show == show).order_by(count.desc(), voices.c.created_at, voices.c.id)
    if after is None:
        return wanted
    episodes_before, rest = place_of(after)
    created, _, voice_id = rest.partition(" ")
    try:
        place = (-episodes_before, float(created), voice_id)
    except ValueError as error:
        raise OptionError(f"{after[:40]!r} is not the place of a page.", hint="Give the `next` of the page before.") from error
    return wanted.having(tuple_(-count, voices.c.created_at, voices.c.id) > tuple_(*place))


def _place(row: Row[Any]) -> tuple[float, str]:
    return row.episodes, f"{row.created_at!r} {row.id}"


def _names(query: str, voice_id: str) -> bool:
    return len(query) >= SHORTEST_ID and voice_id.startswith(query)


def _called(connection: Connection, show: str, query: str) -> set[str]:
    """Return the ids of the voices whose names have a piece."""
    piece = " ".join(bare_name(query)) or query.casefold()
    return {
        voice_id
        for voice_id, name in names_of(connection, voices.c.show == show).items()
        if piece in " ".join(bare_name(name.name))
    }


def _listed(connection: Connection, found: Sequence[Row[Any]], latest: int | None) -> Iterator[ListedVoice]:
    for first in range(0, len(found), _AT_ONCE):
        rows = found[first : first + _AT_ONCE]
        here = voices.c.id.in_([row.id for row in rows])
        names, samples = names_of(connection, here), dict[str, list[Row[Any]]]()
        for sample in connection.execute(_SAMPLES.where(here)):
            samples.setdefault(sample.voice_id, []).append(sample)
        shown = {voice_id: of_voice[-latest if latest else 0 :] for voice_id, of_voice in samples.items()}
        titles = titles_of(connection, [sample.episode_id for of_voice in shown.values() for sample in of_voice])
        for row in rows:
            heard_in = tuple(_heard_in(sample, titles) for sample in shown[row.id])
            yield _voice(row, names.get(row.id), samples[row.id], heard_in)


def _voice(row: Row[Any], name: NameCandidate | None, samples: Sequence[Row[Any]], heard_in: tuple[HeardIn, ...]) -> ListedVoice:
    return ListedVoice(
        id=row.id,
        show=row.show,
        name=name,
        episodes=row.episodes,
        seconds=sum(sample.seconds for sample in samples),
        clips=sum(len(json.loads(sample.clips)) for sample in samples if sample.clips != _NO_CLIPS),
        models=tuple(sorted({sample.model for sample in samples})),
        heard_in=heard_in,
    )


def _heard_in(sample: Row[Any], titles: Mapping[str, str]) -> HeardIn:
    name = NameCandidate.model_validate_json(sample.heard).name if sample.heard is not None else None
    return HeardIn(sample.episode_id, titles.get(sample.episode_id, ""), sample.score, sample.seconds, name)
