"""The transcript document itself, `transcript.json`."""

from __future__ import annotations

from storage.documents import Transcript


def document(transcript: Transcript) -> str:
    """Write the transcript as JSON by the published schema, one value a line."""
    return transcript.model_dump_json(by_alias=True, indent=1) + "\n"
