"""The output folder that people read: a folder per show, files named by episode, and an index of them all.

    <root>/index.json
    <root>/<show>/<date title>.transcript.json, .vtt, .srt, .md, …

The index can always be made again from the transcripts; nothing else is kept only there.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from storage.documents import TRANSCRIPT_SCHEMA, Episode, Notice, Transcript
from storage.errors import EarmarkError, NotFound, SourceError
from storage.export import FORMATS, format_named
from storage.files import remove_leftovers, write_atomically
from storage.index import Index, indexed
from storage.locks import folder_lock
from storage.names import LONGEST_NAME, file_name, shortened

INDEX_NAME = "index.json"
_NO_SHOW = "Single episodes"
_NO_TITLE = "Untitled"
_LONGEST_BASE = LONGEST_NAME - max(len(entry.suffix) for entry in FORMATS.values())
_TRANSCRIPT_SUFFIX = FORMATS["json"].suffix


@dataclass(frozen=True)
class SavedEpisode:
    """Where an episode was put."""

    folder: Path
    transcript_path: Path
    files: dict[str, Path]
    """Path by format; besides those asked for, those that were there before, written anew so that none is stale."""
    warnings: tuple[Notice, ...] = ()
    """`index_rebuilt` and `transcript_unreadable`, if the index was damaged."""


@dataclass(frozen=True)
class IndexReading:
    """An index, and what had to be done to have it."""

    index: Index
    warnings: tuple[Notice, ...] = ()


class Library:
    """The transcripts in one output folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, transcript: Transcript, formats: Sequence[str] = ()) -> SavedEpisode:
        """Write a transcript in these formats, `json` always, and put it into the index.

        An episode that was saved before keeps its file names, even if its title has changed since. Raises `OptionError` for a
        format that is none, `OutputError` and `StorageFull` where writing fails; each file is whole or as it was.
        """
        rendered = {name: format_named(name).render(transcript) for name in dict.fromkeys(("json", *formats))}
        with folder_lock(self.root):
            reading = self.read_index()
            entry = reading.index.entry(transcript.episode.id)
            for name in entry.files if entry else ():
                if name in FORMATS and name not in rendered:
                    rendered[name] = FORMATS[name].render(transcript)
            base = self._base(transcript.episode, reading.index)
            files = {name: self.root / f"{base}{FORMATS[name].suffix}" for name in rendered}
            for name, path in files.items():
                write_atomically(path, rendered[name])
            relative = {name: path.relative_to(self.root).as_posix() for name, path in files.items()}
            self.write_index(reading.index.with_entry(indexed(transcript, relative)))
            for folder in (self.root, files["json"].parent):
                remove_leftovers(folder)
        return SavedEpisode(files["json"].parent, files["json"], files, reading.warnings)

    def find(self, episode_id: str) -> Path | None:
        """Return the path of an episode's transcript, if it was saved and is still there."""
        entry = self.read_index().index.entry(episode_id)
        if entry is None:
            return None
        path = self.root / entry.path
        return path if path.is_file() else None

    def read_index(self) -> IndexReading:
        """Return the index; a missing or damaged one is made again from the transcripts, which its `warnings` say.

        Nothing is written: the next `save` or `rebuild` keeps it.
        """
        try:
            raw = (self.root / INDEX_NAME).read_bytes()
        except FileNotFoundError:
            return self._from_transcripts(why="was missing")
        except OSError as error:
            return self._from_transcripts(why=f"could not be read ({error.strerror})")
        try:
            index = Index.model_validate_json(raw)
        except ValidationError:
            return self._from_transcripts(why="was damaged")
        if not all(_is_inside(path) for episode in index.episodes for path in (episode.path, *episode.files.values())):
            return self._from_transcripts(why="named files outside its folder")
        return IndexReading(index)

    def rebuild(self) -> IndexReading:
        """Make the index again from the transcripts that are there, and write it."""
        with folder_lock(self.root):
            reading = self._from_transcripts(why="was to be made again")
            self.write_index(reading.index)
        return reading

    def write_index(self, index: Index) -> None:
        """Write the index; for whoever holds the folder's lock."""
        write_atomically(self.root / INDEX_NAME, index.model_dump_json(by_alias=True, indent=1) + "\n")

    def _from_transcripts(self, *, why: str) -> IndexReading:
        index, notices = Index(), []
        found = 0
        for path in sorted(self.root.glob(f"*/*{_TRANSCRIPT_SUFFIX}")):
            try:
                transcript = load(path)
            except EarmarkError as error:
                notices.append(Notice(code="transcript_unreadable", message=f"Left out of the index: {error}"))
                continue
            found += 1
            index = index.with_entry(indexed(transcript, self._files_beside(path)))
        if found or notices:
            message = f"{self.root / INDEX_NAME} {why}; it was made again from {found} transcript(s) in that folder."
            notices.insert(0, Notice(code="index_rebuilt", message=message))
        return IndexReading(index, tuple(notices))

    def _files_beside(self, path: Path) -> dict[str, str]:
        base = path.name.removesuffix(_TRANSCRIPT_SUFFIX)
        places = {name: path.with_name(f"{base}{entry.suffix}") for name, entry in FORMATS.items()}
        return {name: place.relative_to(self.root).as_posix() for name, place in places.items() if place.is_file()}

    def _base(self, episode: Episode, index: Index) -> str:
        """Return where the episode's files go, relative to the root and without their ending."""
        known = index.entry(episode.id)
        if known and known.path.endswith(_TRANSCRIPT_SUFFIX):
            return known.path.removesuffix(_TRANSCRIPT_SUFFIX)
        taken = {_folded(entry.path) for entry in index.episodes}
        *others, last = _bases(episode)
        for base in others:
            path = f"{base}{_TRANSCRIPT_SUFFIX}"
            if _folded(path) not in taken and self._is_free(self.root / path, episode.id):
                return base
        return last

    def _is_free(self, path: Path, episode_id: str) -> bool:
        """Whether a file may be written: nothing is there, or this episode's transcript that the index does not know."""
        if not path.exists():
            return True
        try:
            return load(path).episode.id == episode_id
        except SourceError:
            return False


def load(path: Path) -> Transcript:
    """Read a transcript document.

    Raises `NotFound` where there is no such file, and `SourceError` where it is not a transcript that this earmark reads.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.", hint="Give the path of a .transcript.json file.") from None
    except OSError as error:
        raise SourceError(f"Cannot read {path}: {error.strerror}.", hint="Give the path of a .transcript.json file.") from error
    try:
        transcript = Transcript.model_validate_json(raw)
    except ValidationError as error:
        raise _unreadable(path, raw, error) from error
    if "schema_" not in transcript.model_fields_set:
        raise _not_a_transcript(path)
    return transcript


def _not_a_transcript(path: Path) -> SourceError:
    return SourceError(f"{path} is not an earmark transcript.", hint="Give a .transcript.json file that `earmark run` wrote.")


def _unreadable(path: Path, raw: bytes, error: ValidationError) -> SourceError:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    schema = found.get("schema") if isinstance(found, dict) else None
    if not isinstance(schema, str) or not schema.startswith("earmark.transcript/"):
        return _not_a_transcript(path)
    if schema != TRANSCRIPT_SCHEMA:
        hint = "Use the earmark version that wrote it, or transcribe the episode again with this one."
        return SourceError(f"{path} is a transcript of schema {schema}; this earmark reads {TRANSCRIPT_SCHEMA}.", hint=hint)
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the document"
    hint = "The file was changed or damaged: transcribe the episode again, or undo the change."
    return SourceError(f"{path} is a transcript with an error at {place}: {first['msg']}.", hint=hint)


def _bases(episode: Episode) -> Iterator[str]:
    """Yield the names an episode may have, from the plainest to one that no other episode can have."""
    folder = file_name(episode.show or "", instead=_NO_SHOW)
    folder = f"{folder}_" if folder.casefold() == INDEX_NAME else folder
    date = f"{episode.published:%Y-%m-%d}" if episode.published else ""
    title = episode.title if episode.title.startswith(date) else f"{date} {episode.title.strip() or _NO_TITLE}"
    name = file_name(title, instead=_NO_TITLE, longest=_LONGEST_BASE)
    yield f"{folder}/{name}"
    digest = hashlib.sha256(episode.id.encode("utf-8")).hexdigest()
    for length in (8, 32):
        mark = f" [{digest[:length]}]"
        yield f"{folder}/{shortened(name, _LONGEST_BASE - len(mark))}{mark}"


def _is_inside(path: str) -> bool:
    """Whether a path of the index stays in the folder of the index; a damaged index must not lead out of it."""
    parts = PurePosixPath(path).parts
    return len(parts) == 2 and ".." not in parts and not path.startswith("/") and "\\" not in path and "\0" not in path


def _folded(path: str) -> str:
    """Return what decides whether two paths are one on file systems that ignore case and normalisation."""
    return unicodedata.normalize("NFC", path.casefold())
