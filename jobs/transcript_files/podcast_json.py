"""The podcast namespace's transcript JSON: `{version, segments: [{speaker, startTime, endTime, body}]}`.

Decisions: a bare list is taken for the segments; the names `start`, `end` and `text` of speech engines are read too, and
times written as clock times; `version` is not looked at.
"""

from __future__ import annotations

from jobs.loose_json import number_of, parse_json, text_of
from jobs.transcript_files.rows import Row, seconds_of
from storage.errors import BadTranscript

_HINT = "The publisher's file is broken; the episode is transcribed without it."
_LISTS = ("segments", "transcript", "results")


def read_podcast_json(data: bytes, *, name: str, max_bytes: int) -> list[Row]:
    """Return the rows of transcript JSON; raises `BadTranscript` where the bytes are none."""
    document = parse_json(data, name=name, wanted="a transcript", error=BadTranscript, max_bytes=max_bytes, hint=_HINT)
    rows = document
    if isinstance(document, dict):
        rows = next((document[key] for key in _LISTS if isinstance(document.get(key), list)), None)
    if not isinstance(rows, list):
        raise BadTranscript(f"{name} is JSON, but has no list of segments.", hint=_HINT)
    return [_row(row) for row in rows if isinstance(row, dict)]


def _row(row: dict[str, object]) -> Row:
    return Row(
        start=_seconds(_first(row, "startTime", "start_time", "start")),
        end=_seconds(_first(row, "endTime", "end_time", "end")),
        text=text_of(_first(row, "body", "text")),
        speaker=text_of(row.get("speaker")) or None,
    )


def _first(row: dict[str, object], *names: str) -> object:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _seconds(value: object) -> float | None:
    number = number_of(value)
    return seconds_of(value) if number is None and isinstance(value, str) else number
