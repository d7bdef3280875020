"""Every transcript of a show, in a folder or in the ledger, brought in line with what is known of its voices.

Each file and each row is whole before and after, and what was done already is found done: after a crash, the same
change again finishes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select, update

from storage.blobs import Blobs
from storage.database import reading
from storage.documents import Transcript
from storage.errors import CorruptBlob, NotFound, SourceError
from storage.export import FORMATS
from storage.export.renaming import RENAMINGS, is_ambiguous
from storage.files import remove_leftovers, write_atomically
from storage.index import Index, IndexedEpisode
from storage.library import Library
from storage.locks import folder_lock
from storage.respoken import Change, Respoken, respoken, shown
from storage.shows import show_key
from storage.tables import episodes, jobs, steps

_AT_ONCE = 4
"""Transcripts that are written at once: most of the time is waiting for the disk."""


@dataclass(frozen=True)
class Retold:
    """What became of a show's transcripts."""

    changed: int = 0
    total: int = 0
    unreadable: tuple[str, ...] = ()
    """Those that could not be read, and stay as they are."""


# ------------------------------------------------------------------ in a folder


def retell_library(library: Library, show: str, change: Change) -> Retold:
    """Change the speakers in every transcript of a show in an output folder, in its exports, and in the index.

    The transcript is written last, so that an interrupted change is seen. Raises `OutputError` and `StorageFull`.
    """
    if not library.root.is_dir():
        return Retold()
    key = show_key(show)
    with folder_lock(library.root):
        index = library.read_index().index
        mine = [entry for entry in index.episodes if show_key(entry.show) == key and key is not None]
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="earmark-retell") as pool:
            retold = list(pool.map(lambda entry: _retell(library.root, entry, change), mine))
        _write_index(library, index, [entry for entry, _ in retold if entry is not None])
        for folder in {(library.root / entry.path).parent for entry in mine}:
            if folder.is_dir():
                remove_leftovers(folder)
    unreadable = tuple(entry.path for entry, (found, _) in zip(mine, retold, strict=True) if found is None)
    return Retold(sum(changed for _, changed in retold), len(mine), unreadable)


def _write_index(library: Library, index: Index, entries: Sequence[IndexedEpisode]) -> None:
    changed = {entry.id: entry for entry in entries}
    made = Index(episodes=tuple(changed.get(entry.id, entry) for entry in index.episodes))
    if made != index:
        library.write_index(made)


def _retell(root: Path, entry: IndexedEpisode, change: Change) -> tuple[IndexedEpisode | None, bool]:
    """Change one transcript; return its entry of the index, none if it cannot be read, and whether it was changed."""
    path = root / entry.path
    try:
        document = path.read_bytes()
        made = respoken(document, change)
    except (OSError, SourceError):
        return None, False
    if made.document != document:
        for name, file in entry.files.items():
            if name in RENAMINGS and made.renamed and (root / file).is_file():
                write_atomically(root / file, _exported(name, (root / file).read_text("utf-8"), made))
        write_atomically(path, made.document)
    rest = entry.speakers[len(made.after) :]  # those whom no list names
    named = entry.model_copy(update={"speakers": (*map(shown, made.after), *rest)})
    return named, made.document != document


def _exported(name: str, text: str, made: Respoken) -> str:
    """Return an export with the new names: the old text, or made anew where it cannot tell which name is whose."""
    if made.is_plain and not (name == "srt" and is_ambiguous(made.document, made.renamed)):
        renamed, count = RENAMINGS[name](text, made.renamed)
        if count:
            return renamed
    return FORMATS[name].render(Transcript.model_validate_json(made.document))


# ------------------------------------------------------------------ in the ledger


def retell_ledger(engine: Engine, blobs: Blobs, show: str, change: Change) -> Retold:
    """Change the speakers in every transcript of a show that the ledger knows; the old ones are orphans from then on."""
    changed, unreadable, total = 0, [], 0
    for digest in _transcripts_of(engine, show):
        total += 1
        try:
            document = blobs.read(digest)
            made = respoken(document, change)
        except (NotFound, CorruptBlob, SourceError):
            unreadable.append(digest)
            continue
        if made.document != document:
            _put_in_place(engine, digest, blobs.put(made.document))
            changed += 1
    return Retold(changed, total, tuple(unreadable))


def _transcripts_of(engine: Engine, show: str) -> Iterator[str]:
    """Yield the digests of all transcripts of a show's episodes, by whichever job."""
    key = show_key(show)
    with reading(engine) as connection:
        titles = [title for title in connection.execute(select(episodes.c.show).distinct()).scalars() if show_key(title) == key]
        mine = select(episodes.c.id).where(episodes.c.show.in_(titles))
        made = select(steps.c.output).join(jobs, jobs.c.id == steps.c.job_id)
        made = made.where(steps.c.name == "assemble", steps.c.state == "done", jobs.c.episode_id.in_(mine))
        ended = select(jobs.c.output).where(jobs.c.episode_id.in_(mine))
        newest = select(episodes.c.transcript).where(episodes.c.id.in_(mine))
        found = [digest for query in (made, ended, newest) for digest in connection.execute(query).scalars()]
    yield from dict.fromkeys(digest for digest in found if digest is not None)


def _put_in_place(engine: Engine, old: str, new: str) -> None:
    with engine.begin() as connection:
        for column in (steps.c.output, jobs.c.output, episodes.c.transcript):
            connection.execute(update(column.table).where(column == old).values({column.name: new}))
