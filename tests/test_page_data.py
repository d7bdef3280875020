"""JSON-LD of web pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from jobs.feed_addresses import resolver
from jobs.page_data import PageData, read_page_data
from jobs.safe_xml import Element

EPISODE = {
    "@type": "PodcastEpisode",
    "name": " Burning  out ",
    "description": "About it\n0:00 Start",
    "datePublished": "2025-10-25",
    "timeRequired": "PT10M",
    "image": {"@type": "ImageObject", "url": "/cover.jpg"},
    "associatedMedia": {"@type": "https://schema.org/AudioObject", "contentUrl": "a 1.mp3", "encodingFormat": "audio/mpeg"},
    "partOfSeries": {"@type": "PodcastSeries", "name": "Interconnects", "webFeed": "/feed"},
}


def root_of(*scripts: str) -> Element:
    root = etree.Element("html")
    for script in scripts:
        etree.SubElement(root, "script", type="application/ld+json; charset=utf-8").text = script
    return root


def read(*documents: Any) -> PageData:
    root = root_of(*(json.dumps(document) for document in documents))
    return read_page_data(root, resolver("https://x.example/e/1", local=False))


@pytest.mark.parametrize(
    "document", [EPISODE, [EPISODE], {"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, EPISODE]}]
)
def test_an_episode_is_found_alone_in_lists_and_in_graphs(document: Any) -> None:
    """With its series, feed and audio."""
    found = read(document)
    assert (found.title, found.show, found.description, found.duration) == (
        "Burning out",
        "Interconnects",
        "About it\n0:00 Start",
        600,
    )
    assert found.published == datetime(2025, 10, 25, tzinfo=UTC)
    assert found.image == "https://x.example/cover.jpg"
    assert found.feeds == ("https://x.example/feed",)
    assert [(link.url, link.media_type) for link in found.audio] == [("https://x.example/e/a%201.mp3", "audio/mpeg")]


def test_a_page_with_several_episodes_is_about_none_of_them() -> None:
    """It is the page of the show."""
    found = read([EPISODE, {**EPISODE, "name": "Another"}])
    assert (found.title, found.published, found.duration) == (None, None, None)
    assert found.show == "Interconnects"


def test_broken_json_counts_as_absent() -> None:
    """And does not hide the script beside it."""
    found = read_page_data(
        root_of("{broken", "[" * 100_000, "null", '"text"', json.dumps(EPISODE)), resolver("https://x.example/", local=False)
    )
    assert found.title == "Burning out"


KEYS = st.sampled_from(
    ["@type", "@graph", "name", "url", "image", "webFeed", "contentUrl", "datePublished", "duration", "encodingFormat"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, JSON, max_size=6), st.sampled_from(["PodcastEpisode", "AudioObject", "PodcastSeries"]))
def test_any_json_is_read_without_an_error(document: dict[str, Any], kind: str) -> None:
    """Values of any type may stand where text is expected."""
    found = read({"@type": kind, **document})
    assert all(link.url.startswith("http") for link in found.audio)
