"""Names in front of what is said (`Anna: Hello`), in formats that have no place of their own for them.

The Podcasting 2.0 rules for SRT write the speaker's name and a colon where the speaker changes, so a row without a name goes on
with the last one. A colon also stands in ordinary speech ("One thing: it rained"), therefore:

- A name has at most four words, each with a capital or a digit in front, or in a script that has no capitals; never more than
  40 characters.
- A file has such names only if its first row has one, or one of them comes twice.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from jobs.transcript_files.rows import Row

_NAME = re.compile(r"[\s>\-\u2013\u2014]*[\[(]?([^:\uff1a\[\]()<>]{1,40}?)[\])]?\s?[:\uff1a](?=\D|$)\s*")
_MAX_WORDS = 4
_OPENING_MARKS = "\"'\u201c\u2018\u00ab"


def with_names(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with the names that stand before their text as speakers, if the file has such names at all."""
    split = [_split(row.text) for row in rows]
    names = Counter(name for name, _ in split if name)
    opens = next((name for (name, _), row in zip(split, rows, strict=True) if row.text.strip()), None)
    if opens is None and max(names.values(), default=0) < 2:
        return list(rows)
    named: list[Row] = []
    last: str | None = None
    for row, (name, rest) in zip(rows, split, strict=True):
        last = row.speaker or name or last
        named.append(replace(row, text=rest if name and not row.speaker else row.text, speaker=last))
    return named


def is_name(text: str) -> bool:
    """Tell whether a short text can be a speaker's name."""
    words = text.split()
    return 0 < len(words) <= _MAX_WORDS and len(text) <= 40 and all(_names(word) for word in words)


def _split(text: str) -> tuple[str | None, str]:
    found = _NAME.match(text)
    if found is None or not is_name(found[1].strip()):
        return None, text
    return found[1].strip(), text[found.end() :]


def _names(word: str) -> bool:
    first = word[0]
    return first not in _OPENING_MARKS and (first.isdigit() or (first.isalpha() and not first.islower()))
