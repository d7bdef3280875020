"""What faster-whisper hears in a stretch of compact speech, as segments of the file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jobs.engines.speech_chunks import CompactSpeech
from storage.documents import Segment, SegmentFlag, Word

LOW_LOG_PROBABILITY = -1.0
"""Whisper's own bound for the mean log probability of a segment below which it does not trust itself."""

REPETITIVE = 2.4
"""Whisper's own bound for the compression ratio of a segment's text, above which it repeats itself."""

NO_SPEECH = 0.6
"""Whisper's own bound for the probability that a window holds no speech."""


def segment_of(heard: Any, speech: CompactSpeech) -> Segment:
    """Return a segment in the file's time, flagged where Whisper's own figures say that it may be invented."""
    words = tuple(_words_of(heard.words or (), speech))
    flags: list[SegmentFlag] = []
    if heard.compression_ratio > REPETITIVE:
        flags.append("repetition")
    if heard.avg_logprob < LOW_LOG_PROBABILITY:
        flags.append("low_confidence")
    if heard.no_speech_prob > NO_SPEECH and heard.avg_logprob < LOW_LOG_PROBABILITY / 2:
        flags.append("no_speech_likely")
    start = words[0].start if words else speech.file_time(heard.start)
    end = words[-1].end if words else speech.file_time(heard.end)
    return Segment(start=start, end=max(start, end), text=heard.text.strip(), words=words, flags=tuple(flags))


def _words_of(heard: Iterable[Any], speech: CompactSpeech) -> Iterable[Word]:
    for index, word in enumerate(heard):
        text = word.word.strip()
        if not text:
            continue
        # a word lies in one chunk: a joint between two would stretch it over the silence that was left out
        chunk = speech.chunk_at((word.start + word.end) / 2)
        start = speech.file_time(word.start, chunk)
        yield Word(
            start=start,
            end=max(start, speech.file_time(word.end, chunk)),
            text=text,
            probability=min(max(float(word.probability), 0.0), 1.0),
            joined=index > 0 and not word.word[0].isspace(),
        )
