"""Hostile HTML to text with marks, one character each, for what its tags mean to a reader of lines.

Decisions:

- Block tags become line ends *before* tags are dropped; without that, `<li>00:00 A</li><li>05:00 B</li>` would run together.
  Cells of a table row stay on one line, so a time and its title in two cells are one row.
- A tokenizer of our own instead of an HTML5 tree: notes are often not HTML at all (`a < b`, half a tag, plain text), and
  building a tree takes quadratic time on nested unclosed formatting tags. Here every character is looked at a fixed number of
  times, and whatever can be done for all tags together is, for a page may have tens of thousands.
- What a browser does not show (`script`, `style`, comments, `hidden`, `display:none`) is dropped.
- Marks for text direction and zero-width spaces are dropped, lone surrogates too; joiners stay, since emoji and Persian need
  them.
"""

from __future__ import annotations

import re
from functools import lru_cache

from jobs.character_references import unescaped

NOTHING, LINE, LINK, UNLINK, PRE, UNPRE, UNSEEN = "\x00\x01\x02\x03\x04\x05\x06"
"""Marks: a tag that changes nothing, the end of a line, the beginning and the end of a link and of preformatted text, and the end
of a line where a block is not shown. Text itself has no such characters, since they are not printed."""

_BLOCKS = frozenset(
    [
        *("address", "article", "aside", "blockquote", "body", "br", "button", "caption", "center", "dd", "details", "div", "dl"),
        *("dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html"),
        *("legend", "li", "main", "menu", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "tfoot"),
        *("thead", "tr", "ul"),
    ]
)
_MARKS = {name: LINE for block in _BLOCKS for name in (block, f"/{block}")} | {
    "pre": LINE + PRE,
    "/pre": LINE + UNPRE,
    "a": LINK,
    "/a": UNLINK,
    **dict.fromkeys(("td", "/td", "th", "/th"), " "),
}
_VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"])
_RAW_TEXT = frozenset({"script", "style", "iframe"})
_NEVER_SEEN = frozenset({"script", "style", "template", "svg", "head", "iframe"})

_NAME = r"[A-Za-z][A-Za-z0-9:-]*+"
_REST = r"[^<>\x00\x06]{0,4096}+"  # bounded, and stopped by the next `<`: linear
_TAG = re.compile(rf"<(?:(/?{_NAME})({_REST})>|!\[CDATA\[|[/!?]{_REST}>)")
_MAY_HIDE = re.compile(
    r"<(?=[A-Za-z!])(?:!--|"
    # the first letters by themselves, for these patterns are tried at every tag
    r"(?=[histHIST](?i:ead|frame|cript|tyle|vg|emplate)(?![A-Za-z0-9:-])|[^<>]{0,4096}?(?::\s*(?i:none)|[hH](?i:idden)))"
    rf"({_NAME})({_REST})>(?:[^<>]*+</(?i:\1)(?![A-Za-z0-9:-])[^<>]*+(>))?+)"
)
"""What may begin an element that a browser does not show; with its end where no other tag lies between, which is faster."""
_ANY_TAG = re.compile(rf"<(/?)({_NAME})")
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_HIDDEN_WORD = re.compile(r"(?:^|\s)hidden(?:\s|=|/|$)", re.IGNORECASE)

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]+")
_UNPRINTED = re.compile(r"[\xad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]+")
_SPACES = "\t\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_NEWLINES = "\r\x0b\x0c\x85\u2028\u2029"
_ASCII = str.maketrans("\t\r\x0b\x0c", " \n\n\n", "".join(filter(_CONTROL.match, map(chr, range(0x80)))))


def plain_space(text: str) -> str:
    """Return the text without what is not printed, with newlines of one kind and plain spaces."""
    return text.translate(_ASCII) if text.isascii() else _with_plain_space(_CONTROL.sub("", text))


def marked_text(html: str) -> tuple[str, list[str]]:
    """Return the text with marks in place of tags, and the attributes of the tags that begin links, in order.

    `html` has gone through `plain_space`. Never raises; takes time linear in the length.
    """
    pieces = _TAG.split(_without_unseen(html))
    names = pieces[1::3]
    marks = {name: _MARKS.get(name) or _MARKS.get(str(name).lower(), NOTHING) for name in set(names)}
    pieces[1::3] = [marks[name] for name in names]
    attributes = []
    if LINK in marks.values():
        attributes = [attributes for mark, attributes in zip(pieces[1::3], pieces[2::3], strict=True) if mark == LINK]
    pieces[2::3] = [""] * len(names)
    text = "".join(pieces)
    if "&" in text:
        text = _with_plain_space(unescaped(text))
    text = text.replace(NOTHING, "")
    return (text, attributes) if attributes else (text.replace(UNLINK, ""), attributes)


def _with_plain_space(text: str) -> str:
    """Do for all but control characters, as which `marked_text` has its marks; no reference means one."""
    text = _UNPRINTED.sub("", text)
    for marks, plain in ((_SPACES, " "), (_NEWLINES, "\n")):
        for mark in marks:
            text = text.replace(mark, plain)
    return text


def _without_unseen(html: str) -> str:
    """Return the source with marks in place of what a browser does not show."""
    seen: list[str] = []
    place = 0
    match = _MAY_HIDE.search(html)
    while match is not None:
        name, attributes, closed = match.groups()
        behind = match.end() if name is None else match.end(2) + 1
        if name is None:
            end = html.find("-->", behind)
            until = len(html) if end < 0 else end + 3
        elif _hides(name.lower(), attributes):
            until = match.end() if closed else _past_element(html, behind, name.lower())
        else:
            until = 0
        if until:
            seen += (html[place : match.start()], UNSEEN if name and name.lower() in _BLOCKS else NOTHING)
            place = behind = until
        match = _MAY_HIDE.search(html, behind)
    return "".join((*seen, html[place:]))


def _hides(name: str, attributes: str) -> bool:
    if name in _VOID or attributes.endswith("/"):
        return False
    return name in _NEVER_SEEN or _is_hidden(attributes)


@lru_cache(maxsize=512)
def _is_hidden(attributes: str) -> bool:
    if _HIDDEN_STYLE.search(attributes):
        return True
    bare = _QUOTED.sub("", attributes) if '"' in attributes or "'" in attributes else attributes
    return _HIDDEN_WORD.search(bare) is not None


def _past_element(html: str, place: int, name: str) -> int:
    """Return where the element ends that was opened before `place`; the end of the text if it is never closed."""
    depth = 1
    for match in _ANY_TAG.finditer(html, place):
        if match.group(2).lower() != name:
            continue
        if match.group(1):
            depth -= 1
        elif name not in _RAW_TEXT:
            depth += 1
        if depth == 0:
            end = html.find(">", match.end())
            return len(html) if end < 0 else end + 1
    return len(html)
