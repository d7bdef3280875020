"""Where the links of a line of show notes lie; worked out only for lines that are asked, since most are not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from jobs.chapters.note_markup import LINK, UNLINK
from jobs.character_references import unescaped

_HREF = re.compile(r"""(?:^|\s)href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_MARKS = re.compile(rf"([{LINK}{UNLINK}])")
_SPACES = re.compile(r" {2,}")


class NoteLink(NamedTuple):
    """A stretch of a line (`start`, `end` count its characters) that links to `url`."""

    start: int
    end: int
    url: str


class LinkedText(NamedTuple):
    """A line of text with marks where links begin and end."""

    marked: str
    first: int
    """How many links begin before the line."""
    inside: bool
    """The line begins inside the last of them."""
    attributes: Sequence[str]
    """Of the tags that begin links, all of the page's."""

    def links(self) -> tuple[NoteLink, ...]:
        """Return where the links lie, from left to right, once marks are taken out and spaces are single."""
        links: list[NoteLink] = []
        at, number, inside, after_space = 0, self.first, self.inside, True
        for piece in _MARKS.split(self.marked):
            if piece in {LINK, UNLINK}:
                inside = piece == LINK
                number += inside
                continue
            text = _SPACES.sub(" ", piece)
            text = text.removeprefix(" ") if after_space else text
            if not text:
                continue
            url = _href(self.attributes[number - 1]) if inside else ""
            if url:
                links.append(NoteLink(at, at + len(text), url))
            at += len(text)
            after_space = text.endswith(" ")
        return tuple(links)


def _href(attributes: str) -> str:
    match = _HREF.search(attributes)
    return unescaped(match.group(1) or match.group(2) or match.group(3) or "").strip() if match else ""
