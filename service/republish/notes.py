"""Show notes that were published, made harmless: text, links and lists stay, everything that loads or runs goes."""

from __future__ import annotations

from collections.abc import Sequence

import nh3

from storage.documents import Note

LONGEST = 100_000
"""Characters of show notes that are given on; what is cut there is closed."""

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "dd", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "li",
    "ol", "p", "pre", "q", "s", "small", "strong", "sub", "sup", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}}


def harmless(html: str) -> str:
    """Return HTML without scripts, styles, pictures, frames and forms; links lead to the web alone."""
    return nh3.clean(
        html[:LONGEST],
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https"},
        link_rel="nofollow noopener noreferrer",
    )


def fullest_notes(notes: Sequence[Note]) -> str | None:
    """Return the field of show notes that says most, made harmless; none where there is none."""
    longest = max(notes, key=lambda note: len(note.html), default=None)
    return harmless(longest.html).strip() or None if longest is not None else None
