"""`earmark token`: who may use the API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from service.console import errors, print_json, results
from storage.errors import NotFound, OptionError
from storage.show_list import NO_SHOW, find_show
from storage.shows import show_key
from storage.tokens import TokenRecord, Tokens
from worker.settings import Settings
from worker.stores import open_stores

app = typer.Typer(help="Make, list and revoke the tokens of the API, and the keys of feeds.", no_args_is_help=True)

_LONGEST_NAME = 200
_MOST = 200
"""Tokens that one page of the ledger holds."""

_AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it.", show_default=False)],
    feeds: Annotated[
        bool, typer.Option("--feeds", help="A feed key instead: for addresses of feeds (`?key=…`), and good for nothing else.")
    ] = False,
    show: Annotated[str | None, typer.Option(help="Title of the one show whose feed the key opens; with --feeds.")] = None,
    as_json: _AsJson = False,
) -> None:
    """Make a token and print it. It is shown this once, for only its digest is kept."""
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise OptionError("A token needs a name by which you know it again.", hint=f"Give up to {_LONGEST_NAME} letters.")
    if show is not None and not feeds:
        raise OptionError("Only a feed key is for one show.", hint="Give --feeds, too.")
    with open_stores(Settings()) as stores:
        key = find_show(stores.engine, show_key(show)).key or NO_SHOW if show is not None else None
        record, token = Tokens(stores.engine).create(name, scope="feeds" if feeds else "api", show=key)
    if as_json:
        print_json({**_document(record), "token": token})
        return
    what = f"The feed key {record.id} of {name}, which opens {_opens(record)}" if feeds else f"The token {record.id} of {name}"
    errors.print(f"{what}; it is shown this once:", markup=False, highlight=False, soft_wrap=True)
    results.file.write(f"{token}\n")


@app.command("list")
def list_tokens(as_json: _AsJson = False) -> None:
    """List the tokens, the newest first, without their secrets."""
    records: list[TokenRecord] = []
    with open_stores(Settings()) as stores:
        after: str | None = None
        while True:
            page = Tokens(stores.engine).list(after=after, limit=_MOST)
            records += page.items
            if (after := page.next) is None:
                break
    if as_json:
        print_json({"tokens": [_document(record) for record in records]})
        return
    if not records:
        results.print("There is no token. Make one with `earmark token create NAME`.", markup=False)
        return
    table = Table("id", "name", "opens", "made", "last used")
    for record in records:
        used = _moment(record.used_at) or "never"
        table.add_row(record.id, escape(record.name), escape(_opens(record)), _moment(record.created_at), used)
    results.print(table)


@app.command("revoke")
def revoke(token_id: Annotated[str, typer.Argument(metavar="ID", help="As `token list` shows it.", show_default=False)]) -> None:
    """Let a token open nothing any more, from its next use on."""
    with open_stores(Settings()) as stores:
        if not Tokens(stores.engine).revoke(token_id):
            raise NotFound(f"There is no token {token_id}.", hint="`earmark token list` shows the ids.")
    errors.print(f"The token {token_id} is revoked.", markup=False, highlight=False)


def _opens(record: TokenRecord) -> str:
    if record.scope == "api":
        return "the API"
    return "all feeds" if record.show is None else f"the feed of {record.show}"


def _document(record: TokenRecord) -> dict[str, str | None]:
    return {
        "id": record.id, "name": record.name, "scope": record.scope, "show": record.show,
        "created_at": _moment(record.created_at), "used_at": _moment(record.used_at),
    }  # fmt: skip


def _moment(stamp: float | None) -> str | None:
    return None if stamp is None else datetime.fromtimestamp(stamp, UTC).isoformat(timespec="seconds")
