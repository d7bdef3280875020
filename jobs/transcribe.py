"""The step `transcribe`: one part of the audio becomes segments, heard a second time where the first result looks invented."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby

from jobs.bridges import Crossing
from jobs.engines.protocols import PartAudio, Progress, SpeechOptions, Transcriber
from jobs.quality import INVENTED, better, judge, looks_invented
from jobs.unheard import unheard, with_found, within
from storage.documents import Document, Notice, Segment, SegmentFlag

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
    """Transcribe one part; times are the file's, `progress` gets seconds of the part.

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


def hear_bridges(
    index: int,
    bridges: Sequence[PartAudio],
    transcriber: Transcriber,
    options: SpeechOptions,
    progress: Progress,
    *,
    settles: Callable[[Sequence[Segment]], bool] = lambda _: False,
) -> Crossing:
    """Hear the bridges over the seam at the start of a part; `progress` gets seconds of all of them.

    Each is one voice among several: it is heard once, and left out where it looks invented. After one that `settles` what was
    said, the others are not heard.
    """
    readings: list[Sequence[Segment]] = []
    done, once = 0.0, replace(options, once=True)
    for bridge in bridges:
        heard = transcriber.transcribe(bridge, once, _at(progress, done))
        reading = judge(_with_the_unheard(heard, bridge, transcriber, options))
        done += bridge.end - bridge.start
        if not looks_invented(reading):
            readings.append(reading)
            if settles(reading):
                break
    return Crossing(index=index, readings=tuple(map(tuple, readings)))


def _with_the_unheard(
    segments: tuple[Segment, ...], part: PartAudio, transcriber: Transcriber, options: SpeechOptions
) -> tuple[Segment, ...]:
    """Hear the stretches of speech that came out without a word, and put what is found there in, unless it is doubtful.

    All of them in one call, with silence between them: an engine hears 30 s at once, however little is said in them.
    """
    gaps = list(unheard(part.speech, segments))
    if not gaps:
        return segments
    again = judge(transcriber.transcribe(part.only(gaps), replace(options, once=True), lambda _: None))
    sure = [segment for segment in again if not _DOUBTFUL.intersection(segment.flags)]
    for gap in gaps:
        segments = with_found(segments, within(sure, gap), gap, part.speech)
    return segments


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
