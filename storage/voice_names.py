"""What voices are called, for lists of them: as `name_of_voice` has it, but of many at once and without their embeddings."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, select

from storage.documents import NameCandidate
from storage.person_names import agreed_name, given_name, name_from_elsewhere
from storage.tables import voice_samples, voices


def names_of(connection: Connection, condition: Any) -> dict[str, NameCandidate]:
    """Return by id what the voices for which a condition holds are called; those that nobody can name are left out."""
    rows = connection.execute(select(voices.c.id, voices.c.known_as).where(condition, voices.c.known_as.is_not(None))).all()
    names = _own_names(connection, condition)
    unheard = {row.id: row.known_as for row in rows if row.id not in names}
    elsewhere = _own_names(connection, voices.c.id.in_(unheard.values())) if unheard else {}
    names |= {voice_id: name_from_elsewhere(elsewhere.get(other)) for voice_id, other in unheard.items()}
    return {voice_id: name for voice_id, name in names.items() if name is not None}


def _own_names(connection: Connection, condition: Any) -> dict[str, NameCandidate | None]:
    """Return what people or its episodes call each voice; none where its episodes do not agree."""
    read = cache(NameCandidate.model_validate_json)  # the episodes of a host all say the like
    order = (voice_samples.c.created_at, voice_samples.c.id)
    said = select(voice_samples.c.voice_id, voice_samples.c.episode_id, voice_samples.c.heard).join(voices)
    heard: dict[str, dict[str, NameCandidate]] = {}
    for row in connection.execute(
        said.where(condition, voices.c.name.is_(None), voice_samples.c.heard.is_not(None)).order_by(*order)
    ):
        heard.setdefault(row.voice_id, {})[row.episode_id] = read(row.heard)
    names: dict[str, NameCandidate | None] = {
        voice_id: agreed_name(by_episode.values()) for voice_id, by_episode in heard.items()
    }
    given = connection.execute(select(voices.c.id, voices.c.name).where(condition, voices.c.name.is_not(None)))
    return names | {row.id: given_name(row.name) for row in given}
