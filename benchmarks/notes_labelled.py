"""How well chapters are read from the labelled show notes of `tests/data/notes`: precision and recall over chapters."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.table import Goal, Report, Row
from jobs.chapters.show_notes import read_show_notes
from storage.documents import Note

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "data" / "notes"
SETS = {
    "tuned on": ("positives", "decoys", "mixtures"),
    "held out": ("held_out",),
    "second look": ("second_look",),
    "third look": ("third_look",),
}
"""Files by what they are: those that the reader was made with, and those that were written without looking at it."""
GOAL = 0.98


def labelled(*names: str) -> list[dict[str, Any]]:
    """Return the labelled notes of the files named."""
    return [json.loads(line) for name in names for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]


def scored(notes: Sequence[dict[str, Any]]) -> tuple[float, float, list[str]]:
    """Return precision and recall over chapters (exact start, title and truncation), and what was read wrongly."""
    right = found = expected_count = 0
    wrong = []
    for note in notes:
        sources, _ = read_show_notes([Note(field=note["field"], html=note["html"])], duration=note.get("duration"))
        got = [(mark.start, mark.title, mark.truncated) for mark in sources[0].marks]
        expected = [(float(one["start"]), one["title"], one.get("truncated", False)) for one in note["expected"]]
        right += sum((Counter(got) & Counter(expected)).values())
        found += len(got)
        expected_count += len(expected)
        if got != expected:
            wrong.append(f"{note['id']}: {got} instead of {expected}")
    return right / found, right / expected_count, wrong


def measure_labelled() -> Report:
    """Read every labelled note."""
    everything = tuple(name for names in SETS.values() for name in names)
    rows = [_row(title, names) for title, names in (*SETS.items(), ("all", everything))]
    last = rows[-1]
    goals = [Goal(name, float(last[name] or 0), GOAL, sense="least") for name in ("precision", "recall")]
    return Report("Chapters of labelled show notes", rows, goals)


def _row(title: str, names: Sequence[str]) -> Row:
    notes = labelled(*names)
    precision, recall, wrong = scored(notes)
    return {
        "notes": title,
        "count": len(notes),
        "languages": len({note["language"] for note in notes}),
        "chapters": sum(len(note["expected"]) for note in notes),
        "precision": precision,
        "recall": recall,
        "read wrongly": len(wrong),
    }
