"""`earmark doctor`: what works on this machine."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from service.console import print_json, results
from service.health import examine
from service.running import settings_here

_MARKS = {"ok": "[green]ok[/green]     ", "missing": "[yellow]missing[/yellow]", "broken": "[red]BROKEN[/red] "}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False) -> None:
    """Say what works here: GPU, libraries, models, hub, token, disk, Redis, workers. Status 1 if something is broken."""
    findings = list(examine(settings_here()))
    if as_json:
        print_json({"findings": [{"name": f.name, "verdict": f.verdict, "words": f.words} for f in findings]})
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            results.print(
                f"{_MARKS[finding.verdict]} {finding.name:<{width}}  {escape(finding.words)}", highlight=False, soft_wrap=True
            )
    if any(finding.verdict == "broken" for finding in findings):
        raise typer.Exit(1)
