"""WebVTT with voices (https://www.w3.org/TR/webvtt1/)."""

from __future__ import annotations

from collections.abc import Mapping

from storage.documents import Transcript
from storage.export.clock import timestamp
from storage.export.cues import Cue, cues_of, lines_of
from storage.export.making import making
from storage.export.voices import voices


def webvtt(transcript: Transcript) -> str:
    """Write a transcript as WebVTT: a note on how it was made, then one cue a block with `<v Name>` around its text."""
    names = voices(transcript)
    note = "\n".join(escaped(line) for line in making(transcript))
    blocks = ["WEBVTT", f"NOTE\n{note}"]
    blocks.extend(_block(cue, names) for cue in cues_of(transcript))
    return "\n\n".join(blocks) + "\n"


def _block(cue: Cue, names: Mapping[str, str]) -> str:
    text = "\n".join(escaped(line) for line in lines_of(cue.words))
    name = names[cue.speaker] if cue.speaker is not None else ""
    if name:
        text = f"<v {escaped(name)}>{text}</v>"
    return f"{timestamp(cue.start_ms)} --> {timestamp(cue.end_ms)}\n{text}"


def escaped(text: str) -> str:
    """Escape what begins a tag or an entity; without a bare `>` no text can look like a line of times either."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
