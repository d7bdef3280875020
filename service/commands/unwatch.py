"""`earmark unwatch`: leave a feed alone."""

from __future__ import annotations

from typing import Annotated

import typer

from service.console import results
from service.watched import find_feed
from worker.app import open_desk
from worker.settings import Settings


def unwatch(
    feed: Annotated[str, typer.Argument(metavar="FEED|ID", help="The feed's address or id, as `earmark feeds` shows them.")],
) -> None:
    """Watch a feed no longer. Its jobs and transcripts stay."""
    with open_desk(Settings()) as desk:
        found = find_feed(desk.stores.feeds, feed)
        desk.stores.feeds.remove(found.id)
    text = f"“{found.title or found.url}” is not watched any more; its jobs and transcripts stay."
    results.print(text, markup=False, highlight=False, soft_wrap=True)
