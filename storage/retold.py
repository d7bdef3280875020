"""Every transcript of a show, in a folder or in the ledger, brought in line with what is known of its voices.

Each file and each row is whole before and after, and what was done already is found done: after a crash, the same
change again finishes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, bindparam, select, update

from storage.blobs import Blobs
from storage.database import reading
from storage.documents import Transcript
from storage.errors import CorruptBlob, NotFound, SourceError
from storage.export import FORMATS
from storage.export.renaming import RENAMINGS, is_ambiguous
from storage.files import remove_leftovers, write_atomically, write_together
from storage.index import Index, IndexedEpisode
from storage.library import Library
from storage.locks import folder_lock
from storage.respoken import Change, Respoken, respoken, shown
from storage.shows import show_key
from storage.tables import episodes, jobs, steps

_AT_ONCE = 8
"""Transcripts that are written at once: most of the time is waiting for the disk."""

_ROWS_AT_ONCE = 50
"""Transcripts that go into one transaction of the ledger."""


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
        exports = {root / file: name for name, file in entry.files.items() if name in RENAMINGS and made.renamed}
        there = {file: name for file, name in exports.items() if file.is_file()}
        write_together({file: _exported(name, file.read_text("utf-8"), made) for file, name in there.items()})
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
    digests = list(_transcripts_of(engine, show))
    changed, unreadable = 0, list[str]()
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="earmark-retell") as pool:
        for some in _batches(digests):
            made = dict(zip(some, pool.map(lambda digest: _put_changed(blobs, digest, change), some), strict=True))
            unreadable += [old for old, new in made.items() if new is None]
            put = {old: new for old, new in made.items() if new is not None and new != old}
            _put_in_place(engine, put)
            changed += len(put)
    return Retold(changed, len(digests), tuple(unreadable))


def _batches(digests: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(digests), _ROWS_AT_ONCE):
        yield digests[first : first + _ROWS_AT_ONCE]


def _put_changed(blobs: Blobs, digest: str, change: Change) -> str | None:
    """Put a transcript with its speakers changed; return its digest, the old one if nothing changes, none if it is unreadable."""
    try:
        document = blobs.read(digest)
        made = respoken(document, change)
    except (NotFound, CorruptBlob, SourceError):
        return None
    return digest if made.document == document else blobs.put(made.document)


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


def _put_in_place(engine: Engine, put: Mapping[str, str]) -> None:
    with engine.begin() as connection:
        for column in (steps.c.output, jobs.c.output, episodes.c.transcript):
            statement = update(column.table).where(column == bindparam("old")).values({column.name: bindparam("new")})
            if put:
                connection.execute(statement, [{"old": old, "new": new} for old, new in put.items()])
