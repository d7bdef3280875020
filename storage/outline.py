"""What there is to know of a transcript without its words: read many times faster, and small enough to keep."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

from storage.documents import Audio, Chapter, Episode, Speaker
from storage.errors import SourceError


class Outline(BaseModel):
    """The episode, its file, who speaks, and the chapters."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    episode: Episode
    audio: Audio
    language: str | None
    speakers: tuple[Speaker, ...]
    chapters: tuple[Chapter, ...]


def read_outline(document: bytes) -> Outline:
    """Read a transcript document as far as an outline goes; `SourceError` where it is none."""
    try:
        return Outline.model_validate_json(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        hint = "Transcribe the episode again, or use the earmark version that wrote it."
        raise SourceError(f"This is no transcript that this earmark reads: {place}: {first['msg']}.", hint=hint) from error
