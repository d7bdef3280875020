"""`earmark up`: the whole service, without Docker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from service.console import errors, results
from service.up import Wanted, run_up, usual_asr_workers
from worker.settings import Settings

_STYLES = ("cyan", "green", "magenta", "blue", "yellow")

_WIDTH = 10
"""Of the longest name of a process."""


def up(
    host: Annotated[str, typer.Option(help="Address of the HTTP API; off the loopback, requests need a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the HTTP API.")] = 8000,
    asr: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Workers that transcribe; they share the threads.", show_default="fits the machine"),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Ledger, downloads and artefacts.", show_default="EARMARK_DATA_DIR")
    ] = None,
) -> None:
    """Run the whole service in one process tree: Redis, workers, scheduler and HTTP API, until Ctrl-C.

    A Redis of its own is started unless EARMARK_BROKER_URL names one. A process that dies is started again. Commands in other
    terminals with the same data folder find the service by themselves.
    """
    settings = Settings(data_dir=data) if data is not None else Settings()
    wanted = Wanted(host, port, asr or usual_asr_workers(_gpus()), settings)
    run_up(wanted, _say, lambda words: results.print(words, markup=False, highlight=False, soft_wrap=True))


def _say(name: str, line: str) -> None:
    """Print a line of a process, with its name before it; coloured on a terminal."""
    style = _STYLES[sum(name.encode()) % len(_STYLES)]
    errors.print(Text.assemble((f"{name:<{_WIDTH}}│ ", style), Text.from_ansi(line)), soft_wrap=True, highlight=False)


def _gpus() -> int:
    from jobs.engines.devices import gpu_count
    from storage.errors import EngineUnavailable

    try:
        return gpu_count()
    except EngineUnavailable:
        return 0
