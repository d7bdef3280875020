"""The episodes that a person's sources stand for, each once, and the sources that cannot be used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jobs.events import Listener, Noticed
from jobs.fetch import Fetcher
from jobs.selection import Selection
from jobs.sources import open_source
from storage.documents import Notice, Publication
from storage.errors import EarmarkError, OptionError


@dataclass(frozen=True)
class Unusable:
    """A source that stands for nothing, and why."""

    source: str
    show: str | None
    error: EarmarkError


def wanted_episodes(
    sources: Iterable[str], selection: Selection, fetcher: Fetcher, listener: Listener, *, one_only: bool = False
) -> Iterator[Publication | Unusable]:
    """Yield the episodes that the sources stand for, in order; what is to be said about them goes to the listener.

    With `one_only`, `OptionError` if they are several: something was given that belongs to one episode.
    """
    found = [find for source in sources for find in open_source(source, selection, fetcher)]
    wanted = {publication.episode.id: publication for find in found for publication in find.publications}
    if one_only and len(wanted) > 1:
        raise OptionError(
            f"--chapters, --notes and --reference belong to one episode, and {len(wanted)} are chosen.",
            hint="Choose one with --episode.",
        )
    for find in found:
        for notice in find.notices:
            listener(Noticed(notice))
        if find.error is not None:
            listener(Noticed(Notice(code="source_failed", message=f"{find.source}: {find.error}"), loud=True))
            yield Unusable(find.source, find.show, find.error)
        for publication in find.publications:
            if wanted.pop(publication.episode.id, None) is not None:
                yield publication
