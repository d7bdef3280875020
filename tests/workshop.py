"""A real workshop for `process` in a test's own folder, engines that count what they are asked, and the example to work on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mutagen.id3 import ID3

from jobs.engines.protocols import (
    AudioSource,
    Diarization,
    Diarizer,
    LanguageGuess,
    PartAudio,
    Progress,
    Samples,
    SpeakerHints,
    SpeechOptions,
    Transcriber,
)
from jobs.engines.scripted import ScriptedDiarizer, ScriptedTranscriber, read_script
from jobs.events import Event, StepEnded
from jobs.feed import read_feed
from jobs.fetch import Fetcher
from jobs.pipeline import Workshop
from jobs.wire import FetchLimits
from storage.blobs import FolderBlobs
from storage.database import open_database, sqlite_url
from storage.documents import EngineInfo, Publication, Segment, Span
from storage.ledger import Ledger
from storage.presence import Presence

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SCRIPT = EXAMPLES / "truth.json"


def true_story() -> dict[str, Any]:
    """Return what is known about the example."""
    loaded: dict[str, Any] = json.loads(SCRIPT.read_text("utf-8"))
    return loaded


def true_words() -> list[str]:
    """Return the words of the example."""
    return [word["word"] for sentence in true_story()["sentences"] for word in sentence["words"]]


@dataclass
class CountingTranscriber:
    """An engine that passes everything on, remembers what it was asked, and can be told to trip over a part."""

    inner: Transcriber
    parts: list[float] = field(default_factory=list)
    """Where the parts began that it was asked to hear."""
    clips: int = 0
    """How often it was asked for the language."""
    readied: int = 0
    """How often it was told to get ready."""
    trip: Callable[[PartAudio], None] | None = None
    """Called before a part is heard; may raise."""
    doubts: bool = False
    """Be unsure of every word."""

    @property
    def info(self) -> EngineInfo:
        """Return what the inner engine says of itself."""
        return self.inner.info

    def expect(self, parts: int) -> int:
        """Pass on."""
        return self.inner.expect(parts)

    def get_ready(self) -> None:
        """Count, and pass on."""
        self.readied += 1
        self.inner.get_ready()

    def detect_language(self, clips: Sequence[Samples]) -> LanguageGuess:
        """Count, and pass on."""
        self.clips += 1
        return self.inner.detect_language(clips)

    def transcribe(self, part: PartAudio, options: SpeechOptions, progress: Progress) -> tuple[Segment, ...]:
        """Count, trip if told so, and pass on."""
        self.parts.append(part.start)
        if self.trip is not None:
            self.trip(part)
        heard = self.inner.transcribe(part, options, progress)
        return tuple(_doubtful(segment) for segment in heard) if self.doubts else heard


def _doubtful(segment: Segment) -> Segment:
    return segment.model_copy(update={"words": tuple(replace(w, probability=0.4) for w in segment.words)})


@dataclass
class CountingDiarizer:
    """A diarizer that passes everything on and counts."""

    inner: Diarizer
    calls: int = 0

    @property
    def info(self) -> EngineInfo:
        """Return what the inner engine says of itself."""
        return self.inner.info

    def diarize(self, audio: AudioSource, speech: Sequence[Span], hints: SpeakerHints, progress: Progress) -> Diarization:
        """Count, and pass on."""
        self.calls += 1
        return self.inner.diarize(audio, speech, hints, progress)


@dataclass(frozen=True)
class Bench:
    """A workshop with its engines in reach, and what happened in it."""

    shop: Workshop
    transcriber: CountingTranscriber
    diarizer: CountingDiarizer
    events: list[Event] = field(default_factory=list)

    def ended(self, *, reused: bool) -> list[tuple[str, int]]:
        """Return the steps that were done, or that earlier work served for, as (name, part)."""
        return [(event.step, event.part) for event in self.events if isinstance(event, StepEnded) and event.reused == reused]


@contextmanager
def open_bench(folder: Path, *, keep_decoded: bool = False) -> Iterator[Bench]:
    """Open a workshop over `folder` as a process of its own would, with scripted engines that know the example."""
    script = read_script(SCRIPT)
    transcriber = CountingTranscriber(ScriptedTranscriber(script))
    diarizer = CountingDiarizer(ScriptedDiarizer(script))
    folder.mkdir(parents=True, exist_ok=True)
    engine = open_database(sqlite_url(folder / "ledger.db"))
    try:
        with Presence(folder / "alive") as presence:
            shop = Workshop(
                ledger=Ledger(engine),
                blobs=FolderBlobs(folder / "blobs"),
                presence=presence,
                fetcher=Fetcher(FetchLimits(tries=1), allow_private=True),
                transcriber=transcriber,
                diarizer=diarizer,
                keep_decoded=keep_decoded,
            )
            yield Bench(shop, transcriber, diarizer)
    finally:
        engine.dispose()


def example(folder: Path) -> Publication:
    """Return the example as its feed publishes it, with its audio in `folder` and without the chapters in its tags."""
    audio = folder / "episode.mp3"
    if not audio.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(EXAMPLES / "episode.mp3", audio)
        ID3(audio).delete(audio)
    published = example_as_published()
    # another file, so another episode: an episode is known by its id, wherever its audio lies
    episode = published.episode.model_copy(update={"id": "ep_untagged", "audio_url": audio.as_uri()})
    return published.model_copy(update={"episode": episode})


def example_as_published() -> Publication:
    """Return the example as its feed publishes it: the chapters are in its tags, a JSON file, the feed, and the notes."""
    feed = EXAMPLES / "feed.xml"
    (publication,) = read_feed(feed.read_bytes(), url=feed.as_uri()).publications
    return publication
