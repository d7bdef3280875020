"""The step `transcribe`: one part of the audio becomes segments, heard a second time if the first result looks invented."""

from __future__ import annotations

from dataclasses import replace

from jobs.engines.protocols import PartAudio, Progress, SpeechOptions, Transcriber
from jobs.quality import better, judge, looks_invented
from storage.documents import Document, Notice, Segment


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

    A part without speech is not given to the engine: whatever it said there would be invented.
    """
    if not part.speech:
        progress(part.end - part.start)
        return PartTranscript(index=index, segments=())
    heard = judge(transcriber.transcribe(part, options, progress))
    if not looks_invented(heard):
        return PartTranscript(index=index, segments=heard)
    again = judge(transcriber.transcribe(part, replace(options, retry=True), progress))
    kept = tuple(better(heard, again))
    return PartTranscript(index=index, segments=kept, tries=2, warnings=_flagged(kept))


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
