"""Transcripts as pages: `<cite>Anna:</cite> <time>0:15</time> <p>What she says</p>`, over and over.

Decisions:

- A `<time>` or a `<cite>` behind some text begins a new row; a row without a time of its own is joined to the one before it,
  so that no word is lost.
- A row without a name goes on with the last one. The colon behind a name is not part of it.
- A page without any `<time>` is read as running text (`plain`).
- Scripts, styles and what stands in `<head>` are not text.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lxml import etree

from jobs.safe_xml import Element
from jobs.transcript_files.plain import read_plain
from jobs.transcript_files.rows import Row, seconds_of

_BLOCKS = {"p", "div", "li", "br", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "td", "section", "blockquote", "dd", "dt", "hr"}
_SILENT = {"script", "style", "head", "title", "template", "nav", "button"}


def read_html(text: str) -> list[Row]:
    """Return the rows of a page; none where it has no times."""
    root = _parse(text)
    if root is None:
        return []
    if next(root.iter("time"), None) is None:
        return read_plain(_lines(root))
    page = _Page()
    _walk(root, page)
    page.flush()
    return page.rows


def _parse(text: str) -> Element | None:
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        root: Element | None = etree.fromstring(text.replace("\0", "").encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root


@dataclass
class _Page:
    """What was read of a page so far: its rows, and the one that is being read."""

    rows: list[Row] = field(default_factory=list)
    start: float | None = None
    speaker: str | None = None
    body: list[str] = field(default_factory=list)

    def flush(self) -> None:
        """End the row that is being read."""
        said = "".join(self.body)
        if said.strip():
            if self.start is None and self.rows:
                self.rows[-1] = replace(self.rows[-1], text=f"{self.rows[-1].text} {said}")
            elif self.start is not None:
                self.rows.append(Row(self.start, None, said, self.speaker))
            self.start = None
        self.body = []

    def take(self, tag: str, text: str) -> None:
        """Take a whole `<time>` or `<cite>`."""
        self.flush()
        if tag == "time":
            self.start = seconds_of(text.strip(" \t\r\n[]()"))
        else:
            self.speaker = text.strip().rstrip(":\uff1a").strip() or None


def _walk(root: Element, page: _Page) -> None:
    """Go through a page from its beginning to its end, without recursion: pages nest as deep as they like."""
    whole: list[Element] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start" and not whole:
            if tag in _SILENT:
                whole.append(element)
            elif tag in {"time", "cite"}:
                whole.append(element)
                page.take(tag, "".join(str(piece) for piece in element.itertext()))
            else:
                page.body.append((" " if tag in _BLOCKS else "") + (element.text or ""))
        elif event == "end":
            if whole and whole[-1] is element:
                whole.pop()
            if not whole:
                page.body.append((" " if tag in _BLOCKS else "") + (element.tail or ""))


def _lines(root: Element) -> str:
    """Return the text of a page, each block on a line of its own."""
    pieces: list[str] = []
    silent: list[Element] = []
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start" and not silent and tag in _SILENT:
            silent.append(element)
        if event == "end" and silent and silent[-1] is element:
            silent.pop()
        if not silent:
            text = element.text if event == "start" else element.tail
            own = "" if event == "end" and tag in _SILENT else ("\n" if tag in _BLOCKS else "")
            pieces.append(own + " ".join((text or "").split("\n")))
    return "".join(pieces)
