"""A publisher's transcript against what was heard: where each stretch of the published episode lies in this file.

Both texts say the same, the publisher's on the publisher's clock, so the differences of their words' times are the offsets that
chapters need. How they are found:

1. *Anchors* are sequences of `_ANCHOR` words that occur once in each text. The longest chain of them that keeps the order in
   both (patience sorting, as in `diff --patience`) drops those that match by chance.
2. *Runs* are neighbours in the chain whose offsets agree. Only runs of many words count, and all of them together must cover a
   good part of the shorter text; otherwise the transcript belongs to something else and there is no map.
3. Between two runs of different offset lies a *step*. Each word between them is looked for at both offsets; the step is where
   the most of them are found, and in our words it goes back to the pause or sentence that begins the stretch.

Words inside a cue have estimated times, the worse the longer the cue, so offsets are medians weighted by how exact times are.

Decisions: an offset within `_SAME_CLOCK` of 0 at the beginning is 0, since captions lead and lag by as much. Nothing is
interpolated: a time between two runs takes the offset of one of them, and where words between the runs fit neither, or a gap
is long, `trust` says that the map is unsure there.
"""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.chapters.anchor import OffsetMap, Piece, Trust
from jobs.chapters.runs import EXACT, Pair, Run, anchors, runs_of
from jobs.chapters.tokens import DRIFT, Token, cue_tokens, heard_tokens
from jobs.published import Cue
from storage.documents import Word

_ENOUGH = 0.3
"""Share of the shorter text's words that must lie in runs."""
_SAME_CLOCK = 0.6
_NEAR = 0.5
"""Seconds from where a word should be within which it counts as found, besides the drift from the match that tells."""
_ADRIFT = 3.0
"""Seconds of drift at most: farther off, every word would be found."""
_MARGIN = 0.1
"""Seconds by which a step is put before the word that begins the stretch behind it; half the pause where that is shorter."""
_HIT, _MISS = 1.0, -0.6
_PAUSING = 1.5
"""What a second's pause counts beside hits."""
_OVERLAP = 0.05
"""Seconds by which a recogniser lets a word begin before the one before it ends."""
_FAR = 20.0
"""Seconds from the nearest matched word on, the map is not as sure as inside a run."""
_LOOSE = 12
"""Words that fit neither side of a step, beyond which times between them are doubtful."""
_TICK = 0.001
_SURE, _ACROSS, _BEYOND, _TORN = 0.995, 0.97, 0.7, 0.4
"""Trust inside a run, between two of one offset, far outside all, and where a step is somewhere in between."""


def align(cues: Sequence[Cue], words: Sequence[Word]) -> OffsetMap | None:
    """Return the map from the cues' clock to the words'; none where the texts do not agree.

    Takes about a second for ten hours of speech.
    """
    published, heard = cue_tokens(cues), heard_tokens(words)
    pairs = anchors(published, heard)
    runs = runs_of(pairs, published, heard)
    covered = sum(run.last.published - run.first.published + 1 for run in runs)
    if covered < _ENOUGH * min(len(published), len(heard)) or not runs:
        return None
    return _Aligned(published, heard, pairs).map(runs)


@dataclass(frozen=True)
class _Step:
    """Where one run ends and the next begins, on the publisher's clock."""

    earliest: float
    latest: float
    """The step is between these; a time between them may belong to either side."""
    torn: bool
    """Many words lie between them."""


class _Aligned:
    """Two texts whose runs are known."""

    def __init__(self, published: Sequence[Token], heard: Sequence[Token], pairs: Sequence[Pair]) -> None:
        self._published, self._heard, self._pairs = published, heard, pairs
        self._starts: dict[str, list[float]] = defaultdict(list)
        for token in heard:
            self._starts[token.text].append(token.start)

    def map(self, runs: Sequence[Run]) -> OffsetMap:
        """Return the map that runs make."""
        first = 0.0 if abs(runs[0].offset) <= _SAME_CLOCK else runs[0].offset
        pieces, trust = [Piece(0.0, first)], [Trust(0.0, _BEYOND)]
        shift = first - runs[0].offset
        for before, run in zip((None, *runs[:-1]), runs, strict=True):
            if before is None:
                trust.append(Trust(max(0.0, self._time(run.first) - _FAR), _SURE))
            else:
                step, offset = self._step(before, run), run.offset + shift
                after = pieces[-1].published_start + _TICK
                start = max(step.latest, after + _TICK, pieces[-1].place - offset + _TICK)
                doubt = 0.0 if step.torn else start - min(start, max(after, step.earliest))
                pieces.append(Piece(start, offset, doubt))
                trust += [Trust(step.earliest, _TORN if step.torn else _ACROSS), Trust(start, _SURE)]
            trust += self._gaps(run)
        trust.append(Trust(self._published[runs[-1].last.published].end + _FAR, _BEYOND))
        return OffsetMap(tuple(pieces), "publisher_transcript", _sorted(trust))

    def _gaps(self, run: Run) -> Iterator[Trust]:
        """Yield what is known inside a run: less where nothing was matched for long."""
        for a, b in itertools.pairwise(run.pairs):
            if self._time(b) - self._time(a) > _FAR:
                yield from (Trust(self._time(a), _ACROSS), Trust(self._time(b), _SURE))

    def _time(self, pair: Pair) -> float:
        return self._published[pair.published].start

    def _step(self, a: Run, b: Run) -> _Step:
        """Return where offsets change between two runs, by the words between them.

        As many as possible should be found at the first offset up to somewhere, and at the second from somewhere on; what fits
        neither lies between. Pauses there speak for it, in the file and in what was published: things are put in at pauses.
        """
        x, y = self._edges(a, b)
        between = range(x.published + 1, y.published)
        apart = self._heard[x.heard].start, self._heard[y.heard].start  # a word of ours is not said twice
        at_a, at_b = ([self._found(k, pair, apart) for k in between] for pair in (x, y))
        pauses = [self._between_cues(k) for k in range(x.published + 1, y.published + 1)]
        behind = [0.0 if t is None else self._pause(self._index(t) + 1) for t in (self._heard[x.heard].start, *at_a)]
        before = [0.0 if t is None else self._pause(self._index(t)) for t in (*at_b, self._heard[y.heard].start)]
        ups = [_pausing(ours, theirs) for ours, theirs in zip(behind, pauses, strict=True)]
        downs = [_pausing(ours, theirs) for ours, theirs in zip(before, pauses, strict=True)]
        first, second = _split([t is not None for t in at_a], [t is not None for t in at_b], ups, downs)
        last = max([self._heard[x.heard].start, *(t for t in at_a[:first] if t is not None)])
        begin = min([self._heard[y.heard].start, *(t for t in at_b[second:] if t is not None)])
        last = self._heard[self._index(last)].end
        return self._refined(last - _OVERLAP - a.offset, begin, b.offset, loose=second - first)

    def _index(self, start: float) -> int:
        """Return which of our words begins at a time."""
        return bisect.bisect_right(self._heard, start, key=lambda token: token.start) - 1

    def _edges(self, a: Run, b: Run) -> tuple[Pair, Pair]:
        """Return the neighbouring matches between which the offset leaps most, of those between exact times of two runs.

        Inside a long cue offsets drift, but from one match to the next they do not. A match whose offset is far from both runs'
        is a phrase that is said twice.
        """
        low = next((pair for pair in reversed(a.pairs) if self._published[pair.published].error <= EXACT), a.last)
        high = next((pair for pair in b.pairs if self._published[pair.published].error <= EXACT), b.first)
        inside = [
            pair
            for pair in self._pairs
            if low.published <= pair.published <= high.published and (pair in {low, high} or self._fits(pair, a, b))
        ]
        rises = b.offset > a.offset
        return max(
            itertools.pairwise(inside),
            key=lambda two: (self._difference(two[1]) - self._difference(two[0])) * (1 if rises else -1),
        )

    def _fits(self, pair: Pair, *runs: Run) -> bool:
        """Tell whether a match can belong to one of the runs, as far as the time of its published word is known."""
        error = _NEAR + 2 * self._published[pair.published].error
        return any(abs(self._difference(pair) - run.offset) <= error for run in runs)

    def _difference(self, pair: Pair) -> float:
        return self._heard[pair.heard].start - self._published[pair.published].start

    def _found(self, k: int, near: Pair, apart: tuple[float, float]) -> float | None:
        """Return the time between two others at which a published word was heard where a match puts it; none if it was not."""
        token = self._published[k]
        times = self._starts.get(token.text, ())
        wanted = token.start + self._difference(near)
        error = _NEAR + min(2 * token.error, DRIFT * abs(token.start - self._time(near)), _ADRIFT)
        at = bisect.bisect_left(times, wanted)
        near_by = (t for t in times[max(0, at - 1) : at + 1] if abs(t - wanted) <= error and apart[0] < t < apart[1])
        return min(near_by, key=lambda t: abs(t - wanted), default=None)

    def _refined(self, last: float, begin: float, offset: float, *, loose: int) -> _Step:
        """Go back in our words from the first one that is surely behind the step, by at most as many as are in doubt.

        Of these, the one behind the longest pauses, ours and the publisher's, begins the stretch.
        """
        at = bisect.bisect_left(self._heard, begin, key=lambda token: token.start)
        first = min(at, len(self._heard) - 1)
        at = max(
            range(first, max(0, first - loose) - 1, -1),
            key=lambda word: round(self._pause(word) + self._published_pause(self._heard[word].start - offset), 1),
        )
        latest = self._heard[at].start - offset - max(0.0, min(_MARGIN, self._pause(at) / 2))
        return _Step(min(last, latest), latest, loose > _LOOSE)

    def _pause(self, at: int) -> float:
        """Return the seconds without words before one of ours."""
        return self._heard[at].start - (self._heard[at - 1].end if at else 0.0) if at < len(self._heard) else 0.0

    def _between_cues(self, at: int) -> float:
        """Return the seconds without words before a published one."""
        return max(0.0, self._published[at].start - self._published[at - 1].end) if 0 < at < len(self._published) else 0.0

    def _published_pause(self, time: float) -> float:
        """Return the seconds without words before the published word that begins next to a time."""
        at = bisect.bisect_left(self._published, time - _NEAR / 2, key=lambda token: token.start)
        return self._between_cues(at) if at < len(self._published) and self._published[at].start <= time + _NEAR / 2 else 0.0


def _pausing(heard: float, published: float) -> float:
    return _PAUSING * (min(1.0, heard) + min(1.0, published))


def _split(at_a: Sequence[bool], at_b: Sequence[bool], after_a: Sequence[float], before_b: Sequence[float]) -> tuple[int, int]:
    """Return how many words belong to the first run, and from which on they belong to the second.

    By chance, one word in ten is found anywhere; inside a run, two of three are at least. So a hit counts more than a miss.
    `after_a`, `before_b`: what else speaks for the first run to end, or for the second to begin, before each word.
    """
    ups = [0.0, *itertools.accumulate(_HIT if hit else _MISS for hit in at_a)]
    downs = [0.0, *itertools.accumulate(_HIT if hit else _MISS for hit in reversed(at_b))][::-1]
    ups, downs = ([x + y for x, y in zip(*pair, strict=True)] for pair in ((ups, after_a), (downs, before_b)))
    best, found, top = 0, (0, len(at_b)), float("-inf")
    for second, down in enumerate(downs):
        best = second if ups[second] > ups[best] else best
        if ups[best] + down >= top:
            found, top = (best, second), ups[best] + down
    return found


def _sorted(trust: Sequence[Trust]) -> tuple[Trust, ...]:
    """Return what is said last about each time, in order."""
    kept: list[Trust] = []
    for item in trust:
        while kept and kept[-1].published_start >= item.published_start:
            kept.pop()
        kept.append(item)
    return tuple(kept)
