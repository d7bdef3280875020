"""Addresses inside of a feed."""

from __future__ import annotations

import pytest

from jobs.feed_addresses import resolver


@pytest.mark.parametrize(
    ("address", "absolute"),
    [
        ("audio/1.mp3", "https://x.example/show/audio/1.mp3"),
        ("/audio/one two.mp3", "https://x.example/audio/one%20two.mp3"),
        ("//cdn.example/1.mp3", "https://cdn.example/1.mp3"),
        ("HTTP://cdn.example/1.mp3", "HTTP://cdn.example/1.mp3"),
        ("javascript:alert(1)", None),
        ("data:audio/mpeg;base64,AA", None),
        ("file:///etc/passwd", None),
        ("ftp://x.example/1.mp3", None),
        ("http://[broken", None),
        ("http:///1.mp3", None),
        ("  ", None),
        (None, None),
    ],
)
def test_a_feed_on_the_web_names_only_web_addresses(address: str | None, absolute: str | None) -> None:
    """Relative ones are resolved; other schemes are not followed."""
    assert resolver("https://x.example/show/feed.xml", local=False)(address) == absolute


@pytest.mark.parametrize(
    ("address", "with_url", "without"),
    [
        ("audio/one two.mp3", "file:///home/u/audio/one%20two.mp3", "audio/one%20two.mp3"),
        ("https://x.example/1.mp3", "https://x.example/1.mp3", "https://x.example/1.mp3"),
        ("../secret.mp3", None, None),
        ("a/%2e%2e/%2e%2e/secret.mp3", None, None),
        ("..\\secret.mp3", None, None),
        ("/etc/passwd", None, None),
        ("//host/share.mp3", None, None),
        ("file:///etc/passwd", None, None),
        ("file:1.mp3", None, None),
    ],
)
def test_a_local_feed_names_only_files_in_its_own_folder(address: str, with_url: str | None, without: str | None) -> None:
    """A downloaded feed must not read what its author should not."""
    assert resolver("file:///home/u/feed.xml", local=True)(address) == with_url
    assert resolver(None, local=True)(address) == without
