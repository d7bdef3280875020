"""The step `reference`: audio that a person gave for comparison, held against the episode's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jobs.audio import BLOCK, DecodeLimits, decode
from jobs.chapters.reference_audio import Compared, compare
from jobs.engines.protocols import SAMPLE_RATE
from jobs.fetch import Fetcher
from jobs.landmarks import LandmarkMeter, landmarks_of
from jobs.local_file import open_local
from jobs.media_type import MediaType
from jobs.pcm import Pcm, Pcm16
from jobs.places import local_path
from jobs.steps import Report
from storage.blobs import Blobs
from storage.documents import Document, Notice


class ReferenceCompared(Document):
    """What the step `reference` found."""

    compared: Compared | None = None
    """None where the two have too little in common."""
    warnings: tuple[Notice, ...] = ()


def compare_reference(
    place: str,
    own: Pcm,
    *,
    published_duration: float | None,
    fetcher: Fetcher,
    blobs: Blobs,
    limits: DecodeLimits,
    report: Report,
) -> ReferenceCompared:
    """Fetch or open the reference, take the fingerprints of both, and compare them.

    It was asked for, so it is an error if it cannot be had or decoded: raises what `open_local`, `Fetcher.download` and
    `jobs.audio.decode` raise.
    """
    meter = LandmarkMeter()
    with blobs.workspace() as folder:
        source, media = _had(place, folder, fetcher)
        decode(source, folder / "reference.wav", demuxer=media.demuxer, progress=report, limits=limits, listeners=(meter.feed,))
    compared = compare(meter.finish(), landmarks_of(_blocks(own)), published_duration)
    if compared is not None:
        return ReferenceCompared(compared=compared)
    text = f"The audio that was given for comparison has too little in common with this file, and was not used: {place}."
    return ReferenceCompared(warnings=(Notice(code="reference_unlike", message=text),))


def version_of(place: str) -> str | None:
    """Return what tells versions of a local file apart, without reading all of it; none for a web address or without a file."""
    local = local_path(place)
    try:
        told = None if local is None else local.stat()
    except (OSError, ValueError):
        return None
    return None if told is None else f"{told.st_size} {told.st_mtime_ns}"


def _had(place: str, folder: Path, fetcher: Fetcher) -> tuple[Path, MediaType]:
    local = local_path(place)
    if local is not None:
        file = open_local(local)
        return file.path, file.media_type
    download = fetcher.download(place, folder / "reference.part")
    return download.path, download.media_type


def _blocks(pcm: Pcm) -> Iterator[Pcm16]:
    for start in range(0, pcm.samples, BLOCK):
        yield pcm.read_pcm(start / SAMPLE_RATE, (start + BLOCK) / SAMPLE_RATE)
