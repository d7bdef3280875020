"""Which part of a file a request asks for (RFC 9110, 14.1.2)."""

from __future__ import annotations

import re

_ONE_RANGE = re.compile(r"bytes=(?P<first>\d{0,18})-(?P<last>\d{0,18})", re.IGNORECASE | re.ASCII)


class Unsatisfiable(ValueError):
    """The range begins after the end."""


def wanted_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and the last byte of a file of so many bytes that a `Range` header asks for.

    None where the whole file is the answer: for what is no range of bytes, and for several ranges, which no player asks for.
    `Unsatisfiable` for a range without a byte of the file.
    """
    found = _ONE_RANGE.fullmatch(header.strip())
    if found is None or not (found["first"] or found["last"]):
        return None
    if not found["first"]:
        length = int(found["last"])
        if length == 0 or size == 0:
            raise Unsatisfiable
        return max(0, size - length), size - 1
    first = int(found["first"])
    last = int(found["last"]) if found["last"] else size - 1
    if found["last"] and last < first:
        return None  # not a valid range, so the header counts for nothing
    if first >= size:
        raise Unsatisfiable
    return first, min(last, size - 1)
