"""Every transcript of a show, in a folder or in the ledger, brought in line with what is known of its voices.

Each file and each row is whole before and after, and what was done already is found done: after a crash, the same
change again finishes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine, bindparam, select, update

from storage.blobs import Blobs
from storage.database import reading
from storage.documents import Transcript
from storage.errors import CorruptBlob, NotFound, SourceError
from storage.export import FORMATS
from storage.export.renaming import RENAMINGS, is_ambiguous
from storage.files import remove_leftovers, sync_names, write_unnamed
from storage.index import Index, IndexedEpisode
from storage.library import Library
from storage.locks import folder_lock
from storage.respoken import Change, Respoken, respoken, shown
from storage.shows import show_key
from storage.tables import episodes, jobs, steps

Item = TypeVar("Item")

_AT_ONCE = 16
"""Transcripts that are written at once: most of the time is waiting for the disk."""

_FILES_AT_ONCE = 25
"""Transcripts, each with its exports, after which their folder is flushed; two times so many are in memory."""

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
            retold = _retell(pool, library.root, mine, change)
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


def _retell(
    pool: ThreadPoolExecutor, root: Path, entries: Sequence[IndexedEpisode], change: Change
) -> list[tuple[IndexedEpisode | None, bool]]:
    """Change transcripts; return their entries of the index, none if one cannot be read, and whether each was changed.

    The exports of some transcripts are on the disk, with their names, before these transcripts are written; meanwhile the next
    ones' exports are made.
    """
    retold: list[tuple[IndexedEpisode | None, bool]] = []
    writing: list[Future[None]] = []
    ahead: list[Future[_Made]] = []
    for some in (*_batches(entries, _FILES_AT_ONCE), ()):
        made = [future.result() for future in ahead]
        ahead = [pool.submit(_exports_retold, root, entry, change) for entry in some]
        sync_names(path for one in made for path in one.exports)
        _wait_for(writing)
        writing = [
            pool.submit(write_unnamed, root / one.entry.path, one.new.document) for one in made if one.new and one.new.changes
        ]
        retold += [(_indexed(one), one.new is not None and one.new.changes) for one in made]
    _wait_for(writing)
    sync_names(root / entry.path for entry, changed in retold if entry is not None and changed)
    return retold


def _wait_for(futures: Iterable[Future[None]]) -> None:
    """Wait, and raise what went wrong."""
    for future in futures:
        future.result()


@dataclass(frozen=True)
class _Made:
    """A transcript with its speakers changed, which is still to be written, and the exports that are."""

    entry: IndexedEpisode
    new: Respoken | None
    """None if it cannot be read."""
    exports: tuple[Path, ...] = ()


def _exports_retold(root: Path, entry: IndexedEpisode, change: Change) -> _Made:
    """Change a transcript in memory, and write the exports that are there and name somebody whose name changes."""
    try:
        new = respoken((root / entry.path).read_bytes(), change)
    except (OSError, SourceError):
        return _Made(entry, None)
    exports = {root / file: name for name, file in entry.files.items() if name in RENAMINGS and new.renamed}
    there = {file: name for file, name in exports.items() if file.is_file()}
    for file, name in there.items():
        write_unnamed(file, _exported(name, file.read_bytes().decode("utf-8"), new))
    return _Made(entry, new, tuple(there))


def _indexed(made: _Made) -> IndexedEpisode | None:
    if made.new is None:
        return None
    rest = made.entry.speakers[len(made.new.after) :]  # those whom no list names
    return made.entry.model_copy(update={"speakers": (*map(shown, made.new.after), *rest)})


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
        for some in _batches(digests, _ROWS_AT_ONCE):
            made = dict(zip(some, pool.map(lambda digest: _put_changed(blobs, digest, change), some), strict=True))
            unreadable += [old for old, new in made.items() if new is None]
            put = {old: new for old, new in made.items() if new is not None and new != old}
            _put_in_place(engine, put)
            changed += len(put)
    return Retold(changed, len(digests), tuple(unreadable))


def _batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


def _put_changed(blobs: Blobs, digest: str, change: Change) -> str | None:
    """Put a transcript with its speakers changed; return its digest, the old one if nothing changes, none if it is unreadable."""
    try:
        document = blobs.read(digest)
        made = respoken(document, change)
    except (NotFound, CorruptBlob, SourceError):
        return None
    return blobs.put(made.document) if made.changes else digest


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
