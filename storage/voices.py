"""The memory of voices: per show, what each episode contributed to each voice. Biometric data; see the README on deleting it.

A voice is no more than its samples and the name that a person gave it: centroid, spread and count are computed from the rows
when they are needed (`jobs.voices`). So an episode that is done twice counts once, and none of those that are done at
the same time is lost. Samples of different models lie beside each other and are never compared.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from storage.database import reading
from storage.documents import NameCandidate
from storage.errors import NotFound
from storage.shows import show_key
from storage.tables import voice_samples, voice_sources, voices

Embedding = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class VoiceSample:
    """What one episode contributed to a voice."""

    id: str
    voice_id: str
    episode_id: str
    model: str
    """Whose embedding it is; those of different models say nothing about each other."""
    label: str
    """The diarizer's."""
    embedding: Embedding
    """Unit length; shape `(d,)`."""
    seconds: float
    """How long it was heard."""
    score: float | None
    """How sure it is that it is this voice; none if it was not known by then, or a person said so."""
    clips: tuple[str, ...]
    """Digests of short recordings, for people to listen to."""
    heard: NameCandidate | None
    """The name for which the episode itself speaks."""
    created_at: float = 0.0
    """When it was remembered."""


@dataclass(frozen=True, eq=False)
class Voice:
    """One voice of a show."""

    id: str
    show: str
    show_title: str
    name: str | None
    """What a person called it."""
    created_at: float
    samples: tuple[VoiceSample, ...]
    known_as: Voice | None = None
    """The voice of another show that it was recognised as, because somebody asked for that show."""

    @property
    def episodes(self) -> tuple[str, ...]:
        """The episodes in which it was heard, each once, the first one first."""
        return tuple(dict.fromkeys(sample.episode_id for sample in self.samples))


@dataclass(frozen=True, eq=False)
class NewSample:
    """A speaker of an episode, to be remembered."""

    label: str
    embedding: Embedding
    seconds: float


@dataclass(frozen=True)
class Placement:
    """The voice that a speaker is taken for."""

    voice_id: str
    score: float | None


@dataclass(frozen=True)
class KnownShow:
    """A show of which voices are remembered."""

    key: str
    title: str
    voices: int
    episodes: int


Place = Callable[[Sequence[Voice], Sequence[NewSample]], Mapping[str, Placement | None]]
"""Says which voices the speakers of an episode are, by label: None for a new voice; those left out are not kept.

The voices are the show's, and those of other shows if somebody asked for these; who is one of the latter is a new voice here.
"""


class VoiceMemory:
    """The voices of all shows; every method is one transaction."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float] = time.time) -> None:
        self.engine = engine
        self._clock = clock

    def shows(self) -> tuple[KnownShow, ...]:
        """Return the shows of which voices are remembered, by title."""
        counts = (func.count(voices.c.id.distinct()), func.count(voice_samples.c.episode_id.distinct()))
        query = select(voices.c.show, func.max(voices.c.show_title), *counts).join(voice_samples).group_by(voices.c.show)
        with reading(self.engine) as connection:
            return tuple(sorted((KnownShow(*row) for row in connection.execute(query)), key=lambda show: show.title))

    def of_show(self, show: str) -> tuple[Voice, ...]:
        """Return the voices of a show, given by its title however it is written; the ones in most episodes first."""
        with reading(self.engine) as connection:
            found = voices_of(connection, voices.c.show == (show_key(show) or ""))
        return tuple(sorted(found, key=lambda voice: (-len(voice.episodes), voice.created_at, voice.id)))

    def title_of(self, show: str) -> str | None:
        """Return the title of a show by its key; none if no voice of it is remembered."""
        with reading(self.engine) as connection:
            title: str | None = connection.execute(
                select(func.max(voices.c.show_title)).where(voices.c.show == show)
            ).scalar_one()
        return title

    def get(self, voice_id: str) -> Voice:
        """Return one voice; `NotFound` if there is none."""
        with reading(self.engine) as connection:
            return voice_with(connection, voice_id)

    def episodes_of(self, show: str) -> int:
        """Return in how many episodes of a show voices are remembered."""
        query = select(func.count(voice_samples.c.episode_id.distinct())).join(voices)
        with reading(self.engine) as connection:
            return int(connection.execute(query.where(voices.c.show == (show_key(show) or ""))).scalar_one())

    def by_sample(self, sample_ids: Collection[str]) -> dict[str, Voice]:
        """Return the voice of each of these samples; those that were forgotten are left out."""
        if not sample_ids:
            return {}
        owners = select(voice_samples.c.voice_id).where(voice_samples.c.id.in_(sample_ids))
        with reading(self.engine) as connection:
            found = voices_of(connection, voices.c.id.in_(owners))
        return {sample.id: voice for voice in found for sample in voice.samples if sample.id in sample_ids}

    def remember(
        self, show: str, episode_id: str, model: str, samples: Sequence[NewSample], place: Place
    ) -> tuple[VoiceSample, ...]:
        """Keep the speakers of an episode and return what is kept, in their order; nothing without a show.

        `place` is asked which voices of the show they are, inside the transaction, so that of two episodes that are done at once
        the second knows the voices of the first. An episode that was kept before under this model is replaced; if its speakers
        are the same, all stays as it is.
        """
        key = show_key(show)
        if key is None:
            return ()
        now = self._clock()
        with self.engine.begin() as connection:
            mine = (voice_samples.c.episode_id == episode_id, voice_samples.c.model == model)
            before = tuple(_sample(row) for row in connection.execute(select(voice_samples).where(*mine)))
            if before and _are_the_same(before, samples):
                kept = {sample.label: sample for sample in before}
                return tuple(kept[sample.label] for sample in samples if sample.label in kept)
            asked = select(voice_sources.c.other).where(voice_sources.c.show == key)
            known = voices_of(connection, (voices.c.show == key) | voices.c.show.in_(asked))
            abroad = frozenset(voice.id for voice in known if voice.show != key)
            placed = place(known, samples)
            connection.execute(delete(voice_samples).where(*mine))
            left = list(before)
            rows = []
            for sample in samples:
                if sample.label in placed:
                    placement = placed[sample.label]
                    voice_id = _voice_here(connection, (key, show), placement, abroad, now)
                    rows.append(_row_of(sample, voice_id, placement.score if placement is not None else None, left))
            for row in rows:
                connection.execute(insert(voice_samples).values(**row, episode_id=episode_id, model=model, created_at=now))
            remove_empty(connection, key)
            found = {row.id: _sample(row) for row in connection.execute(select(voice_samples).where(*mine))}
        return tuple(found[row["id"]] for row in rows)

    def add_clip(self, sample_id: str, digest: str) -> None:
        """Note a recording for a sample; nothing happens if it was forgotten meanwhile."""
        with self.engine.begin() as connection:
            here = voice_samples.c.id == sample_id
            row = connection.execute(select(voice_samples.c.clips).where(here)).first()
            if row is not None and digest not in json.loads(row.clips):
                clips = json.dumps([*json.loads(row.clips), digest])
                connection.execute(update(voice_samples).where(here).values(clips=clips))

    def note_heard(self, heard: Mapping[str, NameCandidate | None]) -> None:
        """Note for samples the names for which their episode itself speaks."""
        if not heard:
            return
        with self.engine.begin() as connection:
            for sample_id, name in heard.items():
                value = name.model_dump_json() if name is not None else None
                connection.execute(update(voice_samples).where(voice_samples.c.id == sample_id).values(heard=value))


def new_voice(connection: Connection, show: tuple[str, str], now: float, *, known_as: str | None = None) -> str:
    """Make a voice of a show (its key and title) and return its id."""
    voice_id = secrets.token_hex(6)
    row = {"id": voice_id, "show": show[0], "show_title": show[1], "created_at": now, "known_as": known_as}
    connection.execute(insert(voices).values(**row))
    return voice_id


def remove_empty(connection: Connection, show: str) -> None:
    """Remove the voices of a show of which no sample is left, and what refers to them in other shows."""
    inhabited = select(voice_samples.c.voice_id)
    connection.execute(delete(voices).where(voices.c.show == show, voices.c.id.not_in(inhabited)))
    connection.execute(update(voices).where(voices.c.known_as.not_in(select(voices.c.id))).values(known_as=None))


def voice_with(connection: Connection, voice_id: str) -> Voice:
    """Return one voice; `NotFound` if there is none."""
    found = voices_of(connection, voices.c.id == voice_id)
    if not found:
        raise NotFound(f"There is no voice {voice_id}.", hint="`earmark speakers SHOW` lists them with their ids.")
    return found[0]


def voices_of(connection: Connection, condition: Any) -> tuple[Voice, ...]:
    """Return the voices for which a condition holds, with their samples in the order in which they came."""
    found = _voices(connection, condition)
    rows = select(voices.c.id, voices.c.known_as).where(condition, voices.c.known_as.is_not(None))
    links = {row.id: row.known_as for row in connection.execute(rows)}
    if not links:
        return found
    others = {other.id: other for other in _voices(connection, voices.c.id.in_(links.values()))}
    return tuple(replace(voice, known_as=others.get(links.get(voice.id, ""))) for voice in found)


def _voices(connection: Connection, condition: Any) -> tuple[Voice, ...]:
    order = (voice_samples.c.created_at, voice_samples.c.id)
    query = select(voice_samples).join(voices).where(condition).order_by(*order)
    samples: dict[str, list[VoiceSample]] = {}
    for row in connection.execute(query):
        samples.setdefault(row.voice_id, []).append(_sample(row))
    rows = connection.execute(select(voices).where(condition).order_by(voices.c.created_at, voices.c.id))
    return tuple(
        Voice(row.id, row.show, row.show_title, row.name, row.created_at, tuple(samples.get(row.id, ()))) for row in rows
    )


def clips_of(samples: Iterable[VoiceSample]) -> frozenset[str]:
    """Return the digests of the recordings that samples name."""
    return frozenset(clip for sample in samples for clip in sample.clips)


def _are_the_same(before: Sequence[VoiceSample], samples: Sequence[NewSample]) -> bool:
    """Tell whether these are the speakers that are kept already; some may have been in doubt then, and are not."""
    new = {sample.label: sample.embedding for sample in samples}
    return all(old.label in new and np.array_equal(old.embedding, new[old.label].astype(np.float32)) for old in before)


def _voice_here(
    connection: Connection, show: tuple[str, str], placement: Placement | None, abroad: Collection[str], now: float
) -> str:
    """Return the id of the voice that a speaker is in this show: a new one for a stranger, and for a voice of another show."""
    if placement is None:
        return new_voice(connection, show, now)
    if placement.voice_id in abroad:
        return new_voice(connection, show, now, known_as=placement.voice_id)
    return placement.voice_id


def _row_of(sample: NewSample, voice_id: str, score: float | None, left: list[VoiceSample]) -> dict[str, Any]:
    """Return the row of a sample.

    An episode's sample of a voice keeps its id, since transcripts name it: it is taken from those that are `left`.
    """
    known = next((old for old in left if old.voice_id == voice_id), None)
    if known is not None:
        left.remove(known)
    return {
        "id": known.id if known is not None else secrets.token_hex(8),
        "voice_id": voice_id,
        "label": sample.label,
        "embedding": sample.embedding.astype("<f4").tobytes(),
        "seconds": sample.seconds,
        "score": score,
        "clips": json.dumps(known.clips if known is not None else ()),
        "heard": known.heard.model_dump_json() if known is not None and known.heard is not None else None,
    }


def _sample(row: Row[Any]) -> VoiceSample:
    return VoiceSample(
        id=row.id,
        voice_id=row.voice_id,
        episode_id=row.episode_id,
        model=row.model,
        label=row.label,
        embedding=np.frombuffer(row.embedding, dtype="<f4"),
        seconds=row.seconds,
        score=row.score,
        clips=tuple(json.loads(row.clips)),
        heard=NameCandidate.model_validate_json(row.heard) if row.heard is not None else None,
        created_at=row.created_at,
    )
