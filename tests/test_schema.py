"""The published JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from storage.documents import Transcript
from storage.export.document import document
from storage.schema import main, published, transcript_schema
from tests.transcripts import chapter, segment, transcript, transcripts, unhurried

PUBLISHED = Path(__file__).resolve().parent.parent / "storage" / "transcript.schema.json"


VALIDATOR = Draft202012Validator(transcript_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)


def validate(told: dict[str, Any]) -> None:
    """Hold a document against the schema, dates included."""
    VALIDATOR.validate(told)


def test_the_published_file_is_what_the_model_says() -> None:
    """After a change of the model: `python -m storage.schema > storage/transcript.schema.json`."""
    assert PUBLISHED.read_text(encoding="utf-8") == published()


def test_the_command_prints_the_published_file(capsys: pytest.CaptureFixture[str]) -> None:
    """What the docstring says makes the file."""
    main()
    assert capsys.readouterr().out == published()


def test_the_schema_is_a_schema_and_says_what_it_is() -> None:
    """Draft 2020-12, with an identifier and a title."""
    schema = transcript_schema()
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["$id"] == "urn:earmark:transcript:1"
    assert "earmark.transcript/1" in schema["title"]


def test_every_object_with_fields_refuses_others() -> None:
    """A misspelt field is an error, not silence."""
    schema = transcript_schema()
    objects = [schema, *schema["$defs"].values()]
    assert len(objects) > 10
    assert all(entry["additionalProperties"] is False for entry in objects if "properties" in entry)


@unhurried
@given(transcripts())
def test_every_document_written_is_valid(drawn: Transcript) -> None:
    """The schema accepts whatever the model writes."""
    validate(json.loads(document(drawn)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema",), "earmark.transcript/9"),
        (("extra",), 1),
        (("segments", 0, "start"), -1),
        (("segments", 0, "words", 0, "text"), None),
        (("segments", 0, "flags"), ["odd"]),
        (("chapters", 0, "confidence"), 1.5),
        (("chapters", 0, "segments"), [1]),
        (("audio", "bytes"), 1.5),
    ],
)
def test_a_document_that_is_wrong_is_refused(path: tuple[str | int, ...], value: object) -> None:
    """The schema knows names, types, ranges and choices."""
    told = json.loads(document(transcript([segment("a b")], [chapter("One", 0, 1, (0, 1))])))
    validate(told)
    place: Any = told
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ValidationError):
        validate(told)


def test_a_document_must_say_what_it_is() -> None:
    """Without `schema` it is none of ours."""
    told = json.loads(document(transcript()))
    del told["schema"]
    with pytest.raises(ValidationError, match="schema"):
        validate(told)
