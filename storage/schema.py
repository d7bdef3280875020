"""The JSON Schema of `transcript.json`, generated from the data model.

`python -m storage.schema > storage/transcript.schema.json` writes the published file anew.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from storage.documents import TRANSCRIPT_SCHEMA, Transcript

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER = f"urn:{TRANSCRIPT_SCHEMA.replace('/', ':').replace('.', ':')}"


class _Generator(GenerateJsonSchema):
    """The schema of what is written, with the limits that hold for what is read: rounding changes neither type nor range."""

    def ser_schema(
        self, schema: core_schema.SerSchema | core_schema.IncExSeqSerSchema | core_schema.IncExDictSerSchema
    ) -> JsonSchemaValue | None:
        if schema["type"] == "function-plain":
            return None
        return super().ser_schema(schema)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        """Say no: a title that repeats the field's name tells nobody anything."""
        return False


def transcript_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the transcript document as it is written.

    `schema` is required, though the model has a default for it: a document that does not say what it is, is none.
    """
    schema = Transcript.model_json_schema(by_alias=True, mode="serialization", schema_generator=_Generator)
    schema["required"] = ["schema", *schema["required"]]
    return {"$schema": DIALECT, "$id": IDENTIFIER, **schema, "title": f"earmark transcript ({TRANSCRIPT_SCHEMA})"}


def published() -> str:
    """Return the schema as the published file holds it."""
    return json.dumps(transcript_schema(), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the schema to standard output."""
    sys.stdout.write(published())


if __name__ == "__main__":
    main()
