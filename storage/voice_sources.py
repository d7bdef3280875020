"""With which other shows' voices the speakers of a show are compared, too: none, unless a person asks for it."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, insert, select, update

from storage.database import reading
from storage.errors import OptionError
from storage.shows import show_key
from storage.tables import voice_sources, voices
from storage.voices import VoiceMemory


def sources_of(memory: VoiceMemory, show: str) -> tuple[str, ...]:
    """Return the keys of the shows that are asked besides a show, given by its title or key; in order."""
    with reading(memory.engine) as connection:
        return sources_in(connection, show_key(show) or "")


def sources_in(connection: Connection, key: str) -> tuple[str, ...]:
    """Return the keys of the shows that are asked besides a show, given by its key."""
    query = select(voice_sources.c.other).where(voice_sources.c.show == key).order_by(voice_sources.c.other)
    return tuple(connection.execute(query).scalars())


def set_sources(memory: VoiceMemory, show: str, others: Collection[str]) -> None:
    """Have the speakers of a show compared with the voices of these others, too, and of no more; given by titles or keys.

    What its voices had from shows that are no longer asked is cut off. Raises `OptionError` for what is no title, and for the
    show itself.
    """
    key = show_key(show)
    wanted = {show_key(other) for other in others}
    if key is None or None in wanted:
        raise OptionError("A show is named by its title.", hint="`earmark speakers` lists the shows.")
    if key in wanted:
        raise OptionError("A show's own voices are always asked.", hint="Name another show.")
    with memory.engine.begin() as connection:
        connection.execute(delete(voice_sources).where(voice_sources.c.show == key))
        for other in sorted(other for other in wanted if other is not None):
            connection.execute(insert(voice_sources).values(show=key, other=other))
        allowed = select(voices.c.id).where(voices.c.show.in_(wanted))
        unlinked = update(voices).where(voices.c.show == key, voices.c.known_as.not_in(allowed))
        connection.execute(unlinked.values(known_as=None))
