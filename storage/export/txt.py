"""Plain text to read, search, or feed to another program."""

from __future__ import annotations

from collections.abc import Iterator

from storage.documents import Transcript
from storage.export.clock import clock
from storage.export.making import making, reservations
from storage.export.sections import sections_of
from storage.export.voices import voices
from storage.plain import one_line


def txt(transcript: Transcript) -> str:
    """Write a transcript as plain text: chapters in brackets of equals signs, `Name (time): text` below, one paragraph a line."""
    return "\n\n".join(_blocks(transcript)) + "\n"


def _blocks(transcript: Transcript) -> Iterator[str]:
    names = voices(transcript)
    yield "\n".join(making(transcript))
    for section in sections_of(transcript):
        if section.chapter is not None:
            yield f"== {clock(section.chapter.start)} {one_line(section.chapter.title)} =="
        for paragraph in section.paragraphs:
            name = names[paragraph.speaker] if paragraph.speaker is not None else ""
            time = f"({clock(paragraph.start)})"
            yield f"{name} {time}: {paragraph.text}" if name else f"{time} {paragraph.text}"
    if notes := reservations(transcript):
        yield "\n".join(["--", *notes])
