"""Peak memory of a pyannote pipeline over a long recording.

    python -m benchmarks.pyannote_memory FOLDER [--hours 4] [--speakers 4]

FOLDER holds a pipeline of pyannote.audio 4. What its two models would answer is made up, in their shapes (four hours through them
take an hour without a GPU): people in turn, with overlaps, one embedding for each of them in every chunk. All else is
earmark's and pyannote's own: reading the waveform, counting, clustering, putting the chunks together. The models' own work on a
batch comes on top. Each length runs in a process of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.children import run_python
from benchmarks.table import Goal, Report, Row, arguments, show
from jobs.engines.protocols import SAMPLE_RATE, Samples, SpeakerHints
from jobs.engines.pyannote import PyannoteDiarizer
from jobs.engines.pyannote_pipeline import load_pipeline
from storage.documents import Span

GOAL_GIBIBYTES = 4.0
_TURN = 8.0
_OVERLAP = 0.5
_NEAR = 40
"""More turns than there are in a chunk."""


class Silence:
    """A long recording of nothing."""

    def __init__(self, duration: float) -> None:
        self.duration = duration
        """Length in seconds."""

    def read(self, start: float, end: float) -> Samples:
        """Return the samples between two times."""
        return np.zeros(round(end * SAMPLE_RATE) - round(start * SAMPLE_RATE), dtype=np.float32)


def diarize_silence(folder: Path, hours: float, speakers: int) -> str:
    """Diarize a long recording whose models' answers are made up; return how many turns and speakers came out."""
    diarizer = PyannoteDiarizer(folder, device="cpu")
    pipeline = load_pipeline(folder, None, "cpu")
    turns = _turns(hours * 3600, speakers)
    pipeline.get_segmentations = lambda _file, **_: _segmentations(pipeline, turns, hours * 3600)
    pipeline.get_embeddings = lambda _file, chunks, **_: _embeddings(pipeline, chunks, turns, speakers)
    diarizer.__dict__["_pipeline"] = pipeline
    found = diarizer.diarize(Silence(hours * 3600), [Span(start=0, end=1)], SpeakerHints(), lambda _: None)
    return f"{len(found.turns)} turns, {len(found.embeddings)} speakers"


def _turns(duration: float, speakers: int) -> list[tuple[float, float, int]]:
    random, clock, who, turns = np.random.default_rng(1), 0.0, 0, []
    while clock < duration:
        length = float(random.exponential(_TURN)) + 1.0
        turns.append((clock, clock + length + _OVERLAP, who))
        clock, who = clock + length, int(random.choice([other for other in range(speakers) if other != who] or [0]))
    return turns


def _present(turns: Sequence[tuple[float, float, int]], start: float, end: float, most: int) -> list[int]:
    """Return who speaks in a chunk, in order of appearance."""
    return list(dict.fromkeys(who for begin, stop, who in turns if begin < end and stop > start))[:most]


def _segmentations(pipeline: Any, turns: Sequence[tuple[float, float, int]], duration: float) -> Any:
    """Return who speaks in every frame of every chunk, in pyannote's own form."""
    from pyannote.core import SlidingWindow, SlidingWindowFeature

    slide = pipeline._segmentation  # noqa: SLF001 - pyannote has no other way to the shapes of its models' answers
    model = slide.model
    frames, places = model.num_frames(round(slide.duration * SAMPLE_RATE)), len(model.specifications.classes)
    count = round((duration - slide.duration) / slide.step) + 1
    answers = np.zeros((count, frames, places), dtype=np.float32)
    first = 0
    for chunk in range(count):
        start = chunk * slide.step
        while turns[first][1] < start:
            first += 1
        near = turns[first : first + _NEAR]
        here = _present(near, start, start + slide.duration, places)
        for begin, end, who in near:
            if who in here and begin < start + slide.duration:
                a, b = (round(np.clip((t - start) / slide.duration, 0, 1) * frames) for t in (begin, end))
                answers[chunk, a:b, here.index(who)] = 1.0
    return SlidingWindowFeature(answers, SlidingWindow(duration=slide.duration, step=slide.step))


def _embeddings(pipeline: Any, chunks: Any, turns: Sequence[tuple[float, float, int]], speakers: int) -> Any:
    """Return an embedding for each place of each chunk, near the one of who speaks there."""
    random, size = np.random.default_rng(2), pipeline._embedding.dimension  # noqa: SLF001 - as above
    voices = random.standard_normal((speakers, size))
    count, _, places = chunks.data.shape
    vectors = random.standard_normal((count, places, size)).astype(np.float32) * 0.3
    first = 0
    for chunk, (window, _) in enumerate(chunks):
        while turns[first][1] < window.start:
            first += 1
        for place, who in enumerate(_present(turns[first : first + _NEAR], window.start, window.end, places)):
            vectors[chunk, place] += voices[who]
    return vectors


def main() -> int:
    """Print the table."""
    parser = arguments(__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hours", type=float, default=4.0)
    parser.add_argument("--speakers", type=int, default=4)
    given = parser.parse_args()
    rows: list[Row] = []
    for hours in (given.hours / 4, given.hours):
        call = f"diarize_silence(Path({str(given.folder.resolve())!r}), {hours}, {given.speakers})"
        cost = run_python(["-c", f"from pathlib import Path; from benchmarks.pyannote_memory import *; print({call})"])
        rows.append({"hours": hours, "found": cost.output.strip(), "peak GiB": cost.peak / 1024, "seconds": cost.wall})
    peak = float(rows[-1]["peak GiB"] or 0)
    goals = [Goal(f"{given.hours:g} hours", peak, GOAL_GIBIBYTES, " GiB")]
    return show(Report("Memory of pyannote", rows, goals, (), {"speakers": given.speakers}), as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
