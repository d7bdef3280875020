"""The cookie in which a browser keeps the token that was shown to it."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

COOKIE = "earmark_token"
SECURE_COOKIE = f"__Host-{COOKIE}"
"""Its name where the page came over TLS: no other host, and no connection without TLS, can set it (RFC 6265bis, 4.1.3.2)."""


def token_in_cookie(headers: Headers) -> str | None:
    """Return the token that a browser keeps; none if it keeps none."""
    cookies = cookie_parser(headers.get("cookie", ""))
    return cookies.get(SECURE_COOKIE) or cookies.get(COOKIE) or None
