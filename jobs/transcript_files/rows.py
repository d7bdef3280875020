"""What every transcript reader shares: how the rows of a file become cues.

Decisions, the same for all formats:

- A row whose start is not a number of seconds from 0 to `MAX_SECONDS` is dropped, and so is one without words; the first is told.
- An end that does not lie behind its start says nothing and is forgotten; that is told too, once for the whole file.
- Rows are sorted by start; a file that was not in order says so. Rows at one time stay in the order of the file.
- Two rows in a row that say the same at the same time are one.
- Text is one line, without tags, entities and control characters; its words are left alone.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from jobs.character_references import unescaped
from jobs.published import Cue
from storage.documents import Notice

MAX_CUES = 300_000
"""Cues of one transcript: eight hours of ten words a second, each a cue."""
MAX_TEXT = 20_000
"""Characters of one cue; an hour of speech has fifty thousand."""
MAX_NAME = 200
"""Characters of a speaker's name."""
MAX_SECONDS = 1_000_000.0
"""A time beyond eleven days is a broken number."""

TIME = r"(?:\d{1,4}\s?:\s?)?\d{1,4}\s?:\s?\d{1,2}(?:\s?[.,]\s?\d{1,6})?"
"""A time as captions write it: hours optional, a fraction behind a dot or a comma, stray spaces as machine translation leaves."""
_TIME = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2})(?:[.,](\d{1,6}))?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a transcript as its format has it; times in seconds, none where they are missing or unreadable."""

    start: float | None
    end: float | None
    text: str
    speaker: str | None = None


def seconds_of(text: str) -> float | None:
    """Return the seconds of `MM:SS`, `HH:MM:SS.mmm` or `HH:MM:SS,mmm`; none for anything else and for 60 seconds or more."""
    found = _TIME.fullmatch("".join(text.split()))
    if found is None:
        return None
    hours, minutes, seconds = int(found[1] or 0), int(found[2]), int(found[3])
    if seconds > 59 or (found[1] is not None and minutes > 59):
        return None
    return hours * 3600 + minutes * 60 + seconds + float(f"0.{found[4] or 0}")


def plain_line(text: str) -> str:
    """Return a text without tags already taken off as one line of characters, entities resolved."""
    return " ".join(_CONTROL.sub("", unescaped(text)).split()).encode("utf-8", "replace").decode("utf-8")


def cues_of(rows: Iterable[Row], name: str) -> tuple[tuple[Cue, ...], tuple[Notice, ...]]:
    """Return the cues that rows make, in order of time, and what should be known about them.

    `name` is how notices call the file.
    """
    rows = list(itertools.islice(rows, MAX_CUES + 1))
    spoken = [(row, text) for row in rows[:MAX_CUES] if (text := plain_line(row.text))]
    timed = [(row.start, row, text) for row, text in spoken if row.start is not None and _is_time(row.start)]
    ordered = sorted(timed, key=lambda item: item[0])
    cues: list[Cue] = []
    repaired = 0
    for start, row, text in ordered:
        end = row.end if row.end is not None and start < row.end <= MAX_SECONDS else None
        repaired += row.end is not None and end is None
        cue = Cue(start=start, end=end, text=text[:MAX_TEXT], speaker=(plain_line(row.speaker or "")[:MAX_NAME] or None))
        if not cues or cues[-1] != cue:
            cues.append(cue)
    said = {
        "transcript_cue_dropped": (len(spoken) - len(timed), "rows without a usable time were dropped"),
        "transcript_sorted": (int(ordered != timed), "the rows were not in order of time and were sorted"),
        "transcript_repaired": (repaired, "rows ended before they began; their ends were forgotten"),
        "transcript_cut": (max(0, len(rows) - MAX_CUES), f"only the first {MAX_CUES} rows were read"),
    }
    notices = [
        Notice(code=code, message=f"The transcript {name}: {_counted(count, code, text)}.")
        for code, (count, text) in said.items()
        if count
    ]
    return tuple(cues), tuple(notices)


def _is_time(seconds: float) -> bool:
    return math.isfinite(seconds) and 0 <= seconds <= MAX_SECONDS


def _counted(count: int, code: str, text: str) -> str:
    return text if code in {"transcript_sorted", "transcript_cut"} else f"{count} {text}"
