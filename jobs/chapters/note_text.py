"""The lines that a reader of show notes sees, with their links: from hostile HTML, or from plain text.

Decisions:

- A newline of the source means nothing in HTML, but many publishers paste plain lines into one `<p>`. So it is a line end where
  the text has no block tags at all, inside `<pre>`, and where two or more of the pieces it makes hold a time; elsewhere it is a
  space.
- Text that was escaped twice (`&lt;p&gt;`) is unescaped once more, when it has no tag of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from jobs.chapters.note_links import LinkedText, NoteLink
from jobs.chapters.note_markup import LINE, LINK, PRE, UNLINK, UNPRE, UNSEEN, marked_text, plain_space
from jobs.character_references import unescaped

MAX_CHARACTERS = 500_000
"""Notes are read up to here: room for the transcript of several hours."""

MAX_LINES = 2_000
"""Lines that are read: a list does not come behind more."""

_HAS_TAG = re.compile(r"<[A-Za-z/!]")
_ESCAPED_TAG = re.compile(
    r"&lt;/?(?:p|br|li|ul|ol|div|h[1-6]|a|span|strong|b|em)\b[^&<>]{0,200}&gt;|&lt;br ?/?&gt;", re.IGNORECASE
)
_SPACES = re.compile(r" {2,}")
_TIME = re.compile(r"\d[:：]\d\d")
_PRE_MARK = re.compile(rf"([{PRE}{UNPRE}])")


class NoteLine(NamedTuple):
    """One line as shown: white space collapsed, never empty."""

    text: str
    linked: LinkedText | None = None

    @property
    def links(self) -> tuple[NoteLink, ...]:
        """The links in it from left to right, worked out anew each time: most lines are never asked."""
        return self.linked.links() if self.linked else ()


def note_lines(html: str) -> tuple[NoteLine, ...]:
    """Return the visible lines of a field of show notes, be it HTML or plain text.

    Only the first `MAX_CHARACTERS` and `MAX_LINES` are read. Never raises; takes time linear in the length.
    """
    html = html[:MAX_CHARACTERS]
    if "&" in html and "&lt;" in html.lower() and not _HAS_TAG.search(html) and _ESCAPED_TAG.search(html):
        html = unescaped(html)
    text, attributes = marked_text(plain_space(html))
    if "  " in text:
        text = _SPACES.sub(" ", text)
    if LINE not in text:
        text = text.replace("\n", LINE)
    elif PRE in text:
        text = _lines_of_pre(text)
    text = text.replace(UNSEEN, LINE)
    lines = _divided(filter(None, map(str.strip, text.split(LINE))))
    shown = _with_links(lines, attributes) if attributes else map(NoteLine, lines)
    return tuple(islice(shown, MAX_LINES))


def _lines_of_pre(text: str) -> str:
    """Return the text with line ends for the newlines inside `<pre>`."""
    depth = 0
    pieces = _PRE_MARK.split(text)
    for place in range(1, len(pieces), 2):
        depth = max(0, depth + (1 if pieces[place] == PRE else -1))
        if depth:
            pieces[place + 1] = pieces[place + 1].replace("\n", LINE)
        pieces[place] = ""
    return "".join(pieces)


def _divided(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines with spaces for the newlines of the source, or cut where those are meant as line ends."""
    for line in lines:
        if "\n" not in line:
            yield line
        elif _is_plain_list(_unmarked(line)):
            yield from filter(None, map(str.strip, line.split("\n")))
        else:
            yield _SPACES.sub(" ", line.replace("\n", " "))


def _is_plain_list(text: str) -> bool:
    """Whether newlines of the source are meant as line ends: two of the lines they would make hold a time."""
    first = _TIME.search(text)
    following = text.find("\n", first.end()) if first else -1
    return following >= 0 and _TIME.search(text, following) is not None


def _with_links(lines: Iterable[str], attributes: Sequence[str]) -> Iterator[NoteLine]:
    """Yield the lines of a text that has links, without their marks; a link that is not closed goes on in the next line."""
    begun, inside = 0, False
    for line in lines:
        before, began_inside = begun, inside
        if LINK in line:
            begun += line.count(LINK)
            inside = line.rfind(LINK) > line.rfind(UNLINK)
        elif UNLINK in line:
            inside = False
        elif not inside:
            yield NoteLine(line)
            continue
        text = _unmarked(line).strip(" ")
        if "  " in text:
            text = _SPACES.sub(" ", text)
        if text:
            yield NoteLine(text, LinkedText(line, before, began_inside, attributes))


def _unmarked(line: str) -> str:
    return line.replace(LINK, "").replace(UNLINK, "")
