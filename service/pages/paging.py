"""Where the next page of a list is."""

from __future__ import annotations

from fastapi import Request


def following(request: Request, after: str | None) -> str | None:
    """Return the address of the page after this one, with the same filters; none at the end."""
    if after is None:
        return None
    return f"{request.url.path}?{request.url.include_query_params(after=after).query}"
