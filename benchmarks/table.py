"""What every benchmark prints: a table, the goals it was held to, and an exit status that says whether they were met."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from rich.console import Console
from rich.markup import escape
from rich.table import Table

Cell: TypeAlias = str | float | int | None
Row: TypeAlias = dict[str, Cell]


@dataclass(frozen=True)
class Goal:
    """A figure and what it may be at most, or must be at least."""

    what: str
    value: float
    bound: float
    unit: str = ""
    sense: Literal["most", "least"] = "most"

    @property
    def met(self) -> bool:
        """Tell whether the figure is within its bound; what could not be measured (NaN) is not."""
        return self.value <= self.bound if self.sense == "most" else self.value >= self.bound


@dataclass(frozen=True)
class Report:
    """The outcome of one benchmark."""

    title: str
    rows: Sequence[Row]
    goals: Sequence[Goal] = ()
    notes: Sequence[str] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    """What the run was asked to do."""
    details: Sequence[Row] = ()
    """A second table, line by line, for what the first one sums up."""
    left_out: Sequence[str] = ()
    """What should have been measured, too, and why it was not."""

    def document(self) -> dict[str, Any]:
        """Return it for a JSON document."""
        return asdict(self) | {"met": [goal.met for goal in self.goals], "load": os.getloadavg()[0]}

    @classmethod
    def of(cls, document: dict[str, Any]) -> Report:
        """Return the report that a document tells of."""
        told = {name: value for name, value in document.items() if name not in {"met", "load"}}
        return cls(**told | {"goals": [Goal(**goal) for goal in document["goals"]]})


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    parser.add_argument("--seed", type=int, default=1, help="seed of everything that is drawn")
    return parser


def show(*reports: Report, as_json: bool) -> int:
    """Print reports, several of them as a list if as JSON; return 0 if all goals were met, else 1."""
    if as_json:
        documents = [report.document() for report in reports]
        print(json.dumps(documents[0] if len(documents) == 1 else documents, ensure_ascii=False, indent=2, default=str))
    for report in () if as_json else reports:
        print_report(report)
    return int(not all(goal.met for report in reports for goal in report.goals))


def print_report(report: Report) -> None:
    """Print the tables, the goals, and what else there is to say."""
    # piped output gets room for whole rows, a terminal its own width
    console = Console() if Console().is_terminal else Console(width=200)
    if report.details:
        console.print(_table("", report.details))
    console.print(_table(report.title, report.rows))
    for goal in report.goals:
        sign = "≤" if goal.sense == "most" else "≥"
        verdict = "met" if goal.met else "NOT MET"
        line = f"{goal.what}: {shown(goal.value)}{goal.unit} (goal {sign} {shown(goal.bound)}{goal.unit}): {verdict}"
        console.print(line, markup=False, highlight=False)
    for what in report.left_out:
        console.print(f"LEFT OUT: {what}", style="bold", markup=False, highlight=False)
    for note in (*report.notes, f"load average at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"):
        console.print(note, markup=False, highlight=False)


def _table(title: str, rows: Sequence[Row]) -> Table:
    table = Table(title=title, title_justify="left")
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        numbers = all(isinstance(row.get(name), int | float | None) for row in rows)
        table.add_column(name, justify="right" if numbers else "left")
    for row in rows:
        table.add_row(*(shown(row.get(name)) for name in names))
    return table


def shown(value: Cell) -> str:
    """Return a figure as tables show it."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    return escape(value) if isinstance(value, str) else f"{value:,}"
