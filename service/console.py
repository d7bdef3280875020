"""The two ends of the terminal: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console

results = Console()
errors = Console(stderr=True)


def print_json(document: Any) -> None:
    """Print one JSON document on standard output, and nothing else."""
    results.file.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    results.file.flush()
