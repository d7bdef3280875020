"""JSON-LD of web pages: what schema.org says there about a podcast.

Vocabulary: https://schema.org/PodcastEpisode, https://schema.org/PodcastSeries, https://schema.org/AudioObject
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jobs.dates import parse_date
from jobs.durations import parse_duration
from jobs.feed_addresses import Resolve
from jobs.safe_xml import Element
from storage.documents import Link

MAX_NODES = 20_000
"""Most JSON objects that are looked at on one page."""

_EPISODES = {"podcastepisode", "radioepisode", "episode"}
_AUDIO = {"audioobject", "mediaobject"}


@dataclass(frozen=True, slots=True)
class PageData:
    """What the structured data of a page say; of the episode only if the page is about a single one."""

    title: str | None = None
    show: str | None = None
    description: str | None = None
    published: datetime | None = None
    duration: float | None = None
    image: str | None = None
    feeds: tuple[str, ...] = ()
    audio: tuple[Link, ...] = ()


Node = dict[str, Any]


def read_page_data(root: Element, resolve: Resolve) -> PageData:
    """Read every JSON-LD script of a page; broken ones count as absent."""
    nodes = [node for script in root.iter("script") for node in _script_nodes(script)][:MAX_NODES]
    episodes = [node for node in nodes if _types(node) & _EPISODES]
    about = episodes[0] if len(episodes) == 1 else {}
    series = next((node for node in nodes if any("series" in kind for kind in _types(node))), {})
    sources = [node for node in nodes if _types(node) & _AUDIO]
    duration = (
        _string(about.get("duration"))
        or _string(about.get("timeRequired"))
        or (_string(sources[0].get("duration")) if sources else None)
    )
    return PageData(
        title=_string(about.get("name")) or _string(about.get("headline")),
        show=_string(series.get("name")),
        description=_lines(about.get("description")),
        published=parse_date(_string(about.get("datePublished"))),
        duration=parse_duration(duration) if about else None,
        image=resolve(_address(about.get("image"))),
        feeds=tuple(url for node in nodes if (url := resolve(_address(node.get("webFeed"))))),
        audio=tuple(
            Link(url=url, media_type=_string(node.get("encodingFormat")))
            for node in sources
            if (
                url := resolve(
                    _address(node.get("contentUrl")) or _address(node.get("embedUrl") if _is_audio_file(node) else None)
                )
            )
        ),
    )


def _is_audio_file(node: Node) -> bool:
    return (_string(node.get("encodingFormat")) or "").startswith("audio/")


def _script_nodes(script: Element) -> Iterator[Node]:
    if (script.get("type") or "").partition(";")[0].strip().lower() != "application/ld+json":
        return
    try:
        document = json.loads(script.text or "", strict=False)
    except (ValueError, RecursionError):
        return
    waiting = [document]
    seen = 0
    while waiting and seen < MAX_NODES:
        value = waiting.pop()
        if isinstance(value, dict):
            seen += 1
            yield value
            waiting.extend(reversed(value.values()))
        elif isinstance(value, list):
            waiting.extend(reversed(value))


def _types(node: Node) -> set[str]:
    kinds = node.get("@type")
    listed = kinds if isinstance(kinds, list) else [kinds]
    return {kind.rpartition("/")[2].lower() for kind in listed if isinstance(kind, str)}


def _string(value: Any) -> str | None:
    return (" ".join(value.split()) or None) if isinstance(value, str) else None


def _lines(value: Any) -> str | None:
    """Return a text with its line breaks, which may separate chapters."""
    return value.strip() or None if isinstance(value, str) else None


def _address(value: Any) -> str | None:
    """Return an address that stands as a string, in a list, or as an object's `url`."""
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("url") or value.get("@id")
    return _string(value)
