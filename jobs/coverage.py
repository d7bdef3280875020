"""What every second of the file is: speech, music (or noise), silence, or unclear. Nothing vanishes without a word."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from jobs.levels import SILENT_DBFS, LevelProfile
from storage.documents import Coverage, CoverageKind, Segment, Span

SHORTEST = 1.0
"""Stretches shorter than this many seconds are joined to their neighbours."""

ALWAYS_SILENT = -70.0
"""Nobody hears what is below this level, dBFS."""

NEVER_SILENT = -40.0
"""What is above this level can be heard however loud the rest is, dBFS."""

_BELOW_SPEECH = 20.0
_FAR_BELOW_SPEECH = 40.0
_ABOVE_FLOOR = 6.0


def cover(duration: float, speech: Sequence[Span], profile: LevelProfile) -> tuple[Coverage, ...]:
    """Tile `0 … duration` with what was heard before any transcription: speech, music (sound that is not speech), silence.

    Pauses under a second belong to the speech around them; between speech, loud is told from silent by `silence_level`.
    """
    if duration <= 0:
        return ()
    levels = np.array(profile.dbfs, dtype=np.float64)
    threshold = silence_level(levels, _speech_mask(len(levels), profile.step, speech))
    tiles: list[Coverage] = []
    position = 0.0
    for region in _joined(speech, SHORTEST):
        tiles.extend(_soundscape(position, region.start, levels, profile.step, threshold))
        tiles.extend(_tile(region.start, min(region.end, duration), "speech"))
        position = region.end
    tiles.extend(_soundscape(position, duration, levels, profile.step, threshold))
    return _merged(tiles)


def with_words(coverage: Sequence[Coverage], segments: Sequence[Segment]) -> tuple[Coverage, ...]:
    """Return the coverage as it stands after transcription.

    A second or more of speech in which no word came out is `unclear`; where words came out of what was not taken for
    speech, it is speech.
    """
    if not coverage:
        return ()
    duration = coverage[-1].end
    spoken = list(_joined(_inside(_word_spans(segments), duration), SHORTEST))
    tiles: list[Coverage] = []
    for tile in coverage:
        position = tile.start
        for span in spoken:
            if span.end <= tile.start or span.start >= tile.end:
                continue
            start, end = max(span.start, tile.start), min(span.end, tile.end)
            tiles.extend(_wordless(tile, position, start))
            tiles.extend(_tile(start, end, "speech"))
            position = end
        tiles.extend(_wordless(tile, position, tile.end))
    return _merged(tiles)


def with_inserted(coverage: Sequence[Coverage], inserted: Sequence[Span]) -> tuple[Coverage, ...]:
    """Return the coverage with the stretches marked that the publisher did not publish; tiles are divided at their ends."""
    edges = sorted({round(edge, 3) for span in inserted for edge in (span.start, span.end)})
    tiles: list[Coverage] = []
    for tile in coverage:
        cuts = [tile.start, *(edge for edge in edges if tile.start < edge < tile.end), tile.end]
        for start, end in itertools.pairwise(cuts):
            foreign = any(span.start <= (start + end) / 2 < span.end for span in inserted)
            tiles.append(replace(tile, start=start, end=end, inserted=foreign))
    return tuple(tiles)


def silence_level(levels: npt.NDArray[np.float64], speech: npt.NDArray[np.bool_]) -> float:
    """Return the level, dBFS, below which this recording is silent to its listeners.

    Just above the quiet of its own pauses (the 10th percentile outside speech), but between 20 and 40 dB under its speech
    (without speech: under its loudest twentieth), and inside `ALWAYS_SILENT … NEVER_SILENT`.
    """
    if not len(levels):
        return ALWAYS_SILENT
    outside = levels[~speech & (levels > SILENT_DBFS)]
    loud = float(np.percentile(levels[speech], 50) if speech.any() else np.percentile(levels, 95))
    floor = float(np.percentile(outside, 10)) if len(outside) else ALWAYS_SILENT
    level = min(max(floor + _ABOVE_FLOOR, loud - _FAR_BELOW_SPEECH), loud - _BELOW_SPEECH)
    return min(max(level, ALWAYS_SILENT), NEVER_SILENT)


def _soundscape(start: float, end: float, levels: npt.NDArray[np.float64], step: float, threshold: float) -> Iterator[Coverage]:
    """Yield music and silence between two times, in stretches of at least `SHORTEST` where there is room for them."""
    if end <= start:
        return
    first, last = int(start / step), max(int(np.ceil(end / step)), int(start / step) + 1)
    window = levels[first:last]
    if not len(window):
        yield from _tile(start, end, "silence")
        return
    loud = _steady(window > threshold, round(SHORTEST / step))
    edges = [0, *(np.flatnonzero(np.diff(loud.astype(np.int8))) + 1).tolist(), len(loud)]
    for begin, stop in itertools.pairwise(edges):
        place = start if begin == 0 else (first + begin) * step
        until = end if stop == len(loud) else (first + stop) * step
        yield from _tile(place, until, "music" if loud[begin] else "silence")


def _steady(mask: npt.NDArray[np.bool_], shortest: int) -> npt.NDArray[np.bool_]:
    """Smooth a mask: the shortest run under `shortest` takes the value of its surroundings, until none is left."""
    runs: list[tuple[bool, int]] = []
    edges = [0, *(np.flatnonzero(np.diff(mask.astype(np.int8))) + 1).tolist(), len(mask)]
    for begin, stop in itertools.pairwise(edges):
        value, length = bool(mask[begin]), stop - begin
        if runs and (length < shortest or runs[-1][0] == value):
            runs[-1] = (runs[-1][0], runs[-1][1] + length)
        elif runs and len(runs) == 1 and runs[0][1] < shortest:
            runs[0] = (value, runs[0][1] + length)
        else:
            runs.append((value, length))
    return np.concatenate([np.full(length, value) for value, length in runs])


def _wordless(tile: Coverage, start: float, end: float) -> Iterator[Coverage]:
    """Yield what a stretch of a tile is in which no word came out."""
    unclear = tile.kind == "speech" and end - start >= SHORTEST
    yield from _tile(start, end, "unclear" if unclear else tile.kind)


def _tile(start: float, end: float, kind: CoverageKind) -> Iterator[Coverage]:
    if round(end, 3) > round(start, 3):
        yield Coverage(start=round(start, 3), end=round(end, 3), kind=kind)


def _merged(tiles: Iterable[Coverage]) -> tuple[Coverage, ...]:
    """Join neighbours of one kind."""
    merged: list[Coverage] = []
    for tile in tiles:
        if merged and merged[-1].kind == tile.kind:
            merged[-1] = Coverage(start=merged[-1].start, end=tile.end, kind=tile.kind)
        else:
            merged.append(tile)
    return tuple(merged)


def _joined(spans: Sequence[Span], pause: float) -> Iterator[Span]:
    """Yield sorted spans, those joined between which lies less than `pause`."""
    current: Span | None = None
    for span in spans:
        if current is not None and span.start - current.end < pause:
            current = Span(start=current.start, end=max(current.end, span.end))
        else:
            if current is not None:
                yield current
            current = span
    if current is not None:
        yield current


def _inside(spans: Iterable[Span], duration: float) -> list[Span]:
    clipped = (Span(start=span.start, end=min(span.end, duration)) for span in spans if span.start < duration)
    return sorted((span for span in clipped if span.end > span.start), key=lambda span: (span.start, span.end))


def _word_spans(segments: Sequence[Segment]) -> Iterator[Span]:
    """Yield where words are; a segment without words of its own counts as a whole if it has text."""
    for segment in segments:
        if segment.words:
            yield from (Span(start=word.start, end=word.end) for word in segment.words)
        elif segment.text.strip():
            yield Span(start=segment.start, end=segment.end)


def _speech_mask(count: int, step: float, speech: Sequence[Span]) -> npt.NDArray[np.bool_]:
    mask = np.zeros(count, dtype=np.bool_)
    for span in speech:
        mask[int(span.start / step) : int(np.ceil(span.end / step))] = True
    return mask
