"""JSON as publishers write it: what can mean one thing only is read, however it is spelled.

Read: UTF-8 with or without a byte order mark, UTF-16 with one, Latin-1 where it is not UTF-8; commas behind the last element;
control characters inside texts; numbers written as texts, with a comma.
"""

from __future__ import annotations

import json
import re
from typing import Any

from storage.errors import SourceError

_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+"?)|,(\s*[\]}])', re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,15})?")


def parse_json(data: bytes, *, name: str, wanted: str, error: type[SourceError], max_bytes: int, hint: str) -> Any:
    """Return what a file of JSON says; `name` is how errors call it, `wanted` what it should hold.

    Raises `error` where it has more than `max_bytes`, is empty, is a page, or is no JSON at all.
    """
    if len(data) > max_bytes:
        raise error(f"{name} has {len(data)} bytes, more than {wanted} may have ({max_bytes}).", hint=hint)
    text = _decoded(data).strip().strip("\ufeff\0").strip()
    if not text:
        raise error(f"{name} is empty.", hint=hint)
    if text.startswith("<"):
        raise error(f"{name} is a page (HTML or XML) and not JSON.", hint=hint)
    for attempt in (text, _TRAILING_COMMA.sub(lambda m: m[1] or m[2], text)):
        try:
            return json.loads(attempt, strict=False)
        except (ValueError, RecursionError):
            continue
    raise error(f"{name} is not JSON.", hint=hint)


def number_of(value: object) -> float | None:
    """Return a number, also one written as a text; none for anything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < 1e15 else None  # a whole number in JSON may be too large for a float
    text = str(value).strip()
    return float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None


def text_of(value: object) -> str:
    """Return a text, also of a number; empty for anything else."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")  # half of a surrogate pair is no character
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")
