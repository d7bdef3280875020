"""What people change about voices: names, which belong together, and which are forgotten. Each is one transaction."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, delete, update

from storage.errors import NotFound, OptionError
from storage.tables import voice_samples, voices
from storage.voices import Voice, VoiceMemory, VoiceSample, new_voice, remove_empty, voice_with, voices_of

LONGEST_NAME = 200


def rename_voice(memory: VoiceMemory, voice_id: str, name: str) -> Voice:
    """Give a voice its name, which goes before whatever else speaks for another; `NotFound`, or `OptionError` for no name."""
    plain = " ".join(name.split())
    if not plain or len(plain) > LONGEST_NAME or not plain.isprintable():
        raise OptionError(f"{name!r} is no name.", hint=f"Give 1 to {LONGEST_NAME} printable characters.")
    with memory.engine.begin() as connection:
        voice_with(connection, voice_id)
        connection.execute(update(voices).where(voices.c.id == voice_id).values(name=plain))
        return voice_with(connection, voice_id)


def merge_voices(memory: VoiceMemory, into: str, others: Sequence[str]) -> Voice:
    """Make several voices of one show one; it keeps its name, or takes the first that another has.

    Raises `NotFound`, and `OptionError` for voices of two shows.
    """
    with memory.engine.begin() as connection:
        kept, joined = voice_with(connection, into), [voice_with(connection, other) for other in others if other != into]
        if any(other.show != kept.show for other in joined):
            raise OptionError("Voices of two shows are never one.", hint="Name both after the same person instead.")
        name = next((voice.name for voice in (kept, *joined) if voice.name is not None), None)
        _move(connection, [sample.id for other in joined for sample in other.samples], into)
        connection.execute(update(voices).where(voices.c.id == into).values(name=name))
        links = [voice.known_as.id for voice in (kept, *joined) if voice.known_as is not None][:1]
        connection.execute(update(voices).where(voices.c.id == into).values(known_as=next(iter(links), None)))
        connection.execute(update(voices).where(voices.c.known_as.in_([other.id for other in joined])).values(known_as=into))
        remove_empty(connection, kept.show)
        return voice_with(connection, into)


def split_voice(memory: VoiceMemory, voice_id: str, episodes: Collection[str]) -> Voice:
    """Make a voice of its own of what some episodes contributed to one; it has no name yet, and is returned.

    Raises `NotFound` if none of the episodes contributed, and `OptionError` if all did.
    """
    with memory.engine.begin() as connection:
        voice = voice_with(connection, voice_id)
        taken = [sample.id for sample in voice.samples if sample.episode_id in episodes]
        if not taken:
            raise NotFound("That voice was heard in none of these episodes.", hint="`earmark speakers SHOW --json` lists them.")
        if len(taken) == len(voice.samples):
            raise OptionError("Those are all the episodes of that voice.", hint="Leave one out, or rename the voice.")
        made = new_voice(connection, (voice.show, voice.show_title), time.time())
        _move(connection, taken, made)
        return voice_with(connection, made)


def samples_to_forget(
    memory: VoiceMemory, show: str, *, voice_ids: Collection[str] = (), episodes: Collection[str] = ()
) -> tuple[VoiceSample, ...]:
    """Return what is remembered of a show: of some voices, or from some episodes, or both; of all if neither is said."""
    return tuple(
        sample
        for voice in memory.of_show(show)
        if not voice_ids or voice.id in voice_ids
        for sample in voice.samples
        if not episodes or sample.episode_id in episodes
    )


def forget_samples(memory: VoiceMemory, samples: Collection[VoiceSample]) -> frozenset[str]:
    """Forget samples, and voices of which nothing is left; return the digests of recordings that nothing refers to any more."""
    with memory.engine.begin() as connection:
        owners = {voice.show for voice in _owners(connection, samples)}
        for sample in samples:
            connection.execute(delete(voice_samples).where(voice_samples.c.id == sample.id))
        for show in owners:
            remove_empty(connection, show)
        mentioned = {
            clip for voice in voices_of(connection, voices.c.id == voices.c.id) for s in voice.samples for clip in s.clips
        }
    return frozenset(clip for sample in samples for clip in sample.clips) - mentioned


def _owners(connection: Connection, samples: Collection[VoiceSample]) -> tuple[Voice, ...]:
    return voices_of(connection, voices.c.id.in_({sample.voice_id for sample in samples}))


def _move(connection: Connection, samples: Collection[str], voice_id: str) -> None:
    """Give samples to a voice; a person said so, so there is no score."""
    values = {"voice_id": voice_id, "score": None}
    connection.execute(update(voice_samples).where(voice_samples.c.id.in_(samples)).values(values))
