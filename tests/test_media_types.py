"""What an address and a claimed type say about being audio."""

from __future__ import annotations

import pytest

from jobs.media_types import media_rank, suffix_of


@pytest.mark.parametrize(
    ("url", "media_type", "rank"),
    [
        ("https://x.example/a.mp3", "audio/mpeg", 0),
        ("https://x.example/a.MP3?x=.jpg", "image/jpeg", 0),
        ("https://x.example/play", "audio/mpeg; charset=x", 0),
        ("https://x.example/a.mp4", "video/mp4", 1),
        ("https://x.example/a.mp4", "audio/mp4", 0),
        ("https://x.example/play?id=1", None, 2),
        ("https://x.example/play", "application/octet-stream", 2),
        ("https://x.example/a.jpg", "audio/mpeg", None),
        ("https://x.example/a.jpg", "image/jpeg", None),
        ("https://x.example/a", "image/jpeg", None),
        ("https://x.example/a.pdf", None, None),
    ],
)
def test_audio_comes_before_video_before_unknown_and_images_are_out(url: str, media_type: str | None, rank: int | None) -> None:
    """A known ending counts more than the claimed type."""
    assert media_rank(url, media_type) == rank


def test_a_suffix_is_that_of_the_path() -> None:
    """Neither the host nor the query has one."""
    assert suffix_of("https://x.example") == suffix_of("https://x.example/a?b=c.mp3") == suffix_of("http://[broken") == ""
    assert suffix_of("https://x.example/a.tar.OGG#x") == "ogg"
