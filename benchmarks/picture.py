"""One episode as a picture: where chapters were published, where they lie in the file, and what the file is there.

Above is the published episode, below the file as it was downloaded, in the same scale: speech, music and pauses of a second or
more, with the ads that were put in. A line leads from each published time to where it was put; a ring shows where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from benchmarks.chapters import Anchored
from benchmarks.published import Sound
from storage.documents import Coverage

_WIDTH, _MARGIN, _RIGHT = 1180, 20, 150
_ABOVE, _BELOW, _BAR = 150, 330, 26
_COLOURS = {"speech": "#8fb3d9", "music": "#c9b458", "silence": "#ffffff", "unclear": "#d0d0d0"}
_AD, _LINE, _KEPT, _TRUTH = "#d9534f", "#2a6f3e", "#b0b0b0", "#111111"
_HEIGHT = 455

_SHORTEST_PAUSE = 1.0
"""Seconds of silence that are drawn: shorter ones would make the bar grey."""


def draw(done: Anchored) -> str:
    """Return the picture of an anchored episode as SVG."""
    longest = max(done.episode.duration, done.received.duration)
    scale = (_WIDTH - _MARGIN - _RIGHT) / longest
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        *_titles(done),
        *_bars(done.episode.sounds, _ABOVE, scale),
        *_bars(done.received.coverage, _BELOW, scale),
        *_ads(done, scale),
        *_chapters(done, scale),
        *_legend(),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _titles(done: Anchored) -> Iterator[str]:
    yield f'<text x="{_MARGIN}" y="{_ABOVE - 8}" font-weight="bold">published: {_clock(done.episode.duration)}</text>'
    yield f'<text x="{_MARGIN}" y="{_BELOW + _BAR + 18}" font-weight="bold">file: {_clock(done.received.duration)}</text>'


def _bars(sounds: Sequence[Sound | Coverage], top: float, scale: float) -> Iterator[str]:
    yield _rect(0.0, max(sound.end for sound in sounds), top, _COLOURS["speech"], scale)
    for sound in sounds:
        if sound.kind == "silence" and sound.end - sound.start < _SHORTEST_PAUSE:
            continue
        yield _rect(sound.start, sound.end, top, _COLOURS[sound.kind], scale)


def _ads(done: Anchored, scale: float) -> Iterator[str]:
    at = 0.0
    for stretch in done.received.stretches:
        length = stretch.end - stretch.start
        if stretch.foreign is not None:
            yield _rect(at, at + length, _BELOW, _AD, scale, opacity=0.75)
        at += length
    for span in done.anchoring.inserted:
        x, width = _x(span.start, scale), (span.end - span.start) * scale
        yield f'<rect x="{x:.1f}" y="{_BELOW - 3}" width="{width:.1f}" height="{_BAR + 6}" fill="none" stroke="{_AD}"/>'


def _chapters(done: Anchored, scale: float) -> Iterator[str]:
    for placed in done.placed:
        above, below = _x(placed.mark.start, scale), _x(placed.start, scale)
        moved = abs(placed.start - placed.mark.start) > 1
        colour = _LINE if moved else _KEPT
        yield f'<line x1="{above:.1f}" y1="{_ABOVE}" x2="{above:.1f}" y2="{_ABOVE + _BAR}" stroke="{colour}"/>'
        yield f'<line x1="{above:.1f}" y1="{_ABOVE + _BAR}" x2="{below:.1f}" y2="{_BELOW}" stroke="{colour}"/>'
        yield f'<line x1="{below:.1f}" y1="{_BELOW}" x2="{below:.1f}" y2="{_BELOW + _BAR}" stroke="{colour}" stroke-width="2"/>'
        label = escape(placed.mark.title)
        at = f"{above:.1f} {_ABOVE - 24}"
        yield f'<text transform="translate({at}) rotate(-35)" font-size="11">{label}</text>'
    for start, _, _ in done.episode.chapters:
        truth = done.received.place(start)
        if truth is not None:
            yield f'<circle cx="{_x(truth, scale):.1f}" cy="{_BELOW + _BAR / 2}" r="4" fill="none" stroke="{_TRUTH}"/>'


def _legend() -> Iterator[str]:
    shown = (
        (_COLOURS["speech"], "speech"),
        (_COLOURS["music"], "music"),
        (_COLOURS["silence"], "pause"),
        (_AD, "ad (framed: found)"),
        (_LINE, "moved"),
        (_KEPT, "kept"),
    )
    y = _HEIGHT - 25
    for at, (colour, text) in enumerate(shown):
        x = _MARGIN + 165 * at
        yield f'<rect x="{x}" y="{y}" width="14" height="14" fill="{colour}" stroke="#b0b0b0" stroke-width="0.5"/>'
        yield f'<text x="{x + 20}" y="{y + 12}">{text}</text>'
    x = _MARGIN + 165 * len(shown)
    yield f'<circle cx="{x + 7}" cy="{y + 7}" r="4" fill="none" stroke="{_TRUTH}"/><text x="{x + 20}" y="{y + 12}">truth</text>'


def _rect(start: float, end: float, top: float, colour: str, scale: float, *, opacity: float = 1.0) -> str:
    x, width = _x(start, scale), (end - start) * scale
    return f'<rect x="{x:.2f}" y="{top}" width="{width:.2f}" height="{_BAR}" fill="{colour}" opacity="{opacity}"/>'


def _x(seconds: float, scale: float) -> float:
    return _MARGIN + seconds * scale


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
