"""`earmark feed`: a show as a feed that other players read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.console import errors, results
from service.republish.feed import MOST_ITEMS, Republisher
from service.republish.links import FeedLinks
from service.republish.outlines import Outlines
from storage.errors import OptionError
from storage.export.rss import rss
from storage.files import write_atomically
from storage.show_list import NO_SHOW
from storage.shows import show_key
from worker.settings import Settings
from worker.stores import open_stores


def feed(
    show: Annotated[
        str | None, typer.Argument(help="Title of a show; without one, an OPML list of all.", show_default=False)
    ] = None,
    base: Annotated[
        str | None, typer.Option(help="Address of the API that transcripts are linked to, such as https://earmark.example.com.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Feed key that all addresses carry; `earmark token create NAME --feeds`.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ITEMS, help="The newest so many episodes.")] = MOST_ITEMS,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; standard output without one.")] = None,
) -> None:
    """Give on a show as an RSS feed: the publisher's own files, with transcripts, chapters and people beside them.

    The API offers the same at /v1/shows/SHOW/feed.xml, and a list of all shows at /v1/shows.opml.
    """
    settings = Settings()
    address = base or settings.public_url
    if address is None:
        raise OptionError("A feed has to say where its transcripts are.", hint="Give --base, or set EARMARK_PUBLIC_URL.")
    links = FeedLinks(address.rstrip("/"), key)
    with open_stores(settings, owner=False) as stores:
        republisher = Republisher(stores.engine, Outlines(stores.blobs))
        made = republisher.opml(links) if show is None else rss(republisher.page(show_key(show) or NO_SHOW, links, limit=limit))
    if output is None:
        results.file.write(made.decode("utf-8"))
        return
    write_atomically(output, made)
    errors.print(f"Wrote {output}.", markup=False, highlight=False, soft_wrap=True)
