"""`earmark models`: the Whisper models on this machine."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from jobs.engines.models import LocalModel, hub_names, local_models, pull_model
from service.console import errors, print_json, results
from service.wording import size
from worker.settings import Settings

app = typer.Typer(help="List the Whisper models on this machine, or fetch one.", invoke_without_command=True)


@app.callback()
def models(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """List the Whisper models on this machine."""
    if context.invoked_subcommand is not None:
        return
    here = local_models(Settings().models_dir)
    if as_json:
        print_json({"models": [_as_json(model) for model in here], "known": sorted(hub_names())})
        return
    if not here:
        results.print("No Whisper model is on this machine. Fetch one with `earmark models pull NAME`:", markup=False)
        results.print(", ".join(sorted(hub_names())), markup=False)
        return
    table = Table("model", "size", "folder")
    for model in here:
        table.add_row(model.name, size(model.bytes), str(model.folder))
    results.print(table)


@app.command("pull")
def pull(name: Annotated[str, typer.Argument(help="Name (`small`, `large-v3-turbo`, …) or hub id.", show_default=False)]) -> None:
    """Fetch a model from the hub."""
    errors.print(f"Fetching {name} …", markup=False)
    folder = pull_model(name, token=Settings().token)
    results.print(str(folder), markup=False, highlight=False, soft_wrap=True)


def _as_json(model: LocalModel) -> dict[str, str | int]:
    return {"name": model.name, "folder": str(model.folder), "bytes": model.bytes}
