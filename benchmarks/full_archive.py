"""An archive on the disk that grows: a ledger as the service leaves it, transcripts, search index, voices, an output folder.

What is kept of an episode is what a real one leaves, but shorter: its done job with steps and events, its transcript of a few
words with ten chapters, in the ledger's blobs and in an output folder, and the voices of two hosts and a guest. The voices are
all of one show, which is the worst that can be: a daily one over many years.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, insert

from benchmarks.archive import Archive, MadeEpisode, passages_made, transcript_made
from benchmarks.pages import episode_row, job_row
from storage.blobs import key_of
from storage.episodes import EpisodeRecord
from storage.export import FORMATS
from storage.files import make_folder
from storage.index import Index, IndexedEpisode, indexed
from storage.library import Library
from storage.search.keeping import digest_of
from storage.search.passages import Entry
from storage.shows import show_key
from storage.tables import episodes, events, jobs, steps, voice_samples, voices
from tests.voices import MODEL, Speakers
from worker.settings import Settings
from worker.stores import open_stores

DAILY = "The Daily Show of Everything"
"""The show whose voices are remembered."""

DIMENSIONS = 256
"""Of the embeddings, as Resemblyzer's."""

HOSTS = ("Ann", "Ben")
_STEPS = (
    ("fetch", "fetch"), ("prepare", "cpu"), ("language", "asr"), ("transcribe", "asr"), ("diarize", "diarize"),
    ("voices", "cpu"), ("assemble", "cpu"),
)  # fmt: skip
_AT_ONCE = 500


@dataclass
class FullArchive:
    """The archive in a folder: `data` and `transcripts`."""

    folder: Path
    archive: Archive
    seed: int = 1
    count: int = 0
    """Episodes that are there."""
    _entries: list[IndexedEpisode] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._people = Speakers(self.seed, size=DIMENSIONS)

    @property
    def environment(self) -> dict[str, str]:
        """What commands on this archive need."""
        kept = {"EARMARK_DATA_DIR": str(self.folder / "data"), "EARMARK_OUTPUT_DIR": str(self.folder / "transcripts")}
        return {**kept, "EARMARK_ALLOW_PRIVATE_NETWORKS": "1", "COLUMNS": "200"}

    @property
    def settings(self) -> Settings:
        """The same for this process."""
        return Settings(data_dir=self.folder / "data", output_dir=self.folder / "transcripts", allow_private_networks=True)

    def grow(self, count: int) -> None:
        """Put episodes in until there are so many."""
        library = Library(self.folder / "transcripts")
        make_folder(library.root)
        with open_stores(self.settings, owner=False) as stores:
            for begin in range(self.count, count, _AT_ONCE):
                made = [self.archive.episode(number) for number in range(begin, min(count, begin + _AT_ONCE))]
                digests = [self._keep(each, library) for each in made]
                with stores.engine.begin() as connection:
                    _insert(connection, made, digests)
                    self._remember(connection, made)
                for each, digest in zip(made, digests, strict=True):
                    stores.indexer.index.put(_indexed_as(each, digest), passages_made(each))
        added = {entry.id for entry in self._entries}
        others = [entry for entry in library.read_index().index.episodes if entry.id not in added]
        library.write_index(Index(episodes=tuple(sorted([*self._entries, *others], key=lambda e: (e.show or "", e.title)))))
        self.count = count

    def _keep(self, made: MadeEpisode, library: Library) -> str:
        """Write a transcript to the blobs and into the output folder; return its digest."""
        transcript = transcript_made(made)
        path = library.root / made.show / f"{made.title}.transcript.json"
        make_folder(path.parent)
        path.write_text(FORMATS["json"].render(transcript), "utf-8")
        self._entries.append(indexed(transcript, {"json": path.relative_to(library.root).as_posix()}))
        data = transcript.model_dump_json(by_alias=True).encode()
        digest = hashlib.sha256(data).hexdigest()
        blob = self.folder / "data" / "blobs" / key_of(digest)
        make_folder(blob.parent)
        blob.write_bytes(data)  # as the store does, without waiting for the disk three times for each
        return digest

    def _remember(self, connection: Connection, made: Sequence[MadeEpisode]) -> None:
        """Remember the voices of episodes: of two hosts, and of a guest who comes this once."""
        if made[0].number == 0:
            connection.execute(insert(voices), [_voice(host, 0) for host in HOSTS])
        connection.execute(insert(voices), [_voice(f"guest {each.number}", each.number) for each in made])
        connection.execute(insert(voice_samples), [sample for each in made for sample in self._samples(each)])

    def _samples(self, made: MadeEpisode) -> Iterator[dict[str, object]]:
        for place, who in enumerate((*HOSTS, f"guest {made.number}")):
            yield {
                "id": f"s{made.number}-{place}", "voice_id": who, "episode_id": f"ep_{made.number}", "model": MODEL,
                "label": f"Speaker {place}", "embedding": self._people.heard(who).astype("<f4").tobytes(), "seconds": 60.0,
                "created_at": float(made.number),
            }  # fmt: skip


def _insert(connection: Connection, made: Sequence[MadeEpisode], digests: Sequence[str]) -> None:
    """Insert episodes with their done jobs, and the steps and events of these."""
    rows = list(zip(made, digests, strict=True))
    connection.execute(insert(episodes), [episode_row(each, digest) for each, digest in rows])
    done = [job_row(each, digest) for each, digest in rows]
    connection.execute(insert(jobs), done)
    connection.execute(insert(steps), [_step(job, name, queue) for job in done for name, queue in _STEPS])
    connection.execute(
        insert(events), [_event(job, kind) for job in done for _ in _STEPS for kind in ("step.started", "step.done")]
    )


def _step(job: dict[str, object], name: str, queue: str) -> dict[str, object]:
    at = job["created_at"]
    return {
        "job_id": job["id"], "name": name, "part": 0, "key": f"{name} {job['id']}", "state": "done", "queue": queue,
        "output": f"{job['id']:0>64}", "started_at": at, "finished_at": at, "attempts": 1, "token": 1, "since": at,
    }  # fmt: skip


def _event(job: dict[str, object], kind: str) -> dict[str, object]:
    return {"job_id": job["id"], "at": job["created_at"], "kind": kind, "data": json.dumps({"step": "any", "part": 0})}


def _voice(who: str, number: int) -> dict[str, object]:
    return {"id": who, "show": show_key(DAILY), "show_title": DAILY, "created_at": float(number)}


def _indexed_as(made: MadeEpisode, digest: str) -> Entry:
    """Return the index's entry as the ledger would have it, so that nothing is left to catch up with."""
    nothing = dict.fromkeys(EpisodeRecord.__dataclass_fields__)
    record = EpisodeRecord(**{**nothing, **episode_row(made, digest)})  # type: ignore[arg-type]
    return Entry(made.entry.id, made.title, made.show, made.entry.day, made.entry.published, digest_of(record))
