"""What a person may ask of the processing of an episode."""

from __future__ import annotations

import hashlib
import json
from typing import Literal

from pydantic import Field, model_validator

from storage.documents import Document
from storage.errors import OptionError

EngineChoice = Literal["auto", "whisper", "pocketsphinx", "scripted"]
DiarizerChoice = Literal["auto", "pyannote", "resemblyzer", "none", "scripted"]

_as_json = json.JSONEncoder(ensure_ascii=False).encode
"""What `json.dumps` does, without making an encoder for each of the many keys of a plan."""


class Options(Document):
    """The options of one job; two jobs with equal options on one episode are one job."""

    engine: EngineChoice = "auto"
    model: str | None = None
    """Name, folder or hub id of a Whisper model; for the scripted engine the script."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: str = "auto"
    language: str | None = None
    """BCP 47 code; none lets the engine listen."""
    prompt: str | None = None
    hotwords: str | None = None
    beam_size: int = Field(default=5, ge=1)
    batch_size: int = Field(default=0, ge=0)
    """Most windows decoded together; 0 lets the engine decide. Like `threads`, it changes no result."""
    threads: int = Field(default=0, ge=0)
    workers: int = Field(default=0, ge=0)
    """Batches heard at once; 0 lets the engine decide. Like `threads`, it changes no result."""
    part_seconds: float = Field(default=300.0, ge=5, le=3600)
    diarizer: DiarizerChoice = "auto"
    diarizer_model: str | None = None
    speakers: int | None = Field(default=None, ge=1)
    min_speakers: int | None = Field(default=None, ge=1)
    max_speakers: int | None = Field(default=None, ge=1)
    voice_memory: bool = True
    """Compare the voices with those of the show's other episodes, and remember them; nothing of a voice is kept without."""

    generated_chapters: bool = True
    """Make chapters from the transcript where nothing was published."""

    @model_validator(mode="after")
    def _speakers_agree(self) -> Options:
        if self.speakers is not None and (self.min_speakers is not None or self.max_speakers is not None):
            raise OptionError("--speakers says the number exactly.", hint="Leave out --min-speakers and --max-speakers.")
        if self.min_speakers is not None and self.max_speakers is not None and self.min_speakers > self.max_speakers:
            raise OptionError("--min-speakers is greater than --max-speakers.", hint="Swap the two.")
        return self

    def key(self, *extra: str) -> str:
        """Return a digest that is the same for options that give equal results (and equal `extra`)."""
        asked = self.model_copy(update={"batch_size": 0})  # not left out: jobs that did not set it keep their keys
        return key_of("options", asked.model_dump_json(exclude={"threads", "workers"}), *extra)


def key_of(*parts: str | float | None) -> str:
    """Return a digest over everything that a result depends on; the order of `parts` matters."""
    return hashlib.sha256(_as_json(parts).encode()).hexdigest()
