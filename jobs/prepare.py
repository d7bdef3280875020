"""The step `prepare`: a downloaded file becomes decoded audio on disk and a document that says what is in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field

from jobs.audio import Decoded, DecodeLimits, decode
from jobs.beside import beside
from jobs.coverage import cover
from jobs.engines.protocols import Progress
from jobs.engines.silero import SileroDetector, SpeechThresholds, speech_regions
from jobs.levels import LevelMeter, LevelProfile, LevelTrack
from jobs.pcm import Pcm16
from jobs.probe import CoverImage, read_cover
from jobs.split import PartSpan, cut_parts
from storage.documents import Coverage, Document, Loudness, Notice, Seconds, Span

PREPARED_SCHEMA: Literal["earmark.prepared/1"] = "earmark.prepared/1"


class CoverInfo(Document):
    """A picture attached to the audio; its bytes stay in the file (`jobs.probe.read_cover`)."""

    media_type: str
    bytes: int
    sha256: str


class Prepared(Document):
    """What `prepare` found in a file."""

    schema_: Literal["earmark.prepared/1"] = Field(default=PREPARED_SCHEMA, alias="schema")
    duration: Seconds
    """Measured by decoding; a whole number of milliseconds."""
    samples: int
    """Samples of the decoded audio (16 kHz)."""
    container: str
    codec: str
    sample_rate: int
    channels: int
    claimed_duration: Seconds | None
    """What the file's own header says."""
    tags: dict[str, str]
    cover: CoverInfo | None = None
    loudness: Loudness
    profile: LevelProfile
    speech: tuple[Span, ...]
    """Speech regions, sorted, apart, not padded."""
    parts: tuple[PartSpan, ...]
    coverage: tuple[Coverage, ...]
    """Before transcription; `jobs.coverage.with_words` completes it."""
    warnings: tuple[Notice, ...] = ()

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)


class SpeechDetector(Protocol):
    """Hears audio block by block and judges every 32 ms of it."""

    def feed(self, block: Pcm16) -> None:
        """Hear the next block of 16 kHz mono audio."""

    def finish(self) -> npt.NDArray[np.float32]:
        """Return one probability of speech for each frame of 32 ms."""


@dataclass(frozen=True)
class PrepareOptions:
    """What may be asked of `prepare`."""

    demuxer: str | None = None
    """FFmpeg's name of the container, where the first bytes have already told it."""
    part_seconds: float = 300.0
    limits: DecodeLimits = field(default_factory=DecodeLimits)
    thresholds: SpeechThresholds = field(default_factory=SpeechThresholds)


def prepare(
    source: Path,
    wav: Path,
    *,
    options: PrepareOptions | None = None,
    progress: Progress | None = None,
    detector: SpeechDetector | None = None,
) -> Prepared:
    """Decode `source` to `wav` and find speech, levels, parts and coverage, reading the audio once.

    The voice activity model (Silero unless another `detector` is given) runs in a thread beside the decoder. Raises as
    `jobs.audio.decode` does, and `EngineUnavailable` where the model is missing. `wav` is whole or absent.
    """
    chosen = options or PrepareOptions()
    voice = detector or SileroDetector()
    meter = LevelMeter()
    with beside(voice.feed) as hear:
        decoded = decode(
            source, wav, demuxer=chosen.demuxer, progress=progress, limits=chosen.limits, listeners=(hear, meter.feed)
        )
    track = meter.finish()
    speech = track.refine_onsets(speech_regions(voice.finish(), decoded.duration, chosen.thresholds))
    picture = read_cover(source, demuxer=chosen.demuxer) if decoded.probe.has_cover else None
    return _document(decoded, track, speech, picture, chosen)


def _document(
    decoded: Decoded, track: LevelTrack, speech: tuple[Span, ...], picture: CoverImage | None, options: PrepareOptions
) -> Prepared:
    duration = round(decoded.duration, 3)
    profile = track.profile()
    return Prepared(
        duration=duration,
        samples=decoded.samples,
        container=decoded.probe.container,
        codec=decoded.probe.codec,
        sample_rate=decoded.probe.sample_rate,
        channels=decoded.probe.channels,
        claimed_duration=None if decoded.probe.claimed is None else round(decoded.probe.claimed, 3),
        tags=decoded.probe.tags,
        cover=_cover_info(picture),
        loudness=track.loudness(speech),
        profile=profile,
        speech=speech,
        parts=cut_parts(duration, speech, target=options.part_seconds, quietest=track.quietest),
        coverage=cover(duration, speech, profile),
        warnings=decoded.warnings,
    )


def _cover_info(picture: CoverImage | None) -> CoverInfo | None:
    if picture is None:
        return None
    digest = hashlib.sha256(picture.data).hexdigest()
    return CoverInfo(media_type=picture.media_type, bytes=len(picture.data), sha256=digest)
