"""Lists of feeds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.opml import OpmlFeed, read_opml
from storage.errors import EarmarkError, NoEpisode, NotAFeed

SUBSCRIPTIONS = b"""<?xml version="1.0"?>
<opml version="2.0"><head><title>Subscriptions</title></head><body>
  <outline text="Tech &amp; Science">
    <outline text="Deep"><outline type="rss" text="One" title="Show One" xmlUrl="https://one.example/feed one"/></outline>
    <outline text="Two" XMLURL="http://two.example/feed"/>
  </outline>
  <outline type="rss" text="Again" xmlUrl="http://one.example:80/feed%20one"/>
  <outline type="rss" xmlUrl="https://three.example/feed"/>
  <outline type="rss" text="Bad" xmlUrl="file:///etc/passwd"/>
  <outline type="link" text="No feed" url="https://four.example/"/>
</body></opml>"""


def test_folders_are_flattened_and_addresses_come_once() -> None:
    """In the order of the file, with the titles that the reader gave."""
    assert read_opml(SUBSCRIPTIONS) == (
        OpmlFeed("Show One", "https://one.example/feed%20one"),
        OpmlFeed("Two", "http://two.example/feed"),
        OpmlFeed("https://three.example/feed", "https://three.example/feed"),
    )


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"<rss/>", NotAFeed),
        (b"no xml", NotAFeed),
        (b'<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml/>', NotAFeed),
        (b"<opml><body><outline text='empty'/></body></opml>", NoEpisode),
    ],
)
def test_what_is_not_a_list_of_feeds_is_a_clear_error(data: bytes, error: type[EarmarkError]) -> None:
    """Another format, no XML, dangerous XML, and a list of nothing."""
    with pytest.raises(error, match="my list") as caught:
        read_opml(data, name="my list")
    assert caught.value.hint


@given(st.binary(max_size=200))
def test_random_bytes_never_raise_anything_else(data: bytes) -> None:
    """Only errors that explain themselves."""
    with pytest.raises(EarmarkError):
        read_opml(b"<opml>" + data)
