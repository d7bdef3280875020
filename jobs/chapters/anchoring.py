"""The map for one episode: which evidence is asked, in which order, and what a reader should know about the outcome.

1. The publisher's clean audio, if it was given and has this file's sound (`reference_audio`).
2. The publisher's transcript, if its words agree with ours (`align`).
3. Chapters embedded in the file, against the published list (`sister_lists`).
4. The titles of the list, and the notes' words under them (`beside_rows`), against what is said (`title_evidence`), together
   with the duration difference.

The first that has a map decides. Embedded chapters are on the file's own clock and keep it, unless they are tags of the
publisher's file that were sent along with another one (`stale_tags`); audio and transcript still tell what was inserted. Where
nothing decides, the clocks count as one, trusted as far as durations and titles bear that out.

Decisions: a transcript that runs on behind the published duration by more than `_OTHER_CLOCK` was made from another version of
the file, with its ads, and is no evidence for the chapters' clock (unless the published duration is this very file's, and says
nothing of another version). Inserted stretches are reported where audio or a transcript
shows them; titles tell that something was inserted between two chapters, and what is said there, at best, which part of it
(`foreign_stretches`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from jobs.chapters.align import align
from jobs.chapters.anchor import IDENTITY, OffsetMap
from jobs.chapters.foreign_stretches import foreign_stretches
from jobs.chapters.reference_audio import Compared
from jobs.chapters.sister_lists import sister_offsets
from jobs.chapters.stale_tags import on_publishers_clock
from jobs.chapters.title_evidence import title_offsets
from jobs.published import PublisherTranscript
from storage.documents import ChapterMark, Coverage, Notice, SourceKind, Span, Turn, Word

_OTHER_CLOCK = 30.0
"""Seconds, besides a hundredth of the duration."""
_SAME_LENGTH = 5.0
"""Seconds by which two durations of one file differ."""
_SHORTEST = 5.0
"""Seconds that must be inserted or cut to be worth a word."""
_LONGER = 20.0
"""A file that is longer than published by more seconds holds inserted stretches, or the published duration is stale."""
_DOUBTFUL = 0.5
_NAMED = 5
"""So many stretches are named in one warning."""


@dataclass(frozen=True)
class Episode:
    """What was heard in a file, and how long it should be."""

    words: Sequence[Word]
    turns: Sequence[Turn]
    coverage: Sequence[Coverage]
    duration: float
    published_duration: float | None


@dataclass(frozen=True)
class Anchoring:
    """How the publisher's clock lies on the file's."""

    offsets: OffsetMap = IDENTITY
    inserted: tuple[Span, ...] = ()
    """Stretches of the file that the publisher did not publish."""
    notices: tuple[Notice, ...] = ()


def anchor(
    marks: Sequence[ChapterMark],
    kind: SourceKind | None,
    heard: Episode,
    *,
    embedded: Sequence[ChapterMark] = (),
    transcripts: Sequence[PublisherTranscript] = (),
    reference: Compared | None = None,
    beside: Mapping[float, str] | None = None,
) -> Anchoring:
    """Find the map for the chosen marks, sorted by time; `kind`: where they are from, none if there are none.

    `beside`: by start, what the notes say of chapters besides their titles.
    """
    if reference is not None:
        spoken: OffsetMap | None = reference.offsets
        heard = replace(heard, published_duration=reference.published_duration)
    else:
        spoken = next(filter(None, (_aligned(transcript, heard) for transcript in transcripts)), None)
    inserted = _inserted(spoken, heard) if spoken is not None else ()
    notices = tuple(_stretches(inserted, spoken.cut if spoken is not None else ()))
    if kind is None or kind == "generated":
        return Anchoring(IDENTITY, inserted, notices)
    if kind == "embedded":
        if spoken is None or not _stale(marks, spoken, heard):
            return Anchoring(IDENTITY, inserted, notices)
        return Anchoring(spoken, inserted, (*notices, _STALE, *_moves(marks, spoken)))
    offsets = spoken or sister_offsets(marks, embedded)
    if offsets is not None:
        return Anchoring(offsets, inserted, (*notices, *_moves(marks, offsets)))
    told = title_offsets(
        marks,
        words=heard.words,
        turns=heard.turns,
        coverage=heard.coverage,
        duration=heard.duration,
        published_duration=heard.published_duration,
        beside=beside,
    )
    if told.pieces:
        inserted = foreign_stretches(
            marks, told, words=heard.words, turns=heard.turns, coverage=heard.coverage, duration=heard.duration
        )
        return Anchoring(told, inserted, (*_stretches(inserted, ()), *_moves(marks, told)))
    return Anchoring(told, inserted, tuple(_kept(marks, told, heard)))


def _stale(marks: Sequence[ChapterMark], offsets: OffsetMap, heard: Episode) -> bool:
    return on_publishers_clock(
        marks, offsets, words=heard.words, turns=heard.turns, coverage=heard.coverage, duration=heard.duration
    )


_STALE = Notice(
    code="embedded_chapters_stale",
    message="The chapters in the file are those of the publisher's version: what they name begins where its transcript has them.",
)


def _aligned(transcript: PublisherTranscript, heard: Episode) -> OffsetMap | None:
    """Return the map that a transcript shows; none if it has no times, another clock, or other words."""
    if not transcript.cues:
        return None
    last = max(cue.end or cue.start for cue in transcript.cues)
    published = heard.published_duration
    own = published is not None and abs(heard.duration - published) <= _SAME_LENGTH
    if published is not None and not own and last > 1.01 * published + _OTHER_CLOCK:
        return None
    return align(transcript.cues, heard.words)


def _inserted(offsets: OffsetMap, heard: Episode) -> tuple[Span, ...]:
    """Return the inserted stretches, with what follows the published end where that is known."""
    spans = [Span(start=s.start, end=min(s.end, heard.duration)) for s in offsets.inserted if s.start < heard.duration]
    if heard.published_duration is not None and offsets.pieces:
        end = heard.published_duration + offsets.pieces[-1].offset
        if heard.duration - end > _LONGER:
            spans.append(Span(start=max(0.0, end), end=heard.duration))
    return tuple(span for span in spans if span.end - span.start >= _SHORTEST)


# ------------------------------------------------------------------ what should be known


def _stretches(inserted: Sequence[Span], cut: Sequence[Span]) -> Iterator[Notice]:
    if inserted:
        text = f"{_seconds(inserted)} of this file are not in what was published (ads, most likely): {_named(inserted)}."
        yield Notice(code="inserted_audio", message=text)
    gone = [span for span in cut if span.end - span.start >= _SHORTEST]
    if gone:
        text = f"{_seconds(gone)} of what was published are not in this file; on the publisher's clock: {_named(gone)}."
        yield Notice(code="audio_cut", message=text)


def _moves(marks: Sequence[ChapterMark], offsets: OffsetMap) -> Iterator[Notice]:
    moved = [offsets.apply(mark.start) - mark.start for mark in marks if not mark.hidden]
    moved = [offset for offset in moved if abs(offset) >= 1]
    if moved:
        by = f"{min(moved):+.0f} s" if max(moved) - min(moved) < 1 else f"{min(moved):+.0f} to {max(moved):+.0f} s"
        text = (
            f"{len(moved)} of {len(marks)} chapters lie elsewhere in this file than published, by {by}: {_WHY[offsets.method]}."
        )
        yield Notice(code="chapters_anchored", message=text)
    doubtful = [mark for mark in marks if offsets.certainty(mark.start) < _DOUBTFUL and not mark.hidden]
    if doubtful:
        text = f"Where {len(doubtful)} of {len(marks)} chapters lie is uncertain: they are in a stretch without evidence."
        yield Notice(code="chapters_uncertain", message=text)


_WHY = {
    "reference_audio": "the audio that was given for comparison has them there",
    "publisher_transcript": "the publisher's transcript says so",
    "embedded": "chapters of the same titles in the file say so",
    "title_evidence": "their titles are said there",
}


def _kept(marks: Sequence[ChapterMark], offsets: OffsetMap, heard: Episode) -> Iterator[Notice]:
    """Say that published times were kept though something speaks against them."""
    published = heard.published_duration
    excess = 0.0 if published is None else heard.duration - published
    doubtful = any(offsets.certainty(mark.start) < _DOUBTFUL for mark in marks if not mark.hidden)
    if marks and (abs(excess) > _LONGER or doubtful):
        length = (
            f"is {abs(excess):.0f} s {'longer' if excess > 0 else 'shorter'} than published, but" if excess else "may differ:"
        )
        text = f"The file {length} nothing that is said tells where; chapters keep their published times."
        yield Notice(code="chapters_not_anchored", message=text)


def _seconds(spans: Sequence[Span]) -> str:
    return f"{sum(span.end - span.start for span in spans):.0f} s"


def _named(spans: Sequence[Span]) -> str:
    shown = [f"{_clock(span.start)}–{_clock(span.end)}" for span in spans[:_NAMED]]
    return ", ".join(shown) + (f" and {len(spans) - _NAMED} more" if len(spans) > _NAMED else "")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
