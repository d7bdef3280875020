"""The Podcasting 2.0 transcript JSON.

https://github.com/Podcastindex-org/podcast-namespace/blob/main/transcripts/transcripts.md
"""

from __future__ import annotations

import json

from storage.documents import Transcript
from storage.export.cues import cues_of
from storage.export.voices import voices
from storage.words import text_of


def podcast_json(transcript: Transcript) -> str:
    """Write a transcript as Podcasting 2.0 JSON, one entry a cue; `speaker` is left out where nobody knows."""
    names = voices(transcript)
    segments: list[dict[str, str | float]] = []
    for cue in cues_of(transcript):
        name = names[cue.speaker] if cue.speaker is not None else ""
        entry: dict[str, str | float] = {"speaker": name} if name else {}
        entry |= {"startTime": cue.start_ms / 1000, "endTime": cue.end_ms / 1000, "body": text_of(cue.words)}
        segments.append(entry)
    return json.dumps({"version": "1.0.0", "segments": segments}, ensure_ascii=False, allow_nan=False) + "\n"
