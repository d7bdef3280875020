"""The step `transcribe`: one part of the audio becomes segments, heard a second time where the first result looks invented."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from jobs.engines.protocols import PartAudio, Progress, SpeechOptions, Transcriber
from jobs.quality import INVENTED, better, judge, looks_invented
from storage.documents import Document, Notice, Segment, SegmentFlag, Span

UNHEARD = 1.0
"""Seconds of detected speech without a word, from which on the stretch is heard again."""

BREATH = 0.5
"""A pause up to this many seconds does not end a stretch of speech: the words of a sentence that was passed over are one."""

_DOUBTFUL = frozenset({*INVENTED, "low_confidence", "no_speech_likely"})


class PartTranscript(Document):
    """What was heard in one part."""

    index: int
    segments: tuple[Segment, ...]
    tries: int = 1
    warnings: tuple[Notice, ...] = ()


def transcribe_part(
    index: int, part: PartAudio, transcriber: Transcriber, options: SpeechOptions, progress: Progress
) -> PartTranscript:
    """Transcribe one part; `progress` gets seconds of the part, the result has times of the file.

    Each stretch that looks invented is heard once more on its own, with steadier settings, and the better reading is kept. So
    is each stretch of speech that came out without a word, since an engine sometimes passes over a sentence.
    A part without speech is not given to the engine: whatever it said there would be invented.
    """
    if not part.speech:
        progress(part.end - part.start)
        return PartTranscript(index=index, segments=())
    heard = judge(_with_the_unheard(transcriber.transcribe(part, options, progress), part, transcriber, options))
    if not looks_invented(heard):
        return PartTranscript(index=index, segments=heard)
    steadier = replace(options, retry=True)
    kept: list[Segment] = []
    for doubtful, run in groupby(range(len(heard)), key=lambda at: looks_invented([heard[at]])):
        places = list(run)
        reading: Sequence[Segment] = heard[places[0] : places[-1] + 1]
        if doubtful:
            start = heard[places[0] - 1].end if places[0] > 0 else part.start
            end = heard[places[-1] + 1].start if places[-1] + 1 < len(heard) else part.end
            again = transcriber.transcribe(part.between(start, end), steadier, _at(progress, start - part.start))
            reading = better(reading, judge(again))
        kept.extend(reading)
    segments = judge([segment.model_copy(update={"flags": _own_flags(segment)}) for segment in kept])
    return PartTranscript(index=index, segments=segments, tries=2, warnings=_flagged(segments))


def _with_the_unheard(
    segments: tuple[Segment, ...], part: PartAudio, transcriber: Transcriber, options: SpeechOptions
) -> tuple[Segment, ...]:
    """Add what is heard in stretches of speech that came out without a word, each listened to alone, unless it is doubtful."""
    alone = replace(options, batch_size=1)
    found: list[Segment] = []
    for gap in _unheard(part.speech, segments):
        again = judge(transcriber.transcribe(part.between(gap.start, gap.end), alone, lambda _: None))
        found.extend(segment for segment in again if not _DOUBTFUL.intersection(segment.flags))
    return tuple(sorted((*segments, *found), key=lambda segment: segment.start)) if found else segments


def _unheard(speech: Sequence[Span], segments: Sequence[Segment]) -> Iterator[Span]:
    words = sorted((word for segment in segments for word in segment.words), key=lambda word: word.start)
    for stretch in _stretches(speech):
        at = stretch.start
        for word in words:
            if word.end <= at or word.start >= stretch.end:
                continue
            if word.start - at > UNHEARD:
                yield Span(start=at, end=word.start)
            at = max(at, word.end)
        if stretch.end - at > UNHEARD:
            yield Span(start=at, end=stretch.end)


def _stretches(speech: Sequence[Span]) -> Iterator[Span]:
    """Yield the speech regions, those with no more than a breath between them as one."""
    joined: Span | None = None
    for region in speech:
        if joined is not None and region.start - joined.end <= BREATH:
            joined = Span(start=joined.start, end=region.end)
            continue
        if joined is not None:
            yield joined
        joined = region
    if joined is not None:
        yield joined


def _at(progress: Progress, offset: float) -> Progress:
    return lambda done: progress(offset + done)


def _own_flags(segment: Segment) -> tuple[SegmentFlag, ...]:
    """Return what the engine itself said of a segment, to be judged anew among its final neighbours."""
    return tuple(flag for flag in segment.flags if flag not in INVENTED)


def _flagged(segments: tuple[Segment, ...]) -> tuple[Notice, ...]:
    return tuple(
        Notice(
            code="text_doubtful",
            message=f"The text from {segment.start:.1f} s to {segment.end:.1f} s may be invented ({', '.join(segment.flags)}); "
            "it was heard twice and kept.",
        )
        for segment in segments
        if looks_invented([segment])
    )
