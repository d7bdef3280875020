"""In how many episodes each voice of a show was heard, without its embeddings."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from storage.database import reading
from storage.tables import voice_samples, voices


@dataclass(frozen=True)
class VoiceCounts:
    """How often the voices of a show were heard."""

    episodes: int
    """In which any voice is remembered."""
    of_voice: dict[str, int]
    """Episodes by the id of a voice."""


def voice_counts(engine: Engine, show: str) -> VoiceCounts:
    """Count for a show, given by its key."""
    counted = func.count(voice_samples.c.episode_id.distinct())
    whole = select(counted).join(voices).where(voices.c.show == show)
    each = select(voices.c.id, counted).join(voice_samples).where(voices.c.show == show).group_by(voices.c.id)
    with reading(engine) as connection:
        return VoiceCounts(int(connection.execute(whole).scalar_one()), {row[0]: int(row[1]) for row in connection.execute(each)})
