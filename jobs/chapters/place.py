"""Chapters onto the timeline of the downloaded file, in two phases around the cutting of segments.

1. `find_starts`: marks and words → where each chapter begins. The assembler then cuts segments at these starts.
2. `chapters_of`: starts and segments → finished chapters with ends, ranges of segments and talk time.

A person prints `12:34` for something that began at 12:31.8. A start is moved to the beginning of the sentence or turn that
begins the topic if the list as a whole and what is heard there say so (`snap`, `topic_starts`, `topic_sides`), else it stays.

Decisions:

- A mark in the first half second stays where it is: the beginning of the file is the beginning, also under music.
- In a list that is probably exact, a time within `_AS_GOOD` of its place is left untouched, else one within `_WORD_ERROR`: word
  times are no more exact than that.
- Where music sets in is a place too: some publishers count the jingle to the chapter.
- Hidden marks are not moved: they show pictures or links at exact times and begin no topic.
- Marks with equal times move together, and share the confidence.
- A move of more than `_FAR` seconds needs confidence, or the time stays: a wrong move is worse than none.
- A chapter ends where the next visible one begins, or at its own printed end where that leaves a gap of more than `_GAP`.
  A hidden chapter ends at its own end, else where the next of any kind begins. Chapters at one start share one end.
- Embedded chapters that were not moved carry the method `embedded`. Others carry that of the offset map if it moved them or
  vouches for them, else `snapped` if they were moved to the beginning of their topic.
- What is near a published time is decided on the publisher's clock (`as_published`): the sentence behind an inserted ad is as
  near to the one before it as it was when it was published, and nothing inside the ad is near anything.
- Confidence is that of the place times the trust of the map: neither helps without the other.
- A chapter that starts at or behind the measured end is kept in its source, not in the result: there is no audio to show for
  it. If the list runs on far behind the end (`_FAR_SECONDS`), the file is a preview; the warning says so, else
  `chapters_overrun`.
"""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from jobs.chapters.anchor import IDENTITY, OffsetMap, Piece
from jobs.chapters.as_published import as_published
from jobs.chapters.snap import RIGHT, Option, Pick, habits_of, snap
from jobs.chapters.topic_sides import Boundary, TopicSides
from jobs.chapters.topic_starts import TITLE_REACH, SpokenTitles, TopicStart, music_starts, topic_starts
from storage.documents import AnchorMethod, Chapter, ChapterMark, Coverage, Notice, Segment, SourceKind, Turn, Word

_AS_GOOD = 0.5
"""Seconds from a place within which a time of an exact list is as good as the place."""
_WORD_ERROR = 0.12
"""Seconds within which word times are exact."""
_AT_A_STEP = 1.5
"""Evidence that a topic begins where something was inserted or cut."""
_FAR, _FAR_CONFIDENCE = 4.5, 0.6
"""A move of more seconds than people are off by, as from a rounded minute, must be more probable than this."""
_GAP = 1.0
_UNSURE = 0.1
"""Confidence in a rounded time that was left because nothing around it was clear, at most."""
_BEGINNING = 0.95
"""Confidence in a mark at the very beginning."""
_FAR_SECONDS, _FAR_SHARE = 60.0, 0.1
"""A list that runs behind the end by more than both of these is that of a longer file."""


@dataclass(frozen=True)
class Placed:
    """Where a chapter begins in the file."""

    mark: ChapterMark
    start: float
    method: AnchorMethod
    confidence: float


# ------------------------------------------------------------------ phase 1: starts


def find_starts(
    marks: Sequence[ChapterMark],
    kind: SourceKind,
    *,
    words: Sequence[Word],
    turns: Sequence[Turn],
    coverage: Sequence[Coverage],
    duration: float,
    offsets: OffsetMap = IDENTITY,
) -> tuple[tuple[Placed, ...], tuple[Notice, ...]]:
    """Return where each mark begins in a file of `duration` seconds, in order of time, and what should be known about it.

    `words`, `turns` and `coverage` are in file time and sorted; any may be empty. Marks behind the end are left out, with
    a notice. `kind` tells how much the times themselves are to be trusted.
    """
    inside = [m for m in sorted(marks, key=lambda m: m.start) if offsets.apply(m.start) < duration]
    options = _Options(*as_published(words, turns, coverage, offsets))
    if offsets.method in {"publisher_transcript", "reference_audio"}:  # other maps know that there is a step, not where
        options.favour(offsets.pieces[1:])
    picks = _picks([m for m in inside if not m.hidden], options, offsets, on_file=kind == "embedded")
    sure = sum(p.confidence for p in picks.values()) / len(picks) if picks else RIGHT
    placed = [_placed(m, kind, offsets, picks.get(m.start) if not m.hidden else None, sure) for m in inside]
    said = (*_beyond(marks, inside, offsets, duration), *_moved(placed))
    return tuple(sorted(placed, key=lambda p: p.start)), said


def _placed(mark: ChapterMark, kind: SourceKind, offsets: OffsetMap, pick: Pick | None, otherwise: float) -> Placed:
    there = offsets.apply(mark.start)
    start = pick.time if pick else there
    confidence = pick.confidence if pick else otherwise
    return Placed(mark, start, _method(kind, offsets, there - mark.start, snapped=start != there), confidence)


def _method(kind: SourceKind, offsets: OffsetMap, offset: float, *, snapped: bool) -> AnchorMethod:
    if kind == "generated":
        return "generated"
    if snapped and abs(offset) < RIGHT:
        return "snapped"
    return "embedded" if kind == "embedded" and offsets.method == "as_published" else offsets.method


def _beyond(marks: Sequence[ChapterMark], inside: Sequence[ChapterMark], offsets: OffsetMap, duration: float) -> Iterator[Notice]:
    """Say which chapters have no audio: those of a longer file, or the overrun of a careless list."""
    if len(inside) < len(marks):
        by = max(offsets.apply(mark.start) for mark in marks) - duration
        count = f"{len(marks) - len(inside)} of {len(marks)} chapters start behind the end of the file"
        lost = f"{count}, the last by {by:.0f} s; they are left out"
        if by > max(_FAR_SECONDS, _FAR_SHARE * duration):
            text = f"The file is shorter than what was published, perhaps a preview: {lost}."
            yield Notice(code="preview", message=text)
        else:
            yield Notice(code="chapters_overrun", message=f"The published list overruns the file: {lost}.")


def _moved(placed: Sequence[Placed]) -> Iterator[Notice]:
    moved = [abs(p.start - p.mark.start) for p in placed if p.method == "snapped"]
    if moved:
        text = (
            f"{len(moved)} of {len(placed)} chapter starts were moved to where the topic begins, by at most {max(moved):.1f} s."
        )
        yield Notice(code="chapters_snapped", message=text)


def _picks(marks: Sequence[ChapterMark], heard: _Options, offsets: OffsetMap, *, on_file: bool) -> dict[float, Pick]:
    """Return the decision for each published time."""
    titles: dict[float, list[str]] = defaultdict(list)
    for mark in marks:
        titles[mark.start].append(mark.title)
    first = {start: Pick(start, _BEGINNING, 1.0) for start in titles if start < RIGHT}
    later = [start for start in titles if start >= RIGHT]
    habits = habits_of(later, on_file=on_file, estimated=offsets.method == "title_evidence")
    reach = max(habit.reach for habit in habits)
    floor = max((pick.time for pick in first.values()), default=-1.0)
    bounds = [0.0, *later, float("inf")]
    options = [
        heard.near(" ".join(titles[at]), at, (max(floor, at - reach), at + reach), (bounds[n], bounds[n + 2]))
        for n, at in enumerate(later)
    ]
    decided = snap(later, options, habits)
    picks = first | {at: _kept(at, pick, len(titles[at])) for at, pick in zip(later, decided, strict=True)}
    return {
        at: replace(pick, time=offsets.apply(pick.time), confidence=pick.confidence * offsets.certainty(at))
        for at, pick in picks.items()
    }


class _Options:
    """What a published time may mean, by what is heard around it; all times are on the publisher's clock."""

    def __init__(self, words: Sequence[Word], turns: Sequence[Turn], coverage: Sequence[Coverage]) -> None:
        spoken = topic_starts(words, turns, coverage)
        self._places = sorted((*spoken, *music_starts(coverage)), key=lambda p: p.time)
        self._times = [p.time for p in self._places]
        firsts = [p.word for p in spoken if p.word is not None]
        self._following = dict(zip(firsts, [*firsts[1:], len(words)], strict=False))
        self._titles = SpokenTitles(words)
        self._sides = TopicSides(words)

    def favour(self, steps: Sequence[Piece]) -> None:
        """Count in that things are put in, and cut, where topics end: raise the first place behind each step."""
        for step in steps:
            at = bisect.bisect_left(self._times, step.published_start - step.doubt)
            if at < len(self._times) and self._times[at] <= step.published_start + RIGHT:
                place = self._places[at]
                self._places[at] = replace(place, evidence=place.evidence + _AT_A_STEP)

    def near(self, title: str, at: float, between: tuple[float, float], neighbours: tuple[float, float]) -> list[Option]:
        """Return the options, between two times, for a title published at a time; sorted, the time itself one of them.

        `neighbours`: the published times of the chapters before and behind it.
        """
        low, high = bisect.bisect_right(self._times, between[0]), bisect.bisect_right(self._times, between[1])
        places = self._places[low:high]
        boundary = self._sides.boundary(between, neighbours)
        spoken = _words_of(places)
        topical = dict(zip(spoken, boundary.evidence(spoken), strict=True))
        found = [Option(at, stay=True)]
        for place in places:
            evidence = place.evidence
            if place.word is not None:
                evidence += topical[place.word] + self._said(title, place.word, boundary)
            found.append(Option(place.time, evidence))
        return sorted(found, key=lambda o: o.time)

    def _said(self, title: str, word: int, boundary: Boundary) -> float:
        following = self._following[word]
        topical = boundary.opens(word, min(following, word + TITLE_REACH))
        return self._titles.evidence(title, word, following, topical=topical)


def _words_of(places: Sequence[TopicStart]) -> list[int]:
    return [place.word for place in places if place.word is not None]


def _kept(there: float, pick: Pick, sharing: int) -> Pick:
    """Undo a move that could not make the start better than it was, or is too far for its evidence.

    Where several chapters share one published time, at most one of them can be right.
    """
    pick = replace(pick, confidence=pick.confidence / sharing)
    distance = abs(pick.time - there)
    good = distance <= (_AS_GOOD if pick.exact >= 0.5 else _WORD_ERROR)
    if distance > _FAR and pick.confidence < _FAR_CONFIDENCE:
        return Pick(there, _UNSURE * (1 - pick.confidence), pick.exact)
    return replace(pick, time=there) if good else pick


# ------------------------------------------------------------------ phase 2: chapters


def chapters_of(
    placed: Sequence[Placed],
    kind: SourceKind,
    *,
    segments: Sequence[Segment],
    duration: float,
    offsets: OffsetMap = IDENTITY,
) -> tuple[Chapter, ...]:
    """Return the finished chapters for segments that were cut at the placed starts.

    A segment belongs to the chapter in which its middle lies, so a millisecond of rounding moves none.
    """
    ordered = sorted(placed, key=lambda p: p.start)
    middles = list(itertools.accumulate(((s.start + s.end) / 2 for s in segments), max))  # rising, also where voices overlap
    chapters = []
    for at, here in enumerate(ordered):
        end = _end(here, ordered[at + 1 :], duration, offsets)
        low, high = bisect.bisect_left(middles, here.start), bisect.bisect_left(middles, end)
        high = len(middles) if end >= duration else max(low, high)
        chapters.append(_chapter(here, kind, end, (low, high), segments[low:high]))
    return tuple(chapters)


def _chapter(here: Placed, kind: SourceKind, end: float, span: tuple[int, int], segments: Sequence[Segment]) -> Chapter:
    talk: dict[str, float] = defaultdict(float)
    for segment in segments:
        if segment.speaker:
            talk[segment.speaker] += segment.end - segment.start
    mark = here.mark
    return Chapter(
        title=mark.title,
        start=here.start,
        end=end,
        published_start=None if kind == "generated" else mark.start,
        offset=0.0 if kind == "generated" else here.start - mark.start,
        method=here.method,
        confidence=here.confidence,
        source=kind,
        url=mark.url,
        image=mark.image,
        hidden=mark.hidden,
        truncated=mark.truncated,
        segments=span,
        talk_time=dict(talk),
    )


def _end(here: Placed, later: Sequence[Placed], duration: float, offsets: OffsetMap) -> float:
    hidden = here.mark.hidden
    following = next((p.start for p in later if p.start > here.start and (hidden or not p.mark.hidden)), duration)
    if here.mark.end is None:
        return max(here.start, following)
    own = offsets.apply(here.mark.end)
    if hidden:
        return min(max(here.start, own), duration)
    return own if here.start < own < following - _GAP else max(here.start, following)
