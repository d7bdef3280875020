"""SubRip, as players read it; the format has no standard and no way to escape."""

from __future__ import annotations

import re
from collections.abc import Mapping

from storage.documents import Transcript
from storage.export.clock import timestamp
from storage.export.cues import Cue, cues_of, lines_of
from storage.export.voices import voices
from storage.words import width

_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_OVERRIDE = re.compile(r"\{(?=\\)")


def srt(transcript: Transcript) -> str:
    r"""Write a transcript as SubRip: numbered cues; a cue begins with `Name: ` where the speaker changes.

    Players take `<i>` and `{\an8}` for markup, and `-->` for a line of times, with no way to say otherwise. So such a `<`
    becomes `‹`, such a `{` becomes `(`, and an arrow becomes `→`.
    """
    names = voices(transcript)
    return "\n".join(_block(number, cue, names) for number, cue in enumerate(cues_of(transcript), start=1))


def _block(number: int, cue: Cue, names: Mapping[str, str]) -> str:
    name = names[cue.speaker] if cue.announced and cue.speaker is not None else ""
    says = f"{name}: " if name else ""
    text = says + "\n".join(lines_of(cue.words, indent=width(says)))
    times = f"{timestamp(cue.start_ms, mark=',')} --> {timestamp(cue.end_ms, mark=',')}"
    return f"{number}\n{times}\n{defused(text)}\n"


def defused(text: str) -> str:
    """Return a text without what players take for markup or times."""
    return _OVERRIDE.sub("(", _TAG.sub("‹", text.replace("-->", "→")))
