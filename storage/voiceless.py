"""Taking the voices out of what diarizing left behind, so that what is forgotten is nowhere."""

from __future__ import annotations

import json
from collections.abc import Collection

from sqlalchemy import Engine, select, update

from storage.blobs import Blobs
from storage.database import reading
from storage.errors import CorruptBlob, NotFound
from storage.tables import jobs, steps
from storage.voices import VoiceSample


def remove_embeddings(engine: Engine, blobs: Blobs, samples: Collection[VoiceSample]) -> int:
    """Remove the embeddings of these speakers from the kept results of the step `diarize`; return from how many results."""
    labels: dict[str, set[str]] = {}
    for sample in samples:
        labels.setdefault(sample.episode_id, set()).add(sample.label)
    query = select(steps.c.output, jobs.c.episode_id).join(jobs, jobs.c.id == steps.c.job_id)
    query = query.where(steps.c.name == "diarize", steps.c.output.is_not(None), jobs.c.episode_id.in_(labels)).distinct()
    with reading(engine) as connection:
        found = [(row.output, row.episode_id) for row in connection.execute(query)]
    return sum(_without(engine, blobs, output, labels[episode]) for output, episode in found)


def _without(engine: Engine, blobs: Blobs, output: str, labels: Collection[str]) -> bool:
    try:
        document = json.loads(blobs.read(output))
    except (NotFound, CorruptBlob, ValueError):
        return False
    kept = {label: embedding for label, embedding in document.get("embeddings", {}).items() if label not in labels}
    if kept == document.get("embeddings"):
        return False
    made = blobs.put(json.dumps({**document, "embeddings": kept}, ensure_ascii=False).encode())
    with engine.begin() as connection:
        connection.execute(update(steps).where(steps.c.output == output).values(output=made))
    blobs.remove(output)
    return True
