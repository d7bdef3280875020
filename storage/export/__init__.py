"""A transcript in the formats that other programs and people read.

Every writer is a pure function from `Transcript` to text. Strings come from feeds and from hostile show notes, so each writer
escapes as its format demands, puts every string on one line, and writes only http(s) links.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from storage.documents import Transcript
from storage.errors import OptionError
from storage.export.chapters_json import chapters_json
from storage.export.document import document
from storage.export.markdown import markdown
from storage.export.podcast_json import podcast_json
from storage.export.psc import psc
from storage.export.srt import srt
from storage.export.txt import txt
from storage.export.webvtt import webvtt

__all__ = ["FORMATS", "Format", "format_named"]


@dataclass(frozen=True)
class Format:
    """One way to write a transcript."""

    name: str
    suffix: str
    """What the file name ends in, with the dot; no suffix is the end of another."""
    media_type: str
    render: Callable[[Transcript], str]


_ALL = (
    Format("json", ".transcript.json", "application/json", document),
    Format("vtt", ".vtt", "text/vtt", webvtt),
    Format("srt", ".srt", "application/x-subrip", srt),
    Format("podcast-json", ".podcast.json", "application/json", podcast_json),
    Format("chapters-json", ".chapters.json", "application/json+chapters", chapters_json),
    Format("psc", ".psc.xml", "application/xml", psc),
    Format("markdown", ".md", "text/markdown", markdown),
    Format("txt", ".txt", "text/plain", txt),
)

FORMATS: Mapping[str, Format] = MappingProxyType({entry.name: entry for entry in _ALL})
"""The writers by name; `json` is the transcript document itself."""


def format_named(name: str) -> Format:
    """Return a format; raises `OptionError` for a name that is none."""
    try:
        return FORMATS[name]
    except KeyError:
        raise OptionError(f"There is no export format {name!r}.", hint=f"Choose from: {', '.join(FORMATS)}.") from None
