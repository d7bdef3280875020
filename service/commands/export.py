"""`earmark export`: a transcript in other formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.console import print_json, results
from storage.errors import OptionError
from storage.export import FORMATS, format_named
from storage.files import write_atomically
from storage.library import load


def export(
    transcripts: Annotated[list[Path], typer.Argument(metavar="TRANSCRIPT…", help="transcript.json files.", show_default=False)],
    format: Annotated[  # noqa: A002 - the option is called so
        list[str], typer.Option("--format", help=f"{', '.join(FORMATS)}; repeatable or with commas.", show_default=False)
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder; beside the transcript if not given, `-` for standard output.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the paths as one JSON document.")] = False,
) -> None:
    """Convert transcripts that are there."""
    if as_json and str(output) == "-":
        raise OptionError(
            "--json prints paths, and `-o -` prints the transcript: both want standard output.", hint="Leave one out."
        )
    formats = [format_named(name.strip()) for item in format for name in item.split(",") if name.strip()]
    written: list[str] = []
    for path in transcripts:
        transcript = load(path)
        base = path.name.removesuffix(FORMATS["json"].suffix).removesuffix(".json")
        for wanted in formats:
            text = wanted.render(transcript)
            if output is not None and str(output) == "-":
                results.file.write(text)
                continue
            target = (output or path.parent) / f"{base}{wanted.suffix}"
            write_atomically(target, text)
            written.append(str(target))
    if as_json:
        print_json({"written": written})
    else:
        for target_path in written:
            results.print(target_path, markup=False, highlight=False, soft_wrap=True)
