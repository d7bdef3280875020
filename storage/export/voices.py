"""What the speakers are called on paper."""

from __future__ import annotations

from storage.documents import Transcript
from storage.plain import one_line


def voices(transcript: Transcript) -> dict[str, str]:
    """Map each speaker's label to their name where it is known, else to the label; speakers nobody listed keep their label."""
    names = {speaker.label: one_line(speaker.name or "") or one_line(speaker.label) for speaker in transcript.speakers}
    for segment in transcript.segments:
        for label in {segment.speaker, *(word.speaker for word in segment.words)}:
            if label is not None:
                names.setdefault(label, one_line(label))
    return names
