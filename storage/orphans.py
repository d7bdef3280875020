"""Artefacts that nothing refers to any more: what a crash left between blob and row, and what was purged with its job.

A blob is in use if a step or a job has it as its output, if it is an episode's transcript, if the output of a `fetch` or a
`prepare` names it (the audio, and the decoded audio), or if it is a recording of a voice. The rest is removed once it is a
day old: a step that is at work puts its blob first and refers to it afterwards, and putting one again makes it new.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select, union

from storage.blobs import Blobs
from storage.database import reading
from storage.errors import CorruptBlob, NotFound
from storage.tables import episodes, jobs, steps, voice_samples

YOUNG_SECONDS = 24 * 3600.0
"""Age up to which a blob is left alone, whoever refers to it."""

_NAMED = {"fetch": "audio", "prepare": "pcm"}
"""Where the outputs of these steps name another blob."""


@dataclass(frozen=True)
class Collected:
    """What was removed."""

    count: int
    bytes: int


def collect_orphans(
    engine: Engine, blobs: Blobs, *, older_than: float = YOUNG_SECONDS, clock: Callable[[], float] = time.time
) -> Collected:
    """Remove the blobs that nothing refers to and that are older than so many seconds; return how many."""
    before = clock() - older_than
    old = list(blobs.older(before))  # before the references, so that what is referred to meanwhile is seen
    used = in_use(engine, blobs)
    removed = [size for digest, size in old if digest not in used and blobs.remove_older(digest, before)]
    return Collected(len(removed), sum(removed))


def in_use(engine: Engine, blobs: Blobs) -> frozenset[str]:
    """Return the digests of all blobs that something refers to."""
    direct = union(
        *(select(column).where(column.is_not(None)) for column in (steps.c.output, jobs.c.output, episodes.c.transcript))
    )
    naming = select(steps.c.name, steps.c.output).where(steps.c.name.in_(_NAMED), steps.c.output.is_not(None)).distinct()
    with reading(engine) as connection:
        used = set(connection.execute(direct).scalars())
        used.update(clip for clips in connection.execute(select(voice_samples.c.clips)).scalars() for clip in json.loads(clips))
        outputs = [(row.name, row.output) for row in connection.execute(naming)]
    named = (_named(blobs, name, output) for name, output in outputs)
    return frozenset(used.union(digest for digest in named if digest is not None))


def _named(blobs: Blobs, step: str, output: str) -> str | None:
    """Return the blob that an output names; none if the output itself is gone or damaged: nobody finds the blob through it."""
    try:
        document: Any = json.loads(blobs.read(output))
    except (NotFound, CorruptBlob, ValueError):
        return None
    digest = document.get(_NAMED[step]) if isinstance(document, dict) else None
    return digest if isinstance(digest, str) else None
