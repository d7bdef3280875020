"""Which of the transcripts that a publisher offers are worth fetching, and in which order.

Several links usually offer one transcript in several formats. Word times and captions are fetched first (JSON, WebVTT, SRT),
pages and plain text last. `rel="captions"` promises times whatever the type says, so it goes before a page that does not. A
transcript in another language than the episode's is a translation: it is fetched only if there is no other.
"""

from __future__ import annotations

from collections.abc import Sequence

from jobs.transcript_files.read import Format, claimed_format
from storage.documents import Link

MOST = 3
"""Transcripts of one episode that are asked for, at most: the first that has times is enough."""

_RANKS: dict[Format | None, int] = {"json": 0, "vtt": 1, "srt": 2, None: 4, "html": 5, "plain": 6}
_CAPTIONS = 3
"""Rank of captions whose type names no format with times."""


def worth_fetching(links: Sequence[Link], language: str | None) -> tuple[Link, ...]:
    """Return at most `MOST` links in the order in which they should be tried; `language` is the episode's, if it is known."""
    distinct = list({link.url: link for link in reversed(links)}.values())[::-1]
    ours = [link for link in distinct if _same_language(link.language, language)]
    return tuple(sorted(ours or distinct, key=_rank)[:MOST])


def _rank(link: Link) -> int:
    rank = _RANKS[claimed_format(link)]
    return min(rank, _CAPTIONS) if (link.rel or "").strip().lower() == "captions" else rank


def _same_language(offered: str | None, wanted: str | None) -> bool:
    return not offered or not wanted or _primary(offered) == _primary(wanted)


def _primary(language: str) -> str:
    return language.strip().lower().replace("_", "-").partition("-")[0]
