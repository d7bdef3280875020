"""The decoded audio of an episode: made by the step `prepare`, opened by the steps that listen, and made again if it is gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from jobs.audio import DecodeLimits
from jobs.chapters.embedded import read_embedded
from jobs.intake import Fetched
from jobs.pcm import Pcm
from jobs.prepare import Prepared, PrepareOptions, prepare
from jobs.steps import Report
from storage.blobs import Blobs
from storage.documents import ChapterSource, Document, Episode, Notice
from storage.errors import NotFound
from storage.names import file_name


class PreparedEpisode(Document):
    """What the step `prepare` made of a file."""

    prepared: Prepared
    pcm: str
    """Digest of the decoded audio; it may have been removed since, and is decoded again when it is needed."""
    embedded: ChapterSource
    warnings: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Decoder:
    """Turns one episode's file into decoded audio in the blob store."""

    blobs: Blobs
    episode: Episode
    part_seconds: float
    limits: DecodeLimits

    def decode(self, fetched: Fetched, report: Report, *, look: Callable[[Path], None] = lambda _: None) -> PreparedEpisode:
        """Decode the file, find its speech and parts, and read the chapters in its tags.

        `look` is given the decoded audio before the store gets it, from which another job may remove it at once.
        """
        options = PrepareOptions(demuxer=fetched.demuxer, part_seconds=self.part_seconds, limits=self.limits)
        with self.blobs.workspace() as folder:
            source = self._under_its_name(fetched, folder / "source")
            wav = folder / "decoded.wav"
            prepared = prepare(source, wav, options=options, progress=report)
            look(wav)
            pcm = self.blobs.adopt(wav)
            embedded, notices = read_embedded(source, duration=prepared.duration)
        return PreparedEpisode(prepared=prepared, pcm=pcm, embedded=embedded, warnings=notices)

    def _under_its_name(self, fetched: Fetched, folder: Path) -> Path:
        """Return the audio under the name that its publisher gave it, which is what errors and notices speak of."""
        folder.mkdir()
        address = unquote(urlsplit(self.episode.audio_url or "").path)
        source = folder / file_name(PurePosixPath(address).name, instead="audio")
        source.symlink_to(self.blobs.path(fetched.audio).resolve())
        return source


class DecodedAudio:
    """The decoded audio, opened when a step needs it; a context manager that closes it if it was."""

    def __init__(self, decoder: Decoder, fetched: Fetched, ready: PreparedEpisode) -> None:
        self._decoder = decoder
        self._fetched = fetched
        self._ready = ready
        self._open: Pcm | None = None
        self._opening = threading.Lock()

    @property
    def pcm(self) -> Pcm:
        """Return the open recording; parts that are transcribed side by side ask for it at once."""
        with self._opening:
            if self._open is None:
                self._open = self._found() or self._made_again()
            return self._open

    def _found(self) -> Pcm | None:
        try:
            return Pcm(self._decoder.blobs.path(self._ready.pcm))
        except NotFound:
            return None

    def _made_again(self) -> Pcm:
        """Decode the file and keep it open from then on: a file that is open outlasts its removal."""
        made: list[Pcm] = []
        self._decoder.decode(self._fetched, _to_nobody, look=lambda wav: made.append(Pcm(wav)))
        return made[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the recording if it was opened."""
        if self._open is not None:
            self._open.close()


def _to_nobody(done: float, total: float | None = None) -> None:
    """Report to nobody: the step that makes the audio again reports its own work."""
