"""earmark and its peers as tools that hear a file: what they wrote, and what it cost."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import run_command
from benchmarks.peers import FASTER_WHISPER, WHISPERX, PeerMissing, installed
from benchmarks.speed import run_earmark_in
from storage.documents import Transcript

BATCH, BEAM = 8, 5
OURS = "earmark run"

PEERS = (
    ("faster-whisper", FASTER_WHISPER, "faster_whisper_peer.py", 1),
    ("batched faster-whisper", FASTER_WHISPER, "faster_whisper_peer.py", BATCH),
    ("whisperX", WHISPERX, "whisperx_speech_peer.py", BATCH),
)
"""Name, package, script, and how many windows are heard at once."""


@dataclass(frozen=True)
class Settings:
    """What all tools are asked for."""

    model: Path
    threads: int


@dataclass(frozen=True)
class Took:
    """What one tool made of one file."""

    wall: float
    """Seconds."""
    peak: float
    """MiB."""
    words: tuple[str, ...]
    unaccounted: float | None = None
    """Seconds of the file of which nothing is said, not even that nobody speaks; none where a tool gives no account at all."""


@dataclass(frozen=True)
class Tool:
    """One way to have a file transcribed."""

    name: str
    hear: Callable[[Path], Took]


def earmark(settings: Settings, part_seconds: float | None = None) -> Tool:
    """Return `earmark run` as a person calls it for the first time, without telling speakers apart; in parts as it likes."""
    options = [] if part_seconds is None else ["--part-seconds", f"{part_seconds:g}"]

    def hear(audio: Path) -> Took:
        with tempfile.TemporaryDirectory() as folder:
            cost = run_earmark_in(Path(folder), audio, settings.model, threads=settings.threads, options=options)
            (path,) = Path(folder).glob("out/**/*.transcript.json")
            transcript = Transcript.model_validate_json(path.read_bytes())
        words = tuple(word.text for segment in transcript.segments for word in segment.words)
        return Took(cost.wall, cost.peak, words, unaccounted(transcript))

    return Tool(OURS if part_seconds is None else f"{OURS}, parts of {part_seconds:g} s", hear)


def unaccounted(transcript: Transcript) -> float:
    """Return how many seconds of the file are in no stretch of `coverage`, or in two."""
    edges, at = 0.0, 0.0
    for stretch in transcript.coverage:
        edges += abs(stretch.start - at)
        at = stretch.end
    return edges + abs(transcript.audio.duration - at)


def peer(name: str, requirements: Sequence[str], script: str, batch: int, settings: Settings) -> Tool:
    """Return a peer, which is installed first; raises `PeerMissing`."""
    found = installed(requirements)

    def hear(audio: Path) -> Took:
        asked = [str(settings.model), str(audio), str(settings.threads), str(batch), str(BEAM)]
        cost = run_command(found.command(script, *asked))
        return Took(cost.wall, cost.peak, tuple(json.loads(cost.output.splitlines()[-1])["words"]))

    return Tool(f"{name} {found.version}", hear)


def peers(settings: Settings, without: Sequence[str] = ()) -> tuple[list[Tool], list[str]]:
    """Return the peers that can be had, and why others cannot."""
    tools, left_out = [], list[str]()
    for name, requirements, script, batch in PEERS:
        if name in without:
            left_out.append(f"{name}, as asked.")
            continue
        try:
            tools.append(peer(name, requirements, script, batch, settings))
        except PeerMissing as missing:
            left_out.append(str(missing))
    return tools, left_out
