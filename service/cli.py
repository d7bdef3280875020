"""The command line: `earmark`."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

import click
import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from service.console import errors
from storage.errors import EarmarkError, EngineUnavailable

_COMMANDS = (
    "run", "episodes", "chapters", "export", "search", "site", "speakers", "up", "submit", "jobs", "status", "cancel", "retry",
    "purge", "watch", "feeds", "unwatch", "feed", "serve", "worker", "scheduler", "token", "models", "doctor",
)  # fmt: skip
"""Each is the function or the sub-application `app` of the module `service.commands` that has its name."""


_OF_THE_SERVICE = {"celery", "kombu", "redis", "psutil", "fastapi", "uvicorn", "starlette", "prometheus_client", "jinja2"}
"""Libraries that come with the extra `service`; without it the other commands work."""


def _not_installed(name: str, library: str) -> click.Command:
    """Return a command that says what it lacks."""

    def tell() -> None:
        raise EngineUnavailable(f"`earmark {name}` needs the library {library}.", hint="pip install 'earmark[service]'")

    text = "(Not installed: pip install 'earmark[service]'.)"
    return click.Command(name, callback=tell, help=text, context_settings={"ignore_unknown_options": True})


class _Commands(TyperGroup):
    """Imports a command when it is asked for: a list of episodes need not wait for the libraries of speech and storage."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the library's
        """Return the names in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the library's
        """Import one command; none if there is no such."""
        if cmd_name not in _COMMANDS:
            return None
        try:
            module = import_module(f"service.commands.{cmd_name}")
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in _OF_THE_SERVICE:
                raise
            return _not_installed(cmd_name, error.name or "")
        if hasattr(module, "app"):
            command = typer.main.get_group(module.app)
            command.name = cmd_name
            return command
        alone = typer.Typer(add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
        alone.command(cmd_name)(getattr(module, cmd_name))
        return typer.main.get_command(alone)


app = typer.Typer(
    cls=_Commands,
    name="earmark",
    help="Podcast episodes to chapter-indexed, speaker-labelled transcripts.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells count it."""


def _show_version(asked: bool) -> None:
    if asked:
        try:
            typer.echo(version("earmark"))
        except PackageNotFoundError:
            typer.echo("earmark, not installed as a package")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Podcast episodes to chapter-indexed, speaker-labelled transcripts."""


def main() -> None:
    """Run the command line; errors that earmark can explain end it with status 1 and their explanation."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer makes this of a KeyboardInterrupt
            _say_interrupted()
        raise
    except EarmarkError as error:
        errors.print(f"earmark: {error}", markup=False, highlight=False, soft_wrap=True, style="red")
        sys.exit(1)
    except ValidationError as error:
        for problem in error.errors():
            place = ".".join(str(part) for part in problem["loc"])
            errors.print(f"earmark: {place}: {problem['msg']}", markup=False, highlight=False, style="red")
        sys.exit(2)
    except KeyboardInterrupt:
        _say_interrupted()
        sys.exit(INTERRUPTED)


def _interrupt(*_: object) -> None:
    """Let SIGTERM end the command as Ctrl-C does: the step is given back, and the attempt does not count."""
    raise KeyboardInterrupt


def _say_interrupted() -> None:
    text = "earmark: interrupted; what is finished is kept, and the same command goes on from there."
    errors.print(text, style="yellow", soft_wrap=True)


if __name__ == "__main__":
    main()
