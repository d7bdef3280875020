"""`earmark site`: a whole archive as a folder of pages that open from a disk."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from service.console import errors, print_json, results
from service.pages.published_notes import published_notes
from service.site.making import SiteMade, make_site
from storage.episodes import EpisodeRecord
from storage.errors import NoMatch
from storage.show_list import find_show
from storage.shows import show_key
from worker.settings import Settings
from worker.stores import Stores, open_stores


def site(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder: new, empty, or a site already.", show_default=False)],
    show: Annotated[
        list[str] | None, typer.Option("--show", metavar="TITLE", help="Only this show; repeatable.", show_default=False)
    ] = None,
    audio: Annotated[bool, typer.Option("--audio", help="Put the audio in, too: as much room as it takes where it is.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Write pages of all transcripts into a folder: shows, episodes, every export, and a search that needs no server.

    Open its `index.html`, or put the folder on any web server. Done again, it writes only what has changed, and removes what is
    gone.
    """
    with open_stores(Settings(), owner=False) as stores:
        episodes = _wanted(stores, show or [])
        if not episodes:
            raise NoMatch("No episode has a transcript.", hint="`earmark run` and `earmark submit` make them.")
        made = make_site(out, episodes, stores.blobs, partial(published_notes, stores.engine), with_audio=audio)
    _tell(out, made, as_json=as_json)


def _wanted(stores: Stores, titles: list[str]) -> tuple[EpisodeRecord, ...]:
    every = stores.episodes.transcribed()
    if not titles:
        return every
    keys = {find_show(stores.engine, show_key(title)).key for title in titles}
    return tuple(record for record in every if show_key(record.show) in keys)


def _tell(out: Path, made: SiteMade, *, as_json: bool) -> None:
    if as_json:
        told = {"episodes": made.episodes, "files": made.files, "changed": made.changed, "removed": made.removed}
        print_json({**told, "unreadable": list(made.unreadable), "silent": list(made.silent), "index": str(out / "index.html")})
        return
    words = (
        f"{made.episodes} episodes in {made.files} files ({made.changed} written, {made.removed} removed): {out / 'index.html'}"
    )
    results.print(words, markup=False, highlight=False, soft_wrap=True)
    if made.unreadable:
        text = f"Left out, because their transcripts cannot be read: {', '.join(made.unreadable)}."
        errors.print(text, markup=False, style="yellow", soft_wrap=True)
    if made.silent:
        text = f"Without audio, because it is not kept any more: {', '.join(made.silent)}."
        errors.print(text, markup=False, style="yellow", soft_wrap=True)
