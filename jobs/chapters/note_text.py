"""Hostile HTML to the lines that a reader of the notes sees, with their links.

Decisions:

- Block tags become line ends *before* tags are dropped; without that, `<li>00:00 A</li><li>05:00 B</li>` would run together.
  Cells of a table row stay on one line, so a time and its title in two cells are one row.
- A tokenizer of our own instead of an HTML5 tree: notes are often not HTML at all (`a < b`, half a tag, plain text), and
  building a tree takes quadratic time on nested unclosed formatting tags. Here every character is looked at a fixed number of
  times.
- What a browser does not show (`script`, `style`, comments, `hidden`, `display:none`) is dropped.
- A newline of the source means nothing in HTML, but many publishers paste plain lines into one `<p>`. So it is a line end where
  the text has no block tags at all, inside `<pre>`, and where two or more of the pieces it makes hold a time; elsewhere it is a
  space.
- Text that was escaped twice (`&lt;p&gt;`) is unescaped once more, when it has no tag of its own.
- Marks for text direction and zero-width spaces are dropped, lone surrogates too; joiners stay, since emoji and Persian need
  them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import NamedTuple

MAX_CHARACTERS = 500_000
"""Notes are read up to here: room for the transcript of several hours."""

MAX_LINES = 2_000
"""Lines that are read: a list does not come behind more."""

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "button",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
_CELLS = frozenset({"td", "th"})
_VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"])
_UNSEEN = frozenset({"script", "style", "template", "svg", "head", "iframe"})
_RAW_TEXT = frozenset({"script", "style", "iframe"})

_COMMENT = "<!--"
_TAG = re.compile(r"(/?)([A-Za-z][A-Za-z0-9:-]*)(.*)", re.DOTALL)
_HREF = re.compile(r"""(?:^|\s)href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_HIDDEN_WORD = re.compile(r"(?:^|\s)hidden(?:\s|=|/|$)", re.IGNORECASE)
_MARKUP = re.compile(r"(<(?:!--|!\[CDATA\[|[A-Za-z/!?][^<>]{0,4096}+>))")  # bounded, and stopped by the next `<`: linear
_CHARACTER = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)")
"""A character reference, as `html.unescape` has it."""
_HAS_TAG = re.compile(r"<[A-Za-z/!]")
_ESCAPED_TAG = re.compile(
    r"&lt;/?(?:p|br|li|ul|ol|div|h[1-6]|a|span|strong|b|em)\b[^&<>]{0,200}&gt;|&lt;br ?/?&gt;", re.IGNORECASE
)
_SPACES = re.compile(r"[^\S\n ]+ *| {2,}")
_NEWLINES = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_HOLDS_TIME = re.compile(r"\d[:：]\d\d")
_UNPRINTED = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\xad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]")


class NoteLink(NamedTuple):
    """A stretch of a line (`start`, `end` count its characters) that links to `url`."""

    start: int
    end: int
    url: str


class NoteLine(NamedTuple):
    """One line as shown: white space collapsed, never empty."""

    text: str
    links: tuple[NoteLink, ...] = ()


def note_lines(html: str) -> tuple[NoteLine, ...]:
    """Return the visible lines of a field of show notes, be it HTML or plain text.

    Only the first `MAX_CHARACTERS` and `MAX_LINES` are read. Never raises; takes time linear in the length.
    """
    html = html[:MAX_CHARACTERS]
    if "&lt;" in html.lower() and not _HAS_TAG.search(html) and _ESCAPED_TAG.search(html):
        html = unescape(html)
    page = _Page()
    _feed(_plain_space(html), page)
    page.end_line()
    return tuple(page.finished()[:MAX_LINES])


def _meant(reference: re.Match[str]) -> str:
    return _character(reference.group())


@lru_cache(maxsize=512)
def _character(reference: str) -> str:
    """Return what a character reference means; remembered, since pages repeat the same few."""
    return unescape(reference)


def _plain_space(text: str) -> str:
    """Return the text without what is not printed, with newlines of one kind and single plain spaces."""
    return _SPACES.sub(" ", _NEWLINES.sub("\n", _UNPRINTED.sub("", text)))


class _Page:
    """The text read so far: finished lines, each a list of pieces with the address they link to."""

    def __init__(self) -> None:
        self.lines: list[tuple[list[tuple[str, str | None]], bool]] = []
        self.pieces: list[tuple[str, str | None]] = []
        self.href: str | None = None
        self.preformatted = 0
        self.has_blocks = False

    def add(self, text: str) -> None:
        if "&" in text:
            text = _plain_space(_CHARACTER.sub(_meant, text))
        if text:
            self.pieces.append((text, self.href))

    def end_line(self) -> None:
        if self.pieces:
            self.lines.append((self.pieces, self.preformatted > 0))
            self.pieces = []

    def tag(self, tag: _Tag) -> None:
        if tag.block:
            self.end_line()
            if tag.unseen:
                return
            self.has_blocks = True
            if tag.name == "pre":
                self.preformatted = max(0, self.preformatted + (-1 if tag.closing else 1))
        elif tag.name == "a":
            self.href = None if tag.closing else _href(tag.attributes)
        else:
            self.add(" ")

    def finished(self) -> list[NoteLine]:
        lines: list[NoteLine] = []
        for pieces, preformatted in self.lines:
            if len(lines) >= MAX_LINES:
                break
            if len(pieces) > 1 and not any(href for _, href in pieces):
                pieces = [("".join([text for text, _ in pieces]), None)]  # noqa: PLW2901 - the same line, in one piece
            text, href = pieces[0]
            if len(pieces) == 1 and href is None and "\n" not in text:
                lines += [NoteLine(text)] if (text := _single_spaced(text)) else []
                continue
            hard = preformatted or not self.has_blocks or _is_plain_list(pieces)
            if hard and len(pieces) == 1 and href is None:
                stripped = (part.strip(" ") for part in text.split("\n", 2 * MAX_LINES)[: 2 * MAX_LINES])
                lines += [NoteLine(part) for part in stripped if part]
                continue
            joined = (_joined(part) for part in (_split(pieces) if hard else [pieces]))
            lines += [line for line in joined if line is not None]
        return lines


def _feed(html: str, page: _Page) -> None:
    """Cut the source into text and tags, at once for speed; a `<` that begins no tag is text.

    What is not shown is passed over up to the place `until`. It ends behind a `>`, so never inside of a tag.
    """
    place = until = 0
    pieces = [*_MARKUP.split(html), ""]
    for text, markup in zip(pieces[::2], pieces[1::2], strict=True):
        begin, place = place, place + len(text)
        if text and place > until:
            page.add(text if begin >= until else text[until - begin :])
        place += len(markup)
        if place <= until or not markup:
            continue
        tag = _tag(markup)
        if tag is None:
            continue
        if tag.ends_line:
            page.has_blocks = True
            page.end_line()
        elif tag.matters:
            page.tag(tag)
        if tag.unseen:
            until = _past_element(html, place, tag.name)
        if len(page.lines) >= MAX_LINES:
            return


@dataclass(frozen=True, slots=True)
class _Tag:
    closing: bool
    name: str
    attributes: str
    unseen: bool
    """It opens an element that a browser does not show."""
    block: bool
    matters: bool
    """Anything depends on it."""
    ends_line: bool
    """It ends a line, and does nothing else."""


@lru_cache(maxsize=512)
def _tag(markup: str) -> _Tag | None:
    """Read `<name attributes>`, or the beginning of a comment; remembered, since pages repeat their tags."""
    if markup == _COMMENT:
        return _Tag(False, _COMMENT, "", unseen=True, block=False, matters=False, ends_line=False)
    match = _TAG.match(markup, 1, len(markup) - 1)
    if match is None:
        return None
    closing, name, attributes = match.group(1) == "/", match.group(2).lower(), match.group(3)
    opens = not closing and name not in _VOID and not attributes.endswith("/")
    unseen = opens and (name in _UNSEEN or _is_hidden(attributes))
    block = name in _BLOCKS
    matters = block or (not unseen and (name in _CELLS or name == "a"))
    return _Tag(closing, name, attributes, unseen, block, matters, block and not unseen and name != "pre")


def _past_element(html: str, place: int, name: str) -> int:
    """Return where the element ends that was opened before `place`; the end of the text if it is never closed."""
    if name == _COMMENT:
        end = html.find("-->", place)
        return len(html) if end < 0 else end + 3
    depth = 1
    for match in re.compile(rf"<(/?){re.escape(name)}(?![A-Za-z0-9:-])", re.IGNORECASE).finditer(html, place):
        if match.group(1):
            depth -= 1
        elif name not in _RAW_TEXT:
            depth += 1
        if depth == 0:
            end = html.find(">", match.end())
            return len(html) if end < 0 else end + 1
    return len(html)


def _is_hidden(attributes: str) -> bool:
    if "none" not in attributes and "idden" not in attributes.lower():
        return False
    return bool(_HIDDEN_STYLE.search(attributes) or _HIDDEN_WORD.search(_QUOTED.sub("", attributes)))


def _href(attributes: str) -> str | None:
    match = _HREF.search(attributes)
    return unescape(match.group(1) or match.group(2) or match.group(3) or "").strip() if match else None


def _is_plain_list(pieces: list[tuple[str, str | None]]) -> bool:
    """Whether the source's newlines are meant as line ends: two of the lines they would make hold a time."""
    text = "".join(text for text, _ in pieces)
    if "\n" not in text:
        return False
    return sum(1 for line in text.split("\n") if _HOLDS_TIME.search(line)) >= 2


def _split(pieces: list[tuple[str, str | None]]) -> list[list[tuple[str, str | None]]]:
    lines: list[list[tuple[str, str | None]]] = [[]]
    for text, href in pieces:
        if "\n" not in text:
            lines[-1].append((text, href))
            continue
        first, *rest = text.split("\n")
        lines[-1].append((first, href))
        lines.extend([(part, href)] for part in rest)
    return lines


def _single_spaced(text: str) -> str:
    text = text.strip(" ")
    return _SPACES.sub(" ", text) if "  " in text else text


def _joined(pieces: list[tuple[str, str | None]]) -> NoteLine | None:
    """Join pieces into a line with single spaces, remembering where each link lies; none if nothing is left."""
    if len(pieces) == 1 and pieces[0][1] is None:
        text = _single_spaced(pieces[0][0].replace("\n", " "))
        return NoteLine(text) if text else None
    texts: list[str] = []
    links: list[NoteLink] = []
    length, after_space = 0, True
    for raw, href in pieces:
        text = raw.replace("\n", " ")
        if "  " in text:
            text = _SPACES.sub(" ", text)
        if after_space:
            text = text.removeprefix(" ")
        if not text:
            continue
        texts.append(text)
        if href:
            links.append(NoteLink(length, length + len(text), href))
        length += len(text)
        after_space = text.endswith(" ")
    line = "".join(texts).rstrip(" ")
    return NoteLine(line, tuple(links)) if line else None
