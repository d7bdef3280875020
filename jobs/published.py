"""What a publisher's own transcript says: cues with times on the publisher's clock, whatever format they came in."""

from __future__ import annotations

from storage.documents import Document, Notice, Seconds


class Cue(Document):
    """A piece of a publisher's transcript: a caption, a paragraph, or a single word."""

    start: Seconds
    end: Seconds | None = None
    """None where the format gives starts only."""
    text: str
    speaker: str | None = None


class PublisherTranscript(Document):
    """One transcript that a publisher offers beside an episode, read."""

    url: str
    media_type: str | None = None
    language: str | None = None
    cues: tuple[Cue, ...] = ()
    """In order of time; empty for a transcript without times."""
    warnings: tuple[Notice, ...] = ()
