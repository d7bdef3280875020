"""Making strings from outside harmless: text on one line, and addresses that only lead to the web."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
"""What neither XML nor a terminal should see: controls, halves of surrogate pairs, and non-characters."""

_LINES = re.compile(r"([^\n\t]*)([\n\t]|\Z)")

_WEB = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)

_UNSAFE_IN_ADDRESS = re.compile(r"[\s<>\"`'(){}\[\]|^\\]")
"""Characters that could end the place where an address is written; in an address they mean the same when escaped."""

_AUTHORITY = re.compile(r"(https?://)(\[[0-9a-f:.]+\])", re.IGNORECASE)


def one_line(text: str) -> str:
    """Return a text as one line: any run of white space becomes one space, control characters go."""
    if text.isprintable() and " " not in text:
        return text  # nearly every word
    return " ".join(_CONTROL.sub("", " ".join(text.split())).split())


def xml_text(text: str) -> str:
    """Return a text of several lines without what XML cannot hold."""
    return "".join(_CONTROL.sub("", line) + end for line, end in _LINES.findall(text))


def web_address(url: str | None) -> str | None:
    """Return a link that is safe to write into a page or a file, or none if it is not an http(s) address.

    Feeds carry raw spaces in addresses; they and the characters that could end a link are percent-encoded.
    """
    if url is None:
        return None
    address = _CONTROL.sub("", url.strip())
    if not _WEB.match(address):
        return None
    numeric = _AUTHORITY.match(address)  # brackets around an IPv6 address stay
    kept = numeric.end() if numeric else 0
    return address[:kept] + _UNSAFE_IN_ADDRESS.sub(_percent, address[kept:])


def _percent(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found.group().encode("utf-8"))
