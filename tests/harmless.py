"""Whether a page holds nothing but its own scripts and styles, whatever strings were put into it."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode

_ADDRESSES = ("href", "src", "action", "formaction", "poster", "data", "srcset", "xlink:href", "ping", "background", "cite")
_NEVER = {"iframe", "object", "embed", "base", "style", "applet", "frame", "frameset", "math", "img", "template"}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def harmless(answer: httpx.Response) -> LexborHTMLParser:
    """Return the document of an answer, after making sure that it is a page and can do nothing that we did not write."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    return harmless_html(answer.text)


def harmless_html(html: str) -> LexborHTMLParser:
    """Return a document, after making sure that it can do nothing that we did not write."""
    tree = LexborHTMLParser(html)
    for node in tree.css("*"):
        _is_harmless(node)
    return tree


def _is_harmless(node: LexborNode) -> None:
    assert node.tag not in _NEVER, node.html
    for name, value in node.attributes.items():
        assert not name.startswith("on"), node.html
        assert name not in {"style", "srcdoc", "http-equiv"}, node.html
        if name in _ADDRESSES:
            _is_address(node, value or "")
    if node.tag == "script":
        is_data = node.attributes.get("type") == "application/json"
        assert is_data or (is_own(node.attributes.get("src") or "") and not node.text().strip()), node.html
    if (
        node.tag == "link" and node.attributes.get("rel") == "alternate"
    ):  # which no browser fetches, and which oEmbed wants in full
        assert urlsplit(node.attributes.get("href") or "").scheme in {"", "http", "https"}, node.html
    elif node.tag == "link":
        assert is_own(node.attributes.get("href") or ""), node.html


def _is_address(node: LexborNode, value: str) -> None:
    if is_own(value) or (node.tag == "link" and node.attributes.get("rel") == "alternate"):
        return
    assert node.tag == "a", node.html
    assert urlsplit(value).scheme in {"http", "https"}, node.html
    assert "noopener" in (node.attributes.get("rel") or ""), node.html


def is_own(address: str) -> bool:
    """Tell whether an address is one of the server itself."""
    return address.startswith("#") or (address.startswith("/") and not address.startswith(("//", "/\\")))


def the(tree: LexborHTMLParser | LexborNode, selector: str) -> LexborNode:
    """Return the first element that a selector names; there must be one."""
    found = tree.css_first(selector)
    assert isinstance(found, LexborNode), selector
    return found
