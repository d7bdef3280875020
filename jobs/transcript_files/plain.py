"""Transcripts as running text: `text/plain`, and pages without time elements.

The format has no times by its definition, but many publishers print one at the beginning of each paragraph (`[00:12:34] Anna:
…`) or beside each name (`Anna (12:34)`). They are used if at least `_MIN_TIMES` lines have one and they run forward; else the
text has none, and no cue is made of it.
"""

from __future__ import annotations

import itertools
import re

from jobs.transcript_files.names import is_name, with_names
from jobs.transcript_files.rows import TIME, Row, seconds_of

_MIN_TIMES = 3
_FORWARD_SHARE = 0.9
_LOOKED_AT = 120
"""Characters of a line in which its time is looked for."""
_AT_BEGINNING = re.compile(rf"\s*[\[(<]?\s*({TIME})(?:\s*[-\u2013\u2014]\s*({TIME}))?\s*[\])>]?\s*[-\u2013\u2014:|]?\s*")
_BESIDE_NAME = re.compile(
    rf"\s*([^\d\[(:][^\[(:]{{0,39}}?|Speaker \d{{1,3}})\s*:?\s*(?:[\[(]\s*({TIME})\s*[\])]|({TIME})\s*:?\s*$)\s*:?\s*"
)


def read_plain(text: str) -> list[Row]:
    """Return the rows of a text whose lines carry times; none where they do not."""
    rows: list[Row] = []
    lines: list[list[str]] = []
    for line in text.splitlines():
        row = _opening(line)
        if row is not None:
            rows.append(row)
            lines.append([row.text])
        elif lines and line.strip():
            lines[-1].append(line)
    if len(rows) < _MIN_TIMES or not _run_forward([row.start or 0.0 for row in rows]):
        return []
    whole = [Row(row.start, row.end, "\n".join(said), row.speaker) for row, said in zip(rows, lines, strict=True)]
    return whole if any(row.speaker for row in whole) else with_names(whole)


def _opening(line: str) -> Row | None:
    """Return the row that a line begins, if it begins one."""
    head = line[:_LOOKED_AT]
    found = _AT_BEGINNING.match(head)
    if found is not None:
        start = seconds_of(found[1])
        return None if start is None else Row(start, seconds_of(found[2]) if found[2] else None, line[found.end() :])
    found = _BESIDE_NAME.match(head)
    if found is None or not is_name(found[1].strip()):
        return None
    start = seconds_of(found[2] or found[3])
    return None if start is None else Row(start, None, line[found.end() :], found[1].strip())


def _run_forward(starts: list[float]) -> bool:
    forward = sum(a <= b for a, b in itertools.pairwise(starts))
    return forward >= _FORWARD_SHARE * (len(starts) - 1) and starts[-1] > starts[0]
