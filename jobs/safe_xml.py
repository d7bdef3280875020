"""Hostile or broken XML made harmless: no DTD, no external entities, nothing expanded, and as much read as can be.

The bytes are decoded here, HTML entities that nobody declared become characters, bare ampersands are escaped, and the
document type is taken off before any parser sees the text. libxml2 then recovers what else is broken.
"""

from __future__ import annotations

import codecs
import html
import html.entities
import re
from dataclasses import dataclass

from lxml import etree

from jobs.character_references import unescaped
from storage.errors import SourceError, TooLarge

MAX_BYTES = 32 * 1024 * 1024
"""Largest XML file that is read, in bytes."""

MAX_TAGS = 1_000_000
"""Most tags outside of CDATA that are read; one costs about a hundred bytes of memory."""

MAX_REPAIRS = 500_000
"""Most bare ampersands and named entities that are rewritten; beyond, the file was made to cost time."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITHOUT_BOM = ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be"), (b"<\0r\0", "utf-16-le"), (b"\0<\0r", "utf-16-be"))
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_TEXT_CODECS = re.compile(
    r"(iso8859|iso2022|latin|cp\d|shift_jis|euc|gb|big5|koi8|mac|tis|utf-?(8|16|32)|ascii|johab|hz|ptcp|kz)"
)
_SEVEN_BIT = re.compile(r"iso2022|hz")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CDATA = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)", re.DOTALL)
_TOKEN = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
    # what XML knows by itself stays; matching it would cost most of the time
    r"|&(?!(?:lt|gt|amp|quot|apos|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});)(?:([A-Za-z][A-Za-z0-9]{0,40});)?",
    re.DOTALL,
)
_BEGINNING = re.compile(r"<\?xml\s|<!DOCTYPE\s|<(?:rss|rdf:RDF|feed|channel|opml|html)[\s>]", re.IGNORECASE)
_PROLOG = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)+", re.DOTALL)
_SUBSET_ENTITY = re.compile(r"""<!ENTITY\s+([A-Za-z][\w.-]{0,40})\s+(?:"([^"<%]{0,200})"|'([^'<%]{0,200})')\s*>""")


Element = etree._Element  # noqa: SLF001 - lxml has no public name for the type of its elements


@dataclass(frozen=True, slots=True)
class XmlDocument:
    """A parsed XML file and how its text was read."""

    root: Element
    encoding: str
    encoding_repaired: bool
    """The file's own claim about its encoding was wrong."""


def parse_xml(
    data: bytes, *, name: str, error: type[SourceError], max_bytes: int = MAX_BYTES, max_tags: int = MAX_TAGS
) -> XmlDocument:
    """Parse `data`, recovering from damage; `name` is how errors call it.

    Raises `TooLarge` over the caps, and `error` if it declares entities that could expand or point elsewhere, or
    holds no element at all.
    """
    if len(data) > max_bytes:
        raise TooLarge(
            f"{name} has {len(data):,} bytes; at most {max_bytes:,} are read.", hint="Raise the cap, or use a shorter one."
        )
    text, encoding, repaired = decode(data)
    if text.count("<") > max_tags and _CDATA.sub("", text).count("<") > max_tags:
        raise TooLarge(
            f"{name} has more than {max_tags:,} tags.", hint="No real file of this kind has; check where it comes from."
        )
    body, declared = _without_doctype(_ILLEGAL.sub("", text), name, error)
    body = _plain_entities(body, declared, name)
    if len(body) > 2 * max_bytes:
        raise TooLarge(f"{name} grows to {len(body):,} characters by its own entities.", hint="It looks made to exhaust memory.")
    root = _parse(body)
    if root is None:
        raise error(f"{name} is not XML.", hint="Check the address: an RSS or Atom file begins with <?xml or <rss.")
    return XmlDocument(root, encoding, repaired)


def _parse(body: str) -> Element | None:
    parser = etree.XMLParser(
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        encoding="utf-8",
        huge_tree=False,
    )
    try:
        root: Element | None = etree.fromstring(body.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root


def text_inside(element: Element) -> str:
    """Return all text in an element and below it, white space collapsed."""
    return " ".join("".join(str(piece) for piece in element.itertext()).split())


def decode(data: bytes) -> tuple[str, str, bool]:
    """Return the text of an XML or HTML file, the encoding used, and whether its own claim about that was wrong.

    A byte order mark decides; else bytes that are valid UTF-8 are UTF-8 whatever they claim (by chance other text
    hardly ever is; the seven-bit encodings excepted); else the claim; else Windows-1252, which browsers take for
    Latin-1 too.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace"), encoding, False
    for start, encoding in _WITHOUT_BOM:
        if data.lstrip().startswith(start):
            return data.lstrip().decode(encoding, "replace"), encoding, False
    claim = _claimed(data)
    if claim is not None and _SEVEN_BIT.search(claim):
        return data.decode(claim, "replace"), claim, False
    try:
        return data.decode("utf-8"), "utf-8", claim not in {None, "utf-8", "ascii"} and not data.isascii()
    except UnicodeDecodeError:
        pass
    if claim is not None and not claim.startswith(("utf", "ascii")):
        return data.decode("cp1252" if claim == "iso8859-1" else claim, "replace"), claim, False
    return data.decode("cp1252", "replace"), "cp1252", True


def _claimed(data: bytes) -> str | None:
    """Return Python's name for the encoding in the XML declaration, if it is one of text."""
    match = _DECLARED.search(data[:1024])
    if match is None:
        return None
    try:
        name = codecs.lookup(match[1].decode("ascii")).name
    except LookupError:
        return None
    return name if _TEXT_CODECS.match(name.lower()) else None


def _without_doctype(text: str, name: str, error: type[SourceError]) -> tuple[str, dict[str, str]]:
    """Take XML declaration and document type off; return the rest and the harmless entities that were declared."""
    start = _after_prolog(text, _junk(text))
    if not text[start : start + 9].upper().startswith("<!DOCTYPE"):
        return text[start:], {}
    end = text.find(">", start)
    bracket = text.find("[", start, end if end >= 0 else len(text))
    if bracket < 0:
        return text[end + 1 :] if end >= 0 else "", {}
    close = re.compile(r"\]\s*>").search(text, bracket)
    if close is None:
        raise error(f"{name} has a document type that never ends.", hint="It is damaged, or made to confuse parsers.")
    subset = text[bracket + 1 : close.start()]
    return text[close.end() :], _declared_entities(subset, name, error)


def _junk(text: str) -> int:
    """Return where XML begins: broken servers print warnings in front of it."""
    begin = _BEGINNING.search(text, 0, 4096)
    return begin.start() if begin else max(text.find("<"), 0)


def _after_prolog(text: str, start: int) -> int:
    match = _PROLOG.match(text, start)
    return match.end() if match else start


def _declared_entities(subset: str, name: str, error: type[SourceError]) -> dict[str, str]:
    """Return entities that stand for a short plain text; refuse all others.

    An entity that names a file, or contains another, is how a small file reads secrets or fills memory.
    """
    entities = {}
    for match in _SUBSET_ENTITY.finditer(subset):
        value = unescaped(match[2] if match[2] is not None else match[3])
        if "&" not in value or value == "&":
            entities[match[1]] = value
    if len(entities) != subset.upper().count("<!ENTITY") or "%" in subset:
        raise error(
            f"{name} declares XML entities that refer to others or to files, and was refused.",
            hint="That is how a small file is made to exhaust memory or to read private files; real feeds have none.",
        )
    return entities


def _plain_entities(body: str, declared: dict[str, str], file: str) -> str:
    """Replace every named entity by its character and escape bare ampersands, outside of CDATA and comments."""
    repairs = 0

    def rewrite(match: re.Match[str]) -> str:
        found = match[0]
        if found[0] == "<":
            return found
        nonlocal repairs
        repairs += 1
        if repairs > MAX_REPAIRS:
            hint = "No real file has; check where it comes from."
            raise TooLarge(f"{file} has more than {MAX_REPAIRS:,} bare ampersands and named entities.", hint=hint)
        name = match[1] or ""
        value = declared.get(name) or html.entities.html5.get(name + ";")
        return html.escape(value) if value is not None else "&amp;" + found[1:]

    return _TOKEN.sub(rewrite, body)
