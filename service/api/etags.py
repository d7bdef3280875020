"""Entity tags (RFC 9110, 8.8.3), by which a client tells what it knows already."""

from __future__ import annotations


def names(if_none_match: str, tag: str) -> bool:
    """Tell whether a list of entity tags holds this one (RFC 9110, 13.1.2); tags that are only weak are alike here."""
    tags = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return "*" in tags or tag in tags
